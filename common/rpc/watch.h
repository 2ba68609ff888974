// EventService: List and Watch over the log, written once for all services.
//
// One tail of the log per process fills one ring of parsed events; a watcher is a place in the ring,
// a filter and a caller, nothing more. It never slows a writer or another watcher: what it has not
// taken when the ring comes round, or what it does not take in time, ends it with RESOURCE_EXHAUSTED.
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
    // An idle watcher hears a bookmark at least this often; seconds, because idle watchers are looked at every second.
    absl::Duration bookmark = absl::Seconds(10);
    // A write that the transport has not taken for this long ends the watcher.
    absl::Duration write_timeout = absl::Seconds(10);
    // Commits of this process wake the tail at once; those of other replicas are seen this often.
    absl::Duration poll = absl::Milliseconds(250);
  };

  // `edge` says who calls, and counts; both outlive this object. Made before the first write.
  Watch(Database& db, RpcPipeline& edge, Options options);
  ~Watch();

  // The gRPC service; lives as long as this object.
  grpc::Service* service();
  // Begins at the end of the log.
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
