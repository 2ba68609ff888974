// Calls against a server, many at once or at a steady rate, and how fast they were answered.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"

namespace mestring {

// One kind of call: its RPC, who makes it, and the bytes of the n-th request (called from several threads).
struct RpcCall {
  std::string path;   // "/mestring.housing.v1.HousingService/EndStay"
  std::string token;  // empty: none is sent
  std::function<std::string(int64_t number)> request;
};

// The path of the one RPC that takes such requests.
std::string PathOfRequest(const google::protobuf::Descriptor& request);

template <class Request>
RpcCall CallOf(std::string token, std::function<Request(int64_t number)> make) {
  return {PathOfRequest(*Request::descriptor()), std::move(token),
          [make = std::move(make)](int64_t number) { return make(number).SerializeAsString(); }};
}

struct LoadResult {
  double per_second = 0;
  int64_t refused = 0;                    // because the server had too much to do already
  int64_t failed = 0;                     // for any other reason
  std::string error;                      // of the first of these
  std::vector<absl::Duration> latencies;  // of the others, sorted

  absl::Duration Percentile(double p) const;
};

// Who makes the calls that are in flight.
enum class Callers {
  kMany,  // each by a thread of its own that waits for its answer, as callers do who know nothing of each other
  kOne,   // all by one thread, as the event loop of a gateway does
};

// What calls one server. Thread-safe.
class Client {
 public:
  explicit Client(const std::string& address);

  // As many calls in flight at any moment as said: each answer starts the next call.
  LoadResult RunClosed(const RpcCall& call, int in_flight, absl::Duration duration, Callers callers = Callers::kMany);
  // A call every 1/per_second, whether the ones before have been answered or not.
  LoadResult RunAtRate(const RpcCall& call, double per_second, absl::Duration duration);
  // One call; the bytes of its response.
  absl::StatusOr<std::string> Once(const RpcCall& call);

 private:
  struct Slot;
  struct Tally;
  void Begin(Slot& slot, const RpcCall& call);

  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::atomic<int64_t> number_{0};
};

// `connections` of their own to an address, that no other channel of this process shares.
std::vector<std::shared_ptr<grpc::Channel>> Connect(const std::string& address, int connections);

}  // namespace mestring
