// Whether the service is ready: for grpc.health.v1 on the service's port and on a plain port for probes, and for the
// pages and metrics of the process. Ready means that the database answers and the process is not stopping.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "common/base/worker.h"
#include "common/process/operations.h"
#include "grpcpp/server.h"
#include "mestring/events/v1/operations.pb.h"

namespace mestring {

class Health {
 public:
  // The state of the parts when it was last read, every few seconds. A scrape does not read the database, because it
  // must answer most of all when the database hangs.
  struct Seen {
    events::v1::RelayStatus relay;
    std::vector<events::v1::SubscriptionStatus> subscriptions;
    int64_t timers_overdue = 0;
  };

  // `services`: the names of the services of the server that is passed to Start; complete by then.
  Health(const ServiceParts& parts, const std::vector<std::string>& services) : parts_(parts), services_(services) {}

  // Opens the plain port for probes (MESTRING_HEALTH_LISTEN).
  absl::Status Listen();
  // Reports the state on both ports now, and again every few seconds.
  void Start(grpc::Server& server);
  // From now on the service is not ready.
  void Drain();
  // Closes the port for probes.
  void Close();

  bool ready() const { return ready_; }
  int port() const { return port_; }
  Seen seen() const {
    MutexLock lock(mutex_);
    return seen_;
  }

 private:
  absl::StatusOr<absl::Duration> Check();
  void Look();
  void Say();

  const ServiceParts parts_;
  const std::vector<std::string>& services_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> probes_;
  grpc::Server* server_ = nullptr;
  std::atomic<bool> ready_{false}, draining_{false};
  mutable Mutex mutex_;
  Seen seen_ ABSL_GUARDED_BY(mutex_);
  Worker worker_{[this] { return Check(); }};  // goes first
};

}  // namespace mestring
