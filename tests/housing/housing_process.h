// The housing service as the program that runs in life, on the database of a Town: to be killed, and to be
// one of several replicas. Its clock goes on where the town's began.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/housing/town.h"
#include "tests/support/process.h"

namespace mestring::housing {

class HousingProcess {
 public:
  // `town` has made the content; on SQLite its own server must be stopped before Start.
  HousingProcess(Town& town, std::string redis_url);

  // Starts the program, killed before if it runs, and returns when it serves or has ended. `fault` is as
  // FAULT_POINT of common/fault.h, or empty.
  void Start(const std::string& fault = "");
  void Kill() { process_.Kill(); }
  bool Running() { return process_.Running(); }

  // Survives a restart; a call then waits until it is over.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  Town::Stub& stub() { return *stub_; }
  // What it wrote since the last Start.
  std::string Said() const;

 private:
  Town& town_;
  const std::string redis_url_;
  TempFolder folder_;
  const int port_ = FreePort();
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<Town::Stub> stub_;
  Process process_;
  int starts_ = 0;
};

}  // namespace mestring::housing
