// The relay copies the log to the Redis stream, under the IDs <epoch>-<position>, and only ever
// appends what comes directly after what is there. (BUS.md, R1 to R7)
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/events/stream.h"
#include "common/store/database.h"
#include "mestring/events/v1/operations.pb.h"

namespace mestring {

class Relay {
 public:
  struct Options {
    RedisOptions redis;
    // Replaces the one of `redis`: no command of a relay waits, so a Redis that has not answered by then is paused or
    // unreachable.
    absl::Duration command_timeout = absl::Seconds(3);
    std::string key;
    // How long entries stay in Redis (privacy: even pseudonymous events are about health), and in the log.
    absl::Duration window = absl::Hours(24 * 7);
    absl::Duration retention = absl::Hours(24 * 90);
    std::string holder;  // a unique name of this process, for the lease
    absl::Duration lease = absl::Seconds(10);
    absl::Duration heartbeat = absl::Seconds(2);  // R6
    absl::Duration check = absl::Minutes(10);     // how often the relay looks for holes in the stream (R6a)
  };

  Relay(Database& db, Options options);
  ~Relay();

  // Takes the lease if it is free (on SQLite always: the process owns the file), begins a term, and starts the thread.
  // On SQLite no event is written before this. Never waits for Redis. Without Redis (an empty url) the relay still
  // holds the lease and begins epochs.
  absl::Status Start();
  // Finishes the current batch and gives the lease back.
  void Stop();

  bool leading() const;
  events::v1::RelayStatus Status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mestring
