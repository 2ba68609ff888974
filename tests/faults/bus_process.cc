// The two ends of the bus as programs of their own, so that they can be killed.
//
//   mestring-bus-process owner DATABASE REDIS SOCKET HOLDER FIRST
//       Database, relay and EventService.List on a Unix socket, and kWriters writers: each publishes number
//       after number, and says "answered <number>" when one is durable. HOLDER names it among several owners
//       of one PostgreSQL database. With FIRST 0 it writes nothing and only relays what others write.
//   mestring-bus-process subscriber DATABASE REDIS SOCKET
//       Database and subscription, which asks the owner over gRPC.
//
// Both run until they are killed, and may have to kill themselves (common/base/fault.h).
#include "tests/faults/bus_process.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <iostream>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/grpcpp.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "tests/support/bus.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

using events::v1::EventService;
using events::v1::ListRequest;
using events::v1::ListResponse;

// Of an owner that is killed every moment: the next must not wait long for its lease.
constexpr absl::Duration kLease = absl::Milliseconds(400);
// How long a writer pauses: the programs that start meanwhile need a processor too.
constexpr double kPauseSeconds = 0.004;
constexpr auto kAnswerWithin = std::chrono::seconds(1);

[[noreturn]] void Die(const std::string& why) {
  std::cerr << "mestring-bus-process: " << why << std::endl;
  _exit(2);
}

// EventService.List without callers and roles: those are tested elsewhere.
class OpenEventService : public EventService::Service {
 public:
  explicit OpenEventService(Database& db) : owner_(OwnerOf(db)) {}
  grpc::Status List(grpc::ServerContext*, const ListRequest* request, ListResponse* response) override {
    const absl::StatusOr<Cursor> after = request->after().empty() ? Cursor() : ParseCursor(request->after());
    absl::StatusOr<ListResponse> answer =
        after.ok() ? owner_(*after, request->page_size()) : absl::StatusOr<ListResponse>(after.status());
    if (answer.ok()) response->Swap(&*answer);
    return ToWire(answer.status(), "mestring.test", "");
  }

 private:
  const Subscription::Owner owner_;
};

Subscription::Owner OverGrpc(const std::string& socket) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  std::shared_ptr<EventService::Stub> stub =
      EventService::NewStub(grpc::CreateCustomChannel(socket, grpc::InsecureChannelCredentials(), arguments));
  return [stub](Cursor after, int page_size) -> absl::StatusOr<ListResponse> {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kAnswerWithin);
    ListRequest request;
    if (after != Cursor()) request.set_after(after.ToString());
    request.set_page_size(page_size);
    ListResponse response;
    TRY(FromWire(stub->List(&context, request, &response)));
    return response;
  };
}

void Write(Database& db, int64_t number) {
  while (true) {
    if (PublishNumber(db, number, absl::StrCat("subject-", number % 7)).ok()) {
      // One write(2): a kill leaves the line or nothing of it.
      const std::string line = absl::StrCat(kAnswered, number, "\n");
      if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return;
    }
    number += kWriters;
    WaitUntil([] { return false; }, kPauseSeconds);
  }
}

[[noreturn]] void RunOwner(const std::string& database, const std::string& redis, const std::string& socket,
                           const std::string& holder, int64_t first) {
  const std::unique_ptr<Database> db = OpenBusDatabase(database);
  Relay::Options options = TestRelayOptions(RedisServer::OptionsFor(redis), holder);
  options.lease = kLease;
  Relay relay(*db, options);
  if (const absl::Status started = relay.Start(); !started.ok()) Die(std::string(started.message()));

  OpenEventService service(*db);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(socket, grpc::InsecureServerCredentials()).RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();

  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters && first > 0; ++writer) {
    writers.emplace_back([&, writer] { Write(*db, first + writer); });
  }
  while (true) pause();
}

[[noreturn]] void RunSubscriber(const std::string& database, const std::string& redis, const std::string& socket) {
  const std::unique_ptr<Database> db = OpenBusDatabase(database);
  Subscription subscription(*db, TestSubscriptionOptions(RedisServer::OptionsFor(redis), OverGrpc(socket)));
  RecordEffects(subscription);
  if (const absl::Status started = subscription.Start(); !started.ok()) Die(std::string(started.message()));
  while (true) pause();
}

int Main(const std::vector<std::string>& arguments) {
  int64_t first = 0;
  if (arguments.size() == 7 && arguments[1] == "owner" && absl::SimpleAtoi(arguments[6], &first)) {
    RunOwner(arguments[2], arguments[3], arguments[4], arguments[5], first);
  }
  if (arguments.size() == 5 && arguments[1] == "subscriber") RunSubscriber(arguments[2], arguments[3], arguments[4]);
  Die("owner DATABASE REDIS SOCKET HOLDER FIRST | subscriber DATABASE REDIS SOCKET");
}

}  // namespace
}  // namespace mestring

int main(int argc, char** argv) { return mestring::Main(std::vector<std::string>(argv, argv + argc)); }
