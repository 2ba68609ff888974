#include "common/base/field_rules.h"

// Checks the shape of messages, which reflection reads from the contract.
//
// For each message type the options of its fields (field_rule.proto) become a plan once: a flat list of fields with
// their limits, and the plans of the messages below. A check walks a message along its plan in some microseconds, which
// is little beside a write. Reading the options for each request would cost more than the rest of the edge.
//
// Invariants: an answer never repeats a value that breaks a rule; it lists every violation; a message type gets its
// plan once. Code generated for each message would be a little faster, and one more thing to build, read and trust.

#include <algorithm>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/mutex.h"
#include "common/base/options.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"
#include "mestring/common/v1/field_rule.pb.h"

namespace mestring {
namespace {

using common::v1::FieldRule;
using common::v1::Format;
using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

// The limits of a field whose rule does not set them (field_rule.proto).
constexpr int kLengthDefault = 200;
constexpr int kItemsDefault = 100;
constexpr int kCodeLengthMax = 64;
constexpr int kTokenLengthMax = 512;
// The last second of the year 9999, as google.protobuf.Timestamp allows.
constexpr int64_t kTimestampSecondsMax = 253402300799;
constexpr int32_t kNanosMax = 999999999;

struct Plan;

struct FieldPlan {
  const FieldDescriptor* field;
  bool required = false;
  Format format = common::v1::FORMAT_UNSPECIFIED;
  int max_length = kLengthDefault;
  int max_items = kItemsDefault;
  int64_t min = 0;
  int64_t max = 0;
  bool forbid_person_ref = false;
  std::string code_list = {};
  const Plan* below = nullptr;  // of a message
  // This, or something below, is a person, an organisation or a code of a list: PersonsIn need not look elsewhere.
  bool leads_to_person = false;
  bool leads_to_organisation = false;
  bool leads_to_code = false;
};

struct Plan {
  bool is_timestamp = false;
  std::vector<FieldPlan> fields;
  std::vector<OneOf> exactly_one_of;
  std::vector<std::string> free_text;  // paths, what FreeTextFields says
};

FieldPlan PlanField(const FieldDescriptor& field) {
  FieldPlan plan{.field = &field};
  const FieldRule& rule = field.options().GetExtension(common::v1::rule);
  plan.required = rule.required();
  plan.format = rule.format();
  if (rule.max_length() > 0) plan.max_length = rule.max_length();
  if (rule.max_items() > 0) plan.max_items = rule.max_items();
  plan.min = rule.min();
  plan.max = rule.max();
  plan.forbid_person_ref = rule.forbid_person_ref();
  plan.code_list = rule.code_list();
  return plan;
}

absl::Status CheckRulesBelow(const Descriptor& type, std::set<const Descriptor*>* seen) {
  if (!seen->insert(&type).second) return absl::OkStatus();
  for (const OneOf& fields : OneOfsOf(type)) {
    if (fields.size() > 1 && std::find(fields.begin(), fields.end(), nullptr) == fields.end()) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        type.full_name(), " must name at least two of its own fields (mestring.common.v1.exactly_one_of)"));
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!Known(field.options()).GetExtension(common::v1::rule).code_list().empty() &&
        field.type() != FieldDescriptor::TYPE_STRING) {
      return absl::FailedPreconditionError(absl::StrCat(field.full_name(), " has a code_list and is no string"));
    }
    if (field.message_type() != nullptr) TRY(CheckRulesBelow(*field.message_type(), seen));
  }
  return absl::OkStatus();
}

// What is looked for in a message, by the rule of the field that holds it.
using Sought = bool (*)(const FieldRule&);
bool IsPerson(const FieldRule& rule) { return rule.format() == common::v1::FORMAT_PERSON_REF; }
bool IsOrganisation(const FieldRule& rule) { return rule.format() == common::v1::FORMAT_ORGANISATION; }
bool IsListedCode(const FieldRule& rule) { return !rule.code_list().empty(); }

bool LeadsTo(const FieldDescriptor& field, Sought sought, std::set<const Descriptor*>* seen);

bool LeadsTo(const Descriptor& type, Sought sought, std::set<const Descriptor*>* seen) {
  if (!seen->insert(&type).second) return false;
  for (int i = 0; i < type.field_count(); ++i) {
    if (LeadsTo(*type.field(i), sought, seen)) return true;
  }
  return false;
}

bool LeadsTo(const FieldDescriptor& field, Sought sought, std::set<const Descriptor*>* seen) {
  return sought(field.options().GetExtension(common::v1::rule)) ||
         (field.message_type() != nullptr && LeadsTo(*field.message_type(), sought, seen));
}

template <class Declared>
bool LeadsTo(const Declared& declared, Sought sought) {
  std::set<const Descriptor*> seen;
  return LeadsTo(declared, sought, &seen);
}

using Plans = std::unordered_map<const Descriptor*, std::unique_ptr<Plan>>;

// Adds the plan of `type` and of all below it to `plans`; messages may contain themselves.
const Plan* PlanFor(const Descriptor& type, Plans* plans) {
  auto [found, is_new] = plans->try_emplace(&type);
  if (!is_new) return found->second.get();
  found->second = std::make_unique<Plan>();
  Plan* plan = found->second.get();
  plan->free_text = FreeTextFields(type);
  plan->exactly_one_of = OneOfsOf(type);
  plan->is_timestamp = type.full_name() == google::protobuf::Timestamp::descriptor()->full_name();
  for (int i = 0; i < type.field_count(); ++i) {
    FieldPlan field = PlanField(*type.field(i));
    if (field.field->message_type() != nullptr) field.below = PlanFor(*field.field->message_type(), plans);
    field.leads_to_person = LeadsTo(*field.field, IsPerson);
    field.leads_to_organisation = LeadsTo(*field.field, IsOrganisation);
    field.leads_to_code = LeadsTo(*field.field, IsListedCode);
    plan->fields.push_back(field);
  }
  return plan;
}

// The plan of a compiled-in type, stored for the life of the process (there are as many as message types). A type made
// at run time may be destroyed: its plans live in `own`.
const Plan& PlanOf(const Descriptor& type, Plans* own) {
  if (type.file()->pool() != google::protobuf::DescriptorPool::generated_pool()) return *PlanFor(type, own);
  static Mutex mutex;
  static auto* const known ABSL_PT_GUARDED_BY(mutex) = new absl::flat_hash_map<const Descriptor*, const Plan*>();
  static auto* const plans ABSL_PT_GUARDED_BY(mutex) = new Plans();
  {
    MutexLock lock(mutex);
    auto found = known->find(&type);
    if (found != known->end()) return *found->second;
  }
  MutexLock lock(mutex);
  const Plan* plan = PlanFor(type, plans);
  (*known)[&type] = plan;
  return *plan;
}

int CharactersIn(std::string_view utf8) {
  return static_cast<int>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// C0, DEL and C1 (in UTF-8 the latter are C2 80 to C2 9F).
bool HoldsControls(std::string_view text, bool newlines_allowed) {
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = text[i];
    if (c == '\n' && newlines_allowed) continue;
    if (c < 0x20 || c == 0x7F) return true;
    if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

bool IsCode(std::string_view text) {
  return !text.empty() && text.size() <= kCodeLengthMax && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
  });
}

// The problem of a string that is set; "" if there is none.
std::string StringProblem(const FieldPlan& plan, std::string_view text) {
  switch (plan.format) {
    // A value of these formats cannot be a national identity number. They come first, because the digits of a UUID may
    // look like one by chance and must not make its resource unreachable.
    case common::v1::FORMAT_UUID:
    case common::v1::FORMAT_PERSON_REF:
      return IsUuid(text) ? "" : "must be a UUID in lower case";
    case common::v1::FORMAT_DATE:
      return ParseDate(text).ok() ? "" : "must be a date such as 2026-11-23";
    case common::v1::FORMAT_CURSOR:
      return ParseCursor(text).ok() ? "" : "must be a cursor such as 1795417200-17";
    default:
      break;
  }
  if (HoldsNationalId(text)) return "must not hold a national identity number";
  // (The length of a text is looked at below; this takes one pass, and requests are bounded.)
  if (plan.forbid_person_ref && HoldsUuid(text)) return "must not hold a reference to a person";
  switch (plan.format) {
    case common::v1::FORMAT_CODE:
    case common::v1::FORMAT_ORGANISATION:
      return IsCode(text) ? "" : "must be a code: letters, digits, \"_\", \"-\" and \".\", at most 64";
    case common::v1::FORMAT_TOKEN:
      // Web-safe base64: this service returns tokens in no other form (PageToken in records.h).
      return text.size() <= kTokenLengthMax &&
                     std::all_of(text.begin(), text.end(),
                                 [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '='; })
                 ? ""
                 : "must be a page token that this service returned";
    default:
      break;
  }
  // Count bytes first: that limits the work on a text that is far too long.
  if (text.size() > static_cast<size_t>(plan.max_length) && CharactersIn(text) > plan.max_length) {
    return absl::StrCat("must have at most ", plan.max_length, " characters");
  }
  if (HoldsControls(text, plan.format == common::v1::FORMAT_TEXT)) return "must not hold control characters";
  return "";
}

template <class Number>
std::string NumberProblem(const FieldPlan& plan, Number number) {
  // Written so that NaN is refused too.
  if (!(number >= static_cast<Number>(plan.min))) return absl::StrCat("must be at least ", plan.min);
  if (plan.max != 0 && !(number <= static_cast<Number>(plan.max))) return absl::StrCat("must be at most ", plan.max);
  return "";
}

std::string UnsignedProblem(const FieldPlan& plan, uint64_t number) {
  if (plan.min > 0 && number < static_cast<uint64_t>(plan.min)) return absl::StrCat("must be at least ", plan.min);
  if (plan.max != 0 && number > static_cast<uint64_t>(plan.max)) return absl::StrCat("must be at most ", plan.max);
  return "";
}

// Walks a message along its plan and collects the violations.
class Check {
 public:
  std::vector<Violation> violations;

  void Walk(const Message& message, const Plan& plan, const std::string& prefix) {
    if (plan.is_timestamp) return WalkTimestamp(message, prefix);
    const Reflection& reflection = *message.GetReflection();
    for (const FieldPlan& field : plan.fields) {
      if (field.field->is_repeated()) {
        WalkList(message, reflection, field, prefix);
      } else {
        WalkSingle(message, reflection, field, prefix);
      }
    }
    for (const OneOf& fields : plan.exactly_one_of) WalkOneOf(message, reflection, fields, prefix);
  }

 private:
  void Add(const std::string& prefix, const FieldPlan& field, int index, std::string problem) {
    if (problem.empty()) return;
    std::string path = absl::StrCat(prefix, field.field->name());
    if (index >= 0) absl::StrAppend(&path, "[", index, "]");
    violations.push_back({std::move(path), std::move(problem)});
  }

  // Reports the first of the fields, because a violation names one.
  void WalkOneOf(const Message& message, const Reflection& reflection, const OneOf& fields, const std::string& prefix) {
    const auto set = std::count_if(fields.begin(), fields.end(), [&](const FieldDescriptor* field) {
      return field->is_repeated() ? reflection.FieldSize(message, field) > 0 : reflection.HasField(message, field);
    });
    if (set == 1) return;
    const auto name = [](std::string* out, const FieldDescriptor* field) { absl::StrAppend(out, field->name()); };
    violations.push_back({absl::StrCat(prefix, fields[0]->name()),
                          absl::StrCat("exactly one of ", absl::StrJoin(fields.begin(), fields.end() - 1, ", ", name),
                                       " and ", fields.back()->name(), " must be set")});
  }

  void WalkSingle(const Message& message, const Reflection& reflection, const FieldPlan& field,
                  const std::string& prefix) {
    const FieldDescriptor* descriptor = field.field;
    const bool present = descriptor->has_presence() ? reflection.HasField(message, descriptor) : true;
    if (!present) {
      if (field.required) Add(prefix, field, -1, "must be set");
      return;
    }
    switch (descriptor->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Walk(reflection.GetMessage(message, descriptor), *field.below, absl::StrCat(prefix, descriptor->name(), "."));
        return;
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        const std::string& text = reflection.GetStringReference(message, descriptor, &scratch);
        if (!text.empty()) return Add(prefix, field, -1, TextProblem(field, text));
        if (field.required) Add(prefix, field, -1, "must be set");
        return;
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        if (field.required && reflection.GetEnumValue(message, descriptor) == 0) {
          return Add(prefix, field, -1, "must be set");
        }
        return Add(prefix, field, -1, EnumProblem(field, reflection.GetEnumValue(message, descriptor)));
      default:
        return Add(prefix, field, -1, ScalarProblem(message, reflection, field));
    }
  }

  void WalkList(const Message& message, const Reflection& reflection, const FieldPlan& field,
                const std::string& prefix) {
    const FieldDescriptor* descriptor = field.field;
    const int size = reflection.FieldSize(message, descriptor);
    if (size == 0) {
      if (field.required) Add(prefix, field, -1, "must not be empty");
      return;
    }
    if (size > field.max_items) {
      return Add(prefix, field, -1, absl::StrCat("must have at most ", field.max_items, " elements"));
    }
    for (int i = 0; i < size; ++i) {
      switch (descriptor->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
          Walk(reflection.GetRepeatedMessage(message, descriptor, i), *field.below,
               absl::StrCat(prefix, descriptor->name(), "[", i, "]."));
          break;
        case FieldDescriptor::CPPTYPE_STRING: {
          std::string scratch;
          const std::string& text = reflection.GetRepeatedStringReference(message, descriptor, i, &scratch);
          Add(prefix, field, i, text.empty() ? "must not be empty" : TextProblem(field, text));
          break;
        }
        case FieldDescriptor::CPPTYPE_ENUM:
          Add(prefix, field, i, EnumProblem(field, reflection.GetRepeatedEnumValue(message, descriptor, i)));
          break;
        default:
          Add(prefix, field, i, RepeatedScalarProblem(message, reflection, field, i));
      }
    }
  }

  void WalkTimestamp(const Message& message, const std::string& prefix) {
    const Reflection& reflection = *message.GetReflection();
    const Descriptor& type = *message.GetDescriptor();
    const int64_t seconds = reflection.GetInt64(message, type.FindFieldByNumber(1));
    const int32_t nanos = reflection.GetInt32(message, type.FindFieldByNumber(2));
    if (seconds >= 0 && seconds <= kTimestampSecondsMax && nanos >= 0 && nanos <= kNanosMax) return;
    // `prefix` ends with the dot of the field that holds this message.
    violations.push_back({prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1), "must be a time since 1970"});
  }

  static std::string TextProblem(const FieldPlan& field, const std::string& text) {
    if (field.field->type() != FieldDescriptor::TYPE_BYTES) return StringProblem(field, text);
    return text.size() > static_cast<size_t>(field.max_length)
               ? absl::StrCat("must have at most ", field.max_length, " bytes")
               : "";
  }

  static std::string EnumProblem(const FieldPlan& field, int number) {
    return field.field->enum_type()->FindValueByNumber(number) == nullptr ? "must be a value that the contract declares"
                                                                          : "";
  }

  static std::string ScalarProblem(const Message& message, const Reflection& reflection, const FieldPlan& field) {
    const FieldDescriptor* descriptor = field.field;
    switch (descriptor->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return NumberProblem<int64_t>(field, reflection.GetInt32(message, descriptor));
      case FieldDescriptor::CPPTYPE_INT64:
        return NumberProblem(field, reflection.GetInt64(message, descriptor));
      case FieldDescriptor::CPPTYPE_UINT32:
        return UnsignedProblem(field, reflection.GetUInt32(message, descriptor));
      case FieldDescriptor::CPPTYPE_UINT64:
        return UnsignedProblem(field, reflection.GetUInt64(message, descriptor));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return NumberProblem<double>(field, reflection.GetFloat(message, descriptor));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return NumberProblem(field, reflection.GetDouble(message, descriptor));
      default:
        return "";
    }
  }

  static std::string RepeatedScalarProblem(const Message& message, const Reflection& reflection, const FieldPlan& field,
                                           int i) {
    const FieldDescriptor* descriptor = field.field;
    switch (descriptor->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return NumberProblem<int64_t>(field, reflection.GetRepeatedInt32(message, descriptor, i));
      case FieldDescriptor::CPPTYPE_INT64:
        return NumberProblem(field, reflection.GetRepeatedInt64(message, descriptor, i));
      case FieldDescriptor::CPPTYPE_UINT32:
        return UnsignedProblem(field, reflection.GetRepeatedUInt32(message, descriptor, i));
      case FieldDescriptor::CPPTYPE_UINT64:
        return UnsignedProblem(field, reflection.GetRepeatedUInt64(message, descriptor, i));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return NumberProblem<double>(field, reflection.GetRepeatedFloat(message, descriptor, i));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return NumberProblem(field, reflection.GetRepeatedDouble(message, descriptor, i));
      default:
        return "";
    }
  }
};

void CollectFreeText(const Descriptor& type, const std::string& prefix, std::set<const Descriptor*>* above,
                     std::vector<std::string>* paths) {
  if (!above->insert(&type).second) return;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string path = absl::StrCat(prefix, field.name());
    if (field.message_type() != nullptr) {
      CollectFreeText(*field.message_type(), path + ".", above, paths);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      const Format format = field.options().GetExtension(common::v1::rule).format();
      if (format == common::v1::FORMAT_UNSPECIFIED || format == common::v1::FORMAT_TEXT) paths->push_back(path);
    }
  }
  above->erase(&type);
}

// Calls `take` with every non-empty text that the plan leads to.
template <class Take>
void Collect(const Message& message, const Plan& plan, bool FieldPlan::*leads_there, const Take& take) {
  const Reflection& reflection = *message.GetReflection();
  for (const FieldPlan& field : plan.fields) {
    if (!(field.*leads_there)) continue;
    const FieldDescriptor* descriptor = field.field;
    const int size = descriptor->is_repeated()                  ? reflection.FieldSize(message, descriptor)
                     : !descriptor->has_presence()              ? 1
                     : reflection.HasField(message, descriptor) ? 1
                                                                : 0;
    for (int i = 0; i < size; ++i) {
      if (field.below != nullptr) {
        Collect(descriptor->is_repeated() ? reflection.GetRepeatedMessage(message, descriptor, i)
                                          : reflection.GetMessage(message, descriptor),
                *field.below, leads_there, take);
      } else {
        std::string text = descriptor->is_repeated() ? reflection.GetRepeatedString(message, descriptor, i)
                                                     : reflection.GetString(message, descriptor);
        if (!text.empty()) take(field, std::move(text));
      }
    }
  }
}

std::vector<std::string> ValuesIn(const Message& message, bool FieldPlan::*leads_there) {
  Plans own;
  std::vector<std::string> values;
  Collect(message, PlanOf(*message.GetDescriptor(), &own), leads_there,
          [&](const FieldPlan&, std::string value) { values.push_back(std::move(value)); });
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

}  // namespace

absl::Status CheckFields(const Message& request) {
  Plans own;
  Check check;
  check.Walk(request, PlanOf(*request.GetDescriptor(), &own), "");
  return check.violations.empty() ? absl::OkStatus() : InvalidArgument(check.violations);
}

std::vector<OneOf> OneOfsOf(const Descriptor& type) {
  std::vector<OneOf> all;
  const auto options = Known(type.options());
  for (const std::string& names : options.GetRepeatedExtension(common::v1::exactly_one_of)) {
    OneOf fields;
    for (const std::string& name : std::vector<std::string>(absl::StrSplit(names, ", "))) {
      fields.push_back(type.FindFieldByName(name));
    }
    all.push_back(std::move(fields));
  }
  return all;
}

absl::Status CheckRules(const Descriptor& type) {
  std::set<const Descriptor*> seen;
  return CheckRulesBelow(type, &seen);
}

absl::Status CheckEvent(const Message& event) {
  Plans own;
  const Plan& plan = PlanOf(*event.GetDescriptor(), &own);
  Check check;
  check.Walk(event, plan, "");
  for (const std::string& path : plan.free_text) check.violations.push_back({path, "an event must not hold free text"});
  return check.violations.empty() ? absl::OkStatus() : InvalidArgument(check.violations);
}

std::vector<std::string> FreeTextFields(const Descriptor& event) {
  std::vector<std::string> paths;
  std::set<const Descriptor*> above;
  CollectFreeText(event, "", &above, &paths);
  return paths;
}

std::vector<std::string> PersonsIn(const Message& message) { return ValuesIn(message, &FieldPlan::leads_to_person); }

std::vector<std::string> OrganisationsIn(const Message& message) {
  return ValuesIn(message, &FieldPlan::leads_to_organisation);
}

std::vector<ListedCode> ListedCodesIn(const Message& message) {
  Plans own;
  std::vector<ListedCode> codes;
  Collect(message, PlanOf(*message.GetDescriptor(), &own), &FieldPlan::leads_to_code,
          [&](const FieldPlan& field, std::string code) {
            codes.push_back({field.code_list, std::move(code)});
          });
  return codes;
}

bool NamesSomebody(const Descriptor& type) { return LeadsTo(type, IsPerson) || LeadsTo(type, IsOrganisation); }

}  // namespace mestring
