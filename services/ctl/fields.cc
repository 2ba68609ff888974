// Fields by their path.
//
// Invariants: what At (story.h) would find nothing for, because the contract has no such field, is an error here.
// A field that the contract has and this response does not is no error: the next response may have it.
#include "services/ctl/fields.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "services/ctl/failure.h"
#include "services/ctl/table.h"

namespace mestring::ctl {
namespace {

namespace pb = google::protobuf;

// The message behind a field; null for a value, and for what is a string in JSON (google.protobuf.Timestamp).
const pb::Descriptor* Inside(const pb::FieldDescriptor& field) {
  const pb::Descriptor* type = field.message_type();
  return type == nullptr || field.is_map() || absl::StartsWith(type->full_name(), "google.protobuf.") ? nullptr : type;
}

template <class Wanted>
std::string FieldNames(const pb::Descriptor& type, Wanted wanted) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) {
    if (wanted(*type.field(i))) names.push_back(type.field(i)->name());
  }
  return names.empty() ? "none" : absl::StrJoin(names, ", ");
}

std::string FieldNames(const pb::Descriptor& type) {
  return FieldNames(type, [](const pb::FieldDescriptor&) { return true; });
}

bool IsList(const pb::FieldDescriptor& field) { return field.is_repeated() && Inside(field) != nullptr; }

struct Place {
  const pb::FieldDescriptor* field = nullptr;
  bool list = false;  // the whole list, not one of it
};

absl::StatusOr<Place> Walk(const pb::Descriptor& type, std::string_view path) {
  const pb::Descriptor* in = &type;
  Place at;
  for (std::string_view part : absl::StrSplit(path, '.')) {
    const size_t bracket = part.find('[');
    if (at.list && !part.empty() && std::all_of(part.begin(), part.end(), absl::ascii_isdigit)) {
      at.list = false;
      continue;
    }
    if (at.list) {
      return Usage(absl::StrCat(at.field->name(), " is a list: say which of it, such as ", at.field->name(), ".0."));
    }
    if (at.field != nullptr) in = Inside(*at.field);
    if (in == nullptr) return Usage(absl::StrCat(at.field->name(), " is a value; it has no field ", part, "."));
    at.field = in->FindFieldByName(std::string(part.substr(0, bracket)));
    if (at.field == nullptr) {
      return Usage(absl::StrCat(in->name(), " has no field \"", part, "\"; its fields: ", FieldNames(*in), "."));
    }
    at.list = at.field->is_repeated() && bracket == std::string_view::npos;
  }
  return at;
}

}  // namespace

absl::Status CheckText(const pb::Descriptor& response, std::string_view path) {
  ASSIGN(const Place at, Walk(response, path));
  if (!at.list && at.field->type() == pb::FieldDescriptor::TYPE_STRING) return absl::OkStatus();
  return Usage(absl::StrCat(path, " of ", response.name(), " is no text."));
}

absl::Status CheckTable(const pb::Descriptor& response, std::string_view layout) {
  const auto [list, columns] = SplitLayout(layout);
  ASSIGN(const Place at, Walk(response, list));
  if (!at.list || Inside(*at.field) == nullptr) {
    return Usage(absl::StrCat(list, " of ", response.name(),
                              " is no list of rows; its lists: ", FieldNames(response, IsList), "."));
  }
  if (columns.empty()) {
    return Usage(absl::StrCat("--table wants LIST:FIELD,FIELD; the fields of ", list, ": ",
                              FieldNames(*at.field->message_type()), "."));
  }
  for (const std::string& column : columns) TRY(Walk(*at.field->message_type(), column).status());
  return absl::OkStatus();
}

std::vector<std::string> TextPaths(const pb::Descriptor& response) {
  std::vector<std::string> paths;
  for (int i = 0; i < response.field_count(); ++i) {
    const pb::FieldDescriptor& field = *response.field(i);
    if (field.is_repeated()) continue;
    if (field.type() == pb::FieldDescriptor::TYPE_STRING) paths.push_back(field.name());
    const pb::Descriptor* inside = Inside(field);
    for (int j = 0; inside != nullptr && j < inside->field_count(); ++j) {
      const pb::FieldDescriptor& below = *inside->field(j);
      if (below.type() == pb::FieldDescriptor::TYPE_STRING && !below.is_repeated()) {
        paths.push_back(absl::StrCat(field.name(), ".", below.name()));
      }
    }
  }
  return paths;
}

std::vector<std::string> TableLayouts(const pb::Descriptor& response, std::string_view begun) {
  std::vector<std::string> layouts;
  const size_t colon = begun.find(':');
  if (colon == std::string_view::npos) {
    for (int i = 0; i < response.field_count(); ++i) {
      if (IsList(*response.field(i))) layouts.push_back(absl::StrCat(response.field(i)->name(), ":"));
    }
    return layouts;
  }
  const absl::StatusOr<Place> at = Walk(response, begun.substr(0, colon));
  if (!at.ok() || !IsList(*at->field)) return layouts;
  const std::string_view before = begun.substr(0, begun.find_last_of(":,") + 1);
  const pb::Descriptor& element = *at->field->message_type();
  for (int i = 0; i < element.field_count(); ++i) layouts.push_back(absl::StrCat(before, element.field(i)->name()));
  return layouts;
}

}  // namespace mestring::ctl
