// A service as the program that runs in life, on the database of a town: to be killed, and to be one of several
// replicas. Its clock goes on where the town's began.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/town.h"

namespace mestring {

class ProcessOfAnyService {
 public:
  // `town` has made the content; on SQLite its own server must be stopped before Start. `redis_url` may be empty.
  ProcessOfAnyService(TownOfAnyService& town, std::string redis_url);

  // Starts the program, killed before if it runs, and returns when it serves or has ended. `fault` is as
  // FAULT_POINT of common/base/fault.h, or empty.
  void Start(const std::string& fault = "");
  // As of Process.
  bool Kill() { return process_.Kill(); }
  bool Running() { return process_.Running(); }

  // Survives a restart; a call then waits until it is over.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  // What it wrote since the last Start.
  std::string Said() const;

 protected:
  TownOfAnyService& town_;

 private:
  const std::string redis_url_;
  TempFolder folder_;
  const int port_ = FreePort();
  const std::shared_ptr<grpc::Channel> channel_;
  Process process_;
  int starts_ = 0;
};

// Of the service whose generated class is Service: ServiceProcess<pb::HousingService>.
template <class Service>
class ServiceProcess : public ProcessOfAnyService {
 public:
  using Stub = typename Service::Stub;

  ServiceProcess(TownOfAnyService& town, std::string redis_url)
      : ProcessOfAnyService(town, std::move(redis_url)), stub_(Service::NewStub(channel())) {}

  // As RunningTown::Call.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Who& who, Request request) {
    return town_.CallOn(stub(), method, who, std::move(request));
  }
  template <class Event>
  std::vector<Event> EventsOf() {
    return OfType<Event>(AllEvents(channel(), town_.service()));
  }
  Stub& stub() { return *stub_; }

 private:
  const std::unique_ptr<Stub> stub_;
};

// Two of them on the PostgreSQL database of a town whose own server is stopped, as two replicas in life.
template <class Service>
class TwoReplicas {
 public:
  explicit TwoReplicas(TownOfAnyService& town) : first_(town, ""), second_(town, "") {
    town.service().Stop();
    first_.Start();
    second_.Start();
  }
  // The one that caller `i` speaks to: they take turns.
  ServiceProcess<Service>& For(int i) { return i % 2 == 0 ? first_ : second_; }
  bool BothRun() { return first_.Running() && second_.Running(); }

 private:
  ServiceProcess<Service> first_, second_;
};

}  // namespace mestring
