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
    // Instead of that of `redis`: a relay has nothing to wait for there, so what has not answered by then is paused or
    // unreachable.
    absl::Duration command_timeout = absl::Seconds(3);
    std::string key;
    // How long entries stay in Redis (privacy: even pseudonymous events are about health), and in the log.
    absl::Duration window = absl::Hours(24 * 7);
    absl::Duration retention = absl::Hours(24 * 90);
    std::string holder;  // this process, unique: for the lease
    absl::Duration lease = absl::Seconds(10);
    absl::Duration heartbeat = absl::Seconds(2);  // R6
    absl::Duration check = absl::Minutes(10);     // how often the stream's middle and front are looked at (R6a)
  };

  Relay(Database& db, Options options);
  ~Relay();

  // Takes the lease if it is free (on SQLite always: the process owns the file), begins a term, and
  // starts the thread. On SQLite no event is written before this. Never waits for Redis. Also without
  // Redis (an empty url) the lease and the epoch are kept.
  absl::Status Start();
  // Finishes the batch under way and gives the lease back.
  void Stop();

  bool leading() const;
  events::v1::RelayStatus Status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mestring
