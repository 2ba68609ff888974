#include "common/process/health.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/log.h"
#include "common/process/listing.h"
#include "common/rpc/limits.h"
#include "common/rpc/reflection.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"

namespace mestring {
namespace {

constexpr absl::Duration kCheckEvery = absl::Seconds(5);

}  // namespace

absl::Status Health::Listen() {
  const std::string& address = parts_.config.health_listen;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
  std::vector<std::string> only_health;
  builder.SetOption(NewListing(&only_health));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.SetMaxReceiveMessageSize(kMetadataBytesMax);
  probes_ = builder.BuildAndStart();
  if (probes_ != nullptr && port_ != 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("cannot listen on ", address, " (MESTRING_HEALTH_LISTEN): is something else using it?"));
}

void Health::Start(grpc::Server& server) {
  server_ = &server;
  Say();
  worker_.Start();
}

void Health::Drain() {
  draining_ = true;
  worker_.Stop();
  Say();
}

void Health::Close() {
  if (probes_ != nullptr) probes_->Shutdown(absl::ToChronoTime(absl::Now()));
}

absl::StatusOr<absl::Duration> Health::Check() {
  if (const absl::Status ping = parts_.edge.db().Ping(); ping.ok()) {
    Look();
  } else {
    Log(Severity::kError, "database.unreachable", {{"error", ping.message()}});
  }
  Say();
  return kCheckEvery;
}

// Stops at the first read that does not reach the database, so that the next report comes after one timeout and not
// after all of them.
void Health::Look() {
  const Database& db = parts_.edge.db();
  Seen now;
  now.relay = parts_.relay.Status();
  for (const auto& [key, subscription] : parts_.subscriptions) {
    if (!db.healthy()) return;
    now.subscriptions.push_back(subscription->Status());
  }
  if (!db.healthy()) return;
  const absl::StatusOr<Timers::Counts> counts = parts_.timers.Count();
  if (!counts.ok()) return;
  now.timers_overdue = counts->overdue;
  MutexLock lock(mutex_);
  seen_ = std::move(now);
}

void Health::Say() {
  const bool serving = parts_.edge.db().healthy() && !draining_;
  ready_ = serving;
  for (grpc::Server* each : {server_, probes_.get()}) {
    if (each == nullptr) continue;
    grpc::HealthCheckServiceInterface* health = each->GetHealthCheckService();
    health->SetServingStatus("", serving);
    health->SetServingStatus("readiness", serving);
    // A process that can report is alive.
    health->SetServingStatus("liveness", true);
    for (const std::string& name : services_) {
      if (!IsOfGrpc(name)) health->SetServingStatus(name, serving);
    }
  }
}

}  // namespace mestring
