// EventService: List and Watch over the log, for all services.
//
// One tail of the log for each process fills one ring of parsed events; a watcher is only a place in the ring, a filter
// and a caller. It never slows a writer or another watcher. A watcher ends with RESOURCE_EXHAUSTED if the ring
// overtakes it, or if it does not take a message in time.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/pipeline.h"
#include "common/store/database.h"
#include "grpcpp/impl/service_type.h"

namespace mestring {

class Watch {
 public:
  struct Options {
    // Events in the ring: a minute at 1,000 a second.
    int ring_size = 65536;
    int watchers_max = 10000;
    // An idle watcher gets a bookmark at least this often; whole seconds, because idle watchers are checked once a
    // second.
    absl::Duration bookmark = absl::Seconds(10);
    // The watcher ends if the transport does not take a message for this long.
    absl::Duration write_timeout = absl::Seconds(10);
    // How often to look for commits of other replicas; commits of this process wake the tail at once.
    absl::Duration poll = absl::Milliseconds(250);
  };

  // `edge` verifies callers and counts calls; it and `db` outlive this object. Make it before the first write.
  Watch(Database& db, RpcPipeline& edge, Options options);
  ~Watch();

  // The gRPC service; lives as long as this object.
  grpc::Service* service();
  // Starts the threads; the ring begins at the end of the log.
  absl::Status Start();
  // Ends every watch with UNAVAILABLE (reason DRAINING) and refuses new ones.
  void Drain();
  int watchers() const;

 private:
  class Hub;
  class Edges;
  std::unique_ptr<Hub> hub_;
};

}  // namespace mestring
