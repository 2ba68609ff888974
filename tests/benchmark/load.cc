// The client of the benchmarks. It shares the machine's cores with the server that it measures, so what
// counts is that it costs little and costs the same for all servers: requests and responses are bytes to
// it, because generated stubs would add the parsing of responses, which differ between the RPCs that are
// compared.
//
// How the callers wait matters more than anything else here. One thread with 64 calls in flight gets many
// answers with each look at its queue, and so does an empty server with requests: the two hand batches to
// each other and reach twice the rate that 64 threads do who wait for an answer each. Nobody else gains from
// that, least of all calls that must wait for a disk. Both are measured; the targets are for callers who
// wait each for themselves.
#include "tests/benchmark/load.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/mutex.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/byte_buffer.h"
#include "tests/support/contract_checks.h"

namespace mestring {
namespace {

// As a few gateways would have. One connection is one lock in gRPC's transport.
constexpr int kConnections = 4;
// Longer than any call of a benchmark takes.
constexpr absl::Duration kDeadline = absl::Seconds(20);

std::string BytesOf(grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

}  // namespace

std::string PathOfRequest(const google::protobuf::Descriptor& request) {
  for (int i = 0; i < request.file()->service_count(); ++i) {
    const auto& service = *request.file()->service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      if (service.method(j)->input_type() == &request) return PathOf(*service.method(j));
    }
  }
  return "";
}

absl::Duration LoadResult::Percentile(double p) const {
  return latencies.empty() ? absl::ZeroDuration() : latencies[static_cast<size_t>(p * (latencies.size() - 1))];
}

// A call under way.
struct Client::Slot {
  std::unique_ptr<grpc::GenericStub> stub;
  grpc::CompletionQueue* queue = nullptr;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
  absl::Time begun;
};

// What one thread has seen.
struct Client::Tally {
  int64_t refused = 0, failed = 0;
  std::string error;
  std::vector<absl::Duration> latencies;

  void Add(const Slot& slot) {
    if (slot.status.ok()) {
      latencies.push_back(absl::Now() - slot.begun);
    } else if (slot.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      ++refused;
    } else if (failed++ == 0) {
      error = FromWire(slot.status).ToString();
    }
  }
  void MoveInto(LoadResult* result) {
    result->refused += refused;
    result->failed += failed;
    if (result->error.empty()) result->error = error;
    result->latencies.insert(result->latencies.end(), latencies.begin(), latencies.end());
  }
};

std::vector<std::shared_ptr<grpc::Channel>> Connect(const std::string& address, int connections) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < connections; ++i) {
    channels.push_back(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }
  return channels;
}

Client::Client(const std::string& address) : channels_(Connect(address, kConnections)) {}

void Client::Begin(Slot& slot, const RpcCall& call) {
  slot.context = std::make_unique<grpc::ClientContext>();
  slot.context->set_deadline(absl::ToChronoTime(absl::Now() + kDeadline));
  slot.context->set_wait_for_ready(true);
  if (!call.token.empty()) slot.context->AddMetadata("authorization", "Bearer " + call.token);
  const grpc::Slice bytes(call.request(number_++));
  slot.begun = absl::Now();
  slot.reader = slot.stub->PrepareUnaryCall(slot.context.get(), call.path, grpc::ByteBuffer(&bytes, 1), slot.queue);
  slot.reader->StartCall();
  slot.reader->Finish(&slot.response, &slot.status, &slot);
}

LoadResult Client::RunClosed(const RpcCall& call, int in_flight, absl::Duration duration, Callers callers) {
  struct {
    Mutex mutex;
    LoadResult all ABSL_GUARDED_BY(mutex);
  } shared;
  const absl::Time begin = absl::Now(), end = begin + duration;
  const auto work = [&](int first, int slots) {
    grpc::CompletionQueue queue;
    std::vector<Slot> all(slots);
    for (int i = 0; i < slots; ++i) {
      all[i].stub = std::make_unique<grpc::GenericStub>(channels_[(first + i) % channels_.size()]);
      all[i].queue = &queue;
      Begin(all[i], call);
    }
    Tally tally;
    void* tag = nullptr;
    bool ok = false;
    for (int running = slots; running > 0;) {
      queue.Next(&tag, &ok);
      Slot& slot = *static_cast<Slot*>(tag);
      tally.Add(slot);
      if (absl::Now() < end) {
        Begin(slot, call);
      } else {
        --running;
      }
    }
    MutexLock lock(shared.mutex);
    tally.MoveInto(&shared.all);
  };
  std::vector<std::thread> threads;
  const int each = callers == Callers::kMany ? 1 : in_flight;
  for (int first = 0; first < in_flight; first += each) threads.emplace_back(work, first, each);
  for (std::thread& thread : threads) thread.join();
  MutexLock lock(shared.mutex);
  LoadResult result = std::move(shared.all);
  result.per_second = result.latencies.size() / absl::ToDoubleSeconds(absl::Now() - begin);
  std::sort(result.latencies.begin(), result.latencies.end());
  return result;
}

LoadResult Client::RunAtRate(const RpcCall& call, double per_second, absl::Duration duration) {
  LoadResult result;
  Tally tally;
  grpc::CompletionQueue queue;
  const absl::Time begin = absl::Now(), end = begin + duration;
  const absl::Duration interval = absl::Seconds(1) / per_second;
  int running = 0;
  for (absl::Time next = begin; next < end || running > 0;) {
    void* tag = nullptr;
    bool ok = false;
    const absl::Time until = next < end ? next : absl::InfiniteFuture();
    if (queue.AsyncNext(&tag, &ok, absl::ToChronoTime(until)) == grpc::CompletionQueue::GOT_EVENT) {
      const std::unique_ptr<Slot> slot(static_cast<Slot*>(tag));
      tally.Add(*slot);
      --running;
    }
    // If this thread was late it makes up for it: what is asked for is a rate.
    for (; next < end && next <= absl::Now(); next += interval) {
      auto slot = std::make_unique<Slot>();
      slot->stub = std::make_unique<grpc::GenericStub>(channels_[running % channels_.size()]);
      slot->queue = &queue;
      Begin(*slot.release(), call);
      ++running;
    }
  }
  tally.MoveInto(&result);
  result.per_second = result.latencies.size() / absl::ToDoubleSeconds(absl::Now() - begin);
  std::sort(result.latencies.begin(), result.latencies.end());
  return result;
}

absl::StatusOr<std::string> Client::Once(const RpcCall& call) {
  grpc::CompletionQueue queue;
  Slot slot;
  slot.stub = std::make_unique<grpc::GenericStub>(channels_[0]);
  slot.queue = &queue;
  Begin(slot, call);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!slot.status.ok()) return FromWire(slot.status);
  return BytesOf(slot.response);
}

}  // namespace mestring
