// The resources to which a write gave a new version, and whether its events name them.
//
// An event says in the contract (mestring/events/v1/moves.proto) which resource it is about, and which of its fields
// name others that have a new version by it. If a version changed without an event, every list that is kept up by
// watching would be wrong and nobody would notice; so the write fails instead, in the first test that does it.
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

// The resources that an event names: its subject, and the fields marked `moves` or `may_move`.
struct EventNames {
  struct Field {
    const google::protobuf::FieldDescriptor* field;
    const google::protobuf::Descriptor* resource;
    bool always;  // `moves`, not `may_move`
  };
  std::vector<const google::protobuf::Descriptor*> subject;
  std::vector<Field> fields;
};

// Reads them from the contract. FAILED_PRECONDITION if it names a message that its package does not have, or
// one without id and version, or if the option is on a field that holds no id. `event` must be a compiled-in type: the
// result is stored for ever. Thread-safe.
absl::StatusOr<const EventNames*> EventNamesOf(const google::protobuf::Descriptor& event);

// The moves of one write. Not thread-safe.
class Moves {
 public:
  // Notes that a row was inserted or saved, with its present content. Messages without an id and a version are no
  // resources.
  void Saved(const google::protobuf::Message& row, bool is_new);
  // Notes that an event was published. Errors as EventNamesOf.
  absl::Status Told(const google::protobuf::Message& event, std::string_view subject, int64_t version);

  // INTERNAL, with a text for the programmer, unless events since the last check name every resource that has moved
  // since, and everything that they name has moved. With `new_may_have_no_event` new resources need no event.
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
