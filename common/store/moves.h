// What a write has moved: which resources it gave a new version, and whether its events say so.
//
// An event says in the contract (mestring/events/v1/moves.proto) which resource it is about and which of its fields
// name others that have a new version by it. A resource whose version moves in silence makes a list that is kept up
// by watching wrong, without anybody noticing; so the write fails instead, in the first test that does it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace mestring {

// What the contract says of an event.
struct EventNames {
  struct Field {
    const google::protobuf::FieldDescriptor* field;
    const google::protobuf::Descriptor* resource;
    bool always;  // `moves`, not `may_move`
  };
  std::vector<const google::protobuf::Descriptor*> subject;
  std::vector<Field> fields;
};

// FAILED_PRECONDITION if the event names a message that its package does not have, or one without id and version, or
// stands on a field that holds no id. `event` is a compiled-in type: what is found is kept for good. Thread-safe.
absl::StatusOr<const EventNames*> EventNamesOf(const google::protobuf::Descriptor& event);

// Of one write. Not thread-safe.
class Moves {
 public:
  // A row was inserted or saved, as it stands now. Messages without an id and a version are no resources.
  void Saved(const google::protobuf::Message& row, bool is_new);
  // An event was published. Errors as EventNamesOf.
  absl::Status Told(const google::protobuf::Message& event, std::string_view subject, int64_t version);

  // INTERNAL, with a text for the programmer, unless every resource that has moved since the last check is named by
  // an event since then, and everything that those events name has moved. With `new_may_have_no_event` what is new need
  // not be named.
  absl::Status Check(bool new_may_have_no_event = false);

 private:
  struct Moved {
    const google::protobuf::Descriptor* resource;
    int64_t version;
    bool is_new = false, named = false;
    int64_t told_version = 0;  // of the newest event that is about it
  };
  struct Name {
    const google::protobuf::Descriptor* event;
    std::string id;
    int64_t version = 0;                       // of a subject
    const EventNames::Field* field = nullptr;  // of another
    const EventNames* names = nullptr;
  };

  absl::Status Apply(const Name& name);

  absl::flat_hash_map<std::string, Moved> moved_;  // by id: no two resources of a service share one
  std::vector<Name> names_;
};

}  // namespace mestring
