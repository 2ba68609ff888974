// The check runs once, at the end of a write, because an event may be published before the save that it is about. A
// hash by id keeps it at a few hundred nanoseconds a row, beside some microseconds for the row and the commit; so it is
// always on, in every test, story and fuzzer. Before, a test compared the database with the log: it saw only what the
// test did, needed a list of exceptions, and missed a change that another event of the same commit hid.
#include "common/store/moves.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/mutex.h"
#include "mestring/events/v1/moves.pb.h"

namespace mestring {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

const FieldDescriptor* IdField(const Descriptor& type) {
  const FieldDescriptor* id = type.FindFieldByName("id");
  return id != nullptr && id->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !id->is_repeated() ? id : nullptr;
}

const FieldDescriptor* VersionField(const Descriptor& type) {
  const FieldDescriptor* version = type.FindFieldByName("version");
  return version != nullptr && version->cpp_type() == FieldDescriptor::CPPTYPE_INT64 ? version : nullptr;
}

// A message of the event's package by its short name.
absl::StatusOr<const Descriptor*> ResourceNamed(const Descriptor& event, const std::string& name) {
  const Descriptor* found =
      event.file()->pool()->FindMessageTypeByName(absl::StrCat(event.file()->package(), ".", name));
  if (found == nullptr || IdField(*found) == nullptr || VersionField(*found) == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(event.full_name(), " says that it moves ", name, ", which is no resource of its package"));
  }
  return found;
}

absl::StatusOr<std::unique_ptr<const EventNames>> ReadNames(const Descriptor& event) {
  auto names = std::make_unique<EventNames>();
  for (int i = 0; i < event.options().ExtensionSize(events::v1::subject); ++i) {
    ASSIGN(names->subject.emplace_back(), ResourceNamed(event, event.options().GetExtension(events::v1::subject, i)));
  }
  for (int i = 0; i < event.field_count(); ++i) {
    const FieldDescriptor& field = *event.field(i);
    const std::string& moves = field.options().GetExtension(events::v1::moves);
    const std::string& may_move = field.options().GetExtension(events::v1::may_move);
    if (moves.empty() && may_move.empty()) continue;
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING || (!moves.empty() && !may_move.empty())) {
      return absl::FailedPreconditionError(absl::StrCat(field.full_name(), " cannot hold the id of what it moves"));
    }
    ASSIGN(const Descriptor* resource, ResourceNamed(event, moves.empty() ? may_move : moves));
    names->fields.push_back({&field, resource, !moves.empty()});
  }
  return names;
}

std::string NamesText(const std::vector<const Descriptor*>& types) {
  return absl::StrJoin(types, " or ", [](std::string* out, const Descriptor* type) { out->append(type->name()); });
}

}  // namespace

absl::StatusOr<const EventNames*> EventNamesOf(const Descriptor& event) {
  static Mutex mutex;
  static auto* const known ABSL_PT_GUARDED_BY(mutex) = new absl::flat_hash_map<const Descriptor*, const EventNames*>();
  {
    MutexLock lock(mutex);
    const auto found = known->find(&event);
    if (found != known->end()) return found->second;
  }
  ASSIGN(std::unique_ptr<const EventNames> names, ReadNames(event));
  MutexLock lock(mutex);
  const auto [place, is_new] = known->emplace(&event, names.get());
  if (is_new) names.release();
  return place->second;
}

void Moves::Saved(const Message& row, bool is_new) {
  const Descriptor& type = *row.GetDescriptor();
  const FieldDescriptor *id = IdField(type), *version = VersionField(type);
  if (id == nullptr || version == nullptr) return;
  Moved& moved = moved_[row.GetReflection()->GetString(row, id)];
  moved.resource = &type;
  moved.version = row.GetReflection()->GetInt64(row, version);
  moved.is_new = moved.is_new || is_new;
}

absl::Status Moves::Told(const Message& event, std::string_view subject, int64_t version) {
  const Descriptor& type = *event.GetDescriptor();
  ASSIGN(const EventNames* names, EventNamesOf(type));
  names_.push_back({.event = &type, .id = std::string(subject), .version = version, .names = names});
  const Reflection& reflection = *event.GetReflection();
  for (const EventNames::Field& field : names->fields) {
    const int size = field.field->is_repeated() ? reflection.FieldSize(event, field.field) : 1;
    for (int i = 0; i < size; ++i) {
      std::string id = field.field->is_repeated() ? reflection.GetRepeatedString(event, field.field, i)
                                                  : reflection.GetString(event, field.field);
      if (!id.empty()) names_.push_back({.event = &type, .id = std::move(id), .field = &field, .names = names});
    }
  }
  return absl::OkStatus();
}

absl::Status Moves::Apply(const Name& name) {
  const auto found = moved_.find(name.id);
  Moved* moved = found == moved_.end() ? nullptr : &found->second;
  if (name.field != nullptr) {
    if (moved != nullptr && moved->resource == name.field->resource) {
      moved->named = true;
      return absl::OkStatus();
    }
    return name.field->always
               ? absl::InternalError(absl::StrCat(name.event->full_name(), " says by ", name.field->field->name(),
                                                  " that ", name.field->resource->name(), " ", name.id,
                                                  " has a new version, and the write saved none"))
               : absl::OkStatus();
  }
  const std::vector<const Descriptor*>& subject = name.names->subject;
  if (moved == nullptr ? subject.empty()
                       : std::find(subject.begin(), subject.end(), moved->resource) != subject.end()) {
    if (moved != nullptr) moved->told_version = std::max(moved->told_version, name.version);
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat(
      name.event->full_name(), " is about ",
      moved == nullptr
          ? absl::StrCat("a ", NamesText(subject), " that the write did not save")
          : absl::StrCat("a ", moved->resource->name(), " and does not say so (mestring.events.v1.subject)"),
      ": ", name.id));
}

absl::Status Moves::Check(bool new_may_have_no_event) {
  const std::vector<Name> names = std::exchange(names_, {});
  for (const Name& name : names) TRY(Apply(name));
  for (const auto& [id, moved] : std::exchange(moved_, {})) {
    if (new_may_have_no_event && moved.is_new) continue;
    if (moved.told_version != 0 && moved.told_version != moved.version) {
      return absl::InternalError(absl::StrCat("the newest event about ", moved.resource->full_name(), " ", id,
                                              " has version ", moved.told_version, ", the write stored version ",
                                              moved.version, ": publish after the last save"));
    }
    if (moved.told_version == 0 && !moved.named) {
      return absl::InternalError(
          absl::StrCat("the write gave ", moved.resource->full_name(), " ", id, " version ", moved.version,
                       " and no event names it: publish one, or name it in one (mestring/events/v1/moves.proto)"));
    }
  }
  return absl::OkStatus();
}

}  // namespace mestring
