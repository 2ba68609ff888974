// Events on the command line.
//
// Hides: three ways to see a stream. Directly from Redis, as any reader may (the default of "tail"); from the owner's
// log ("list", and "tail --owner"); and as a subscriber of its own with a journal ("tail --journal"), which alone
// remembers where it was.
// Invariants: one event per line, flushed, so that a pipe sees it at once. SIGINT and SIGTERM end a tail with exit
// code 0 after the line under way.
#include "services/ctl/events.h"

#include <csignal>
#include <iostream>
#include <map>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/errors.h"
#include "common/stream.h"
#include "grpcpp/client_context.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/events/v1/operations.grpc.pb.h"
#include "services/ctl/client.h"
#include "services/ctl/event_text.h"
#include "services/ctl/failure.h"
#include "services/ctl/journal.h"

namespace mestring::ctl {
namespace {

constexpr int kReadMax = 200;
// How soon a line follows the journal's commit.
constexpr absl::Duration kJournalPoll = absl::Milliseconds(20);
// How soon a tail notices that it shall end.
constexpr absl::Duration kBlock = absl::Milliseconds(500);
// A read that only takes what is there; Redis takes 0 for without end.
constexpr absl::Duration kGlance = absl::Milliseconds(1);

volatile std::sig_atomic_t ending = 0;

void EndOnSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { ending = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Identity Or(const Identity& given, const char* role) {
  if (given.given()) return given;
  Identity identity = given;
  identity.roles = {role};
  return identity;
}

void Print(const Json& event, const Settings& settings) {
  std::cout << (settings.json ? event.dump() : EventLine(event, settings.colour)) << std::endl;
}

// Prints and counts down; false when there were enough.
class Printer {
 public:
  Printer(const Settings& settings, int64_t count) : settings_(settings), left_(count) {}
  bool Take(const Json& event) {
    Print(event, settings_);
    return left_ < 0 || --left_ > 0;
  }

 private:
  const Settings& settings_;
  int64_t left_;  // negative: without end
};

absl::StatusOr<std::string> Known(const std::string& service, const Settings& settings) {
  // An address is a service, too.
  if (settings.services.contains(service) || absl::StrContains(service, ":")) return service;
  return Usage(absl::StrCat("There is no service ", service, "."));
}

absl::StatusOr<std::string> ServiceOf(const Arguments& arguments, const Settings& settings) {
  if (!arguments.At(0).empty()) return Known(arguments.At(0), settings);
  if (settings.services.size() == 1) return settings.services.begin()->first;
  return Usage("Several services are configured; say which.");
}

// Those that were named, else all that are configured.
absl::StatusOr<std::vector<std::string>> ServicesOf(const Arguments& arguments, const Settings& settings) {
  std::vector<std::string> services;
  for (size_t i = 0; !arguments.At(i).empty(); ++i) {
    ASSIGN(services.emplace_back(), Known(arguments.At(i), settings));
  }
  if (services.empty()) {
    for (const auto& [service, address] : settings.services) services.push_back(service);
  }
  return services;
}

absl::StatusOr<int64_t> CountOf(const Arguments& arguments) {
  int64_t count = -1;
  if (arguments.Has("--count") && (!absl::SimpleAtoi(arguments.Get("--count"), &count) || count <= 0)) {
    return Usage("--count wants a positive number.");
  }
  return count;
}

absl::Status TailRedis(const Settings& settings, const std::string& service, const std::string& after, bool follow,
                       Printer& printer) {
  RedisOptions redis;
  redis.url = settings.redis;
  Stream stream(redis, StreamKey(settings.municipality, service));
  Cursor cursor;
  if (after.empty()) {
    ASSIGN(cursor, stream.LastId());
  } else {
    ASSIGN(cursor, ParseCursor(after));
  }
  while (!ending) {
    absl::StatusOr<std::vector<events::v1::Event>> events = stream.Read(cursor, kReadMax, follow ? kBlock : kGlance);
    if (!events.ok()) {
      if (ending) return absl::OkStatus();
      return events.status();
    }
    if (events->empty() && !follow) return absl::OkStatus();
    for (const events::v1::Event& event : *events) {
      ASSIGN(cursor, ParseCursor(event.cursor()));
      if (!printer.Take(EventJson(event)) || ending) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status TailOwner(const Settings& settings, const std::string& service, const std::string& after,
                       Printer& printer) {
  ASSIGN(const auto client, Client::Open(settings, service));
  grpc::ClientContext context;
  TRY(client->Prepare(Or(settings.identity, "SERVICE"), /*streams=*/true, context));
  events::v1::WatchRequest request;
  request.set_after(after);
  const auto stub = events::v1::EventService::NewStub(client->channel());
  const auto watch = stub->Watch(&context, request);
  events::v1::WatchResponse response;
  // A bookmark comes every 10 s at the latest, and with it the look at `ending`.
  while (!ending && watch->Read(&response)) {
    if (response.has_event() && !printer.Take(EventJson(response.event()))) break;
  }
  context.TryCancel();
  const grpc::Status status = watch->Finish();
  return status.error_code() == grpc::StatusCode::CANCELLED ? absl::OkStatus() : FromRpc(status);
}

absl::Status TailJournal(const Settings& settings, const std::vector<std::string>& services, const std::string& path,
                         Printer& printer) {
  // What an earlier run has told ends here; asked before the subscriptions go on, so that nothing falls between.
  int64_t printed = 0;
  if (const auto earlier = JournalReader::Open(path); earlier.ok()) {
    ASSIGN(printed, (*earlier)->Last());
  }
  ASSIGN(const auto journal, Journal::Start(settings, services, path));
  ASSIGN(const auto reader, JournalReader::Open(path));
  std::map<std::string, std::string> told;  // by stream
  while (!ending) {
    ASSIGN(const std::vector<JournalEntry> entries, reader->After(printed, kReadMax));
    for (const JournalEntry& entry : entries) {
      printed = entry.place;
      if (!printer.Take(entry.event)) return absl::OkStatus();
    }
    for (const events::v1::SubscriptionStatus& status : journal->Status()) {
      std::string& last = told[status.stream()];
      if (status.error() == last) continue;
      last = status.error();
      if (last.empty()) continue;
      std::cerr << status.stream() << " " << events::v1::SubscriptionStatus::State_Name(status.state()) << ": " << last
                << std::endl;
    }
    if (entries.empty()) absl::SleepFor(kJournalPoll);
  }
  return absl::OkStatus();
}

template <class Request, class Response>
using Method = grpc::Status (events::v1::OperationsService::Stub::*)(grpc::ClientContext*, const Request&, Response*);

// One call of the OperationsService, as an operator unless the user says otherwise.
template <class Request, class Response>
absl::StatusOr<Response> Operate(const Settings& settings, const std::string& service, Method<Request, Response> method,
                                 const Request& request) {
  ASSIGN(const auto client, Client::Open(settings, service));
  grpc::ClientContext context;
  TRY(client->Prepare(Or(settings.identity, "OPERATOR"), /*streams=*/false, context));
  const auto stub = events::v1::OperationsService::NewStub(client->channel());
  Response response;
  TRY(FromRpc((stub.get()->*method)(&context, request, &response)));
  return response;
}

}  // namespace

absl::StatusOr<int> EventsTailCommand(const Arguments& arguments, const Settings& settings) {
  ASSIGN(const int64_t count, CountOf(arguments));
  Printer printer(settings, count);
  EndOnSignals();
  const std::string after = arguments.Get("--after");
  if (arguments.Has("--no-follow") && (arguments.Has("--owner") || arguments.Has("--journal"))) {
    return Usage("--no-follow reads the bus to its end; the owner's log to its end is \"events list\".");
  }
  if (arguments.Has("--journal")) {
    if (!after.empty()) return Usage("A journal knows its own place; --after does not go with --journal.");
    ASSIGN(const std::vector<std::string> services, ServicesOf(arguments, settings));
    TRY(TailJournal(settings, services, arguments.Get("--journal"), printer));
    return kDone;
  }
  if (!arguments.At(1).empty()) return Usage("Several services at once only with --journal.");
  ASSIGN(const std::string service, ServiceOf(arguments, settings));
  if (arguments.Has("--owner")) {
    TRY(TailOwner(settings, service, after, printer));
  } else {
    TRY(TailRedis(settings, service, after, !arguments.Has("--no-follow"), printer));
  }
  return kDone;
}

absl::StatusOr<int> EventsListCommand(const Arguments& arguments, const Settings& settings) {
  ASSIGN(const std::string service, ServiceOf(arguments, settings));
  ASSIGN(int64_t left, CountOf(arguments));
  ASSIGN(const auto client, Client::Open(settings, service));
  const auto stub = events::v1::EventService::NewStub(client->channel());
  events::v1::ListRequest request;
  request.set_after(arguments.Get("--after"));
  request.set_page_size(kReadMax);
  for (;;) {
    grpc::ClientContext context;
    TRY(client->Prepare(Or(settings.identity, "SERVICE"), /*streams=*/false, context));
    events::v1::ListResponse response;
    TRY(FromRpc(stub->List(&context, request, &response)));
    for (const events::v1::Event& event : response.events()) {
      Print(EventJson(event), settings);
      if (left > 0 && --left == 0) return kDone;
    }
    // A page may be empty, because the caller may not see what is on it, without being the last.
    if (response.as_of() == response.head() || response.as_of() == request.after()) return kDone;
    request.set_after(response.as_of());
  }
}

absl::StatusOr<int> EventsParkedCommand(const Arguments& arguments, const Settings& settings) {
  ASSIGN(const std::string service, ServiceOf(arguments, settings));
  events::v1::ListParkedEventsRequest request;
  bool any = false;
  do {
    ASSIGN(const auto response,
           (Operate<events::v1::ListParkedEventsRequest, events::v1::ListParkedEventsResponse>(
               settings, service, &events::v1::OperationsService::Stub::ListParkedEvents, request)));
    for (const events::v1::ParkedEvent& event : response.events()) {
      any = true;
      if (settings.json) {
        std::cout << Json({{"stream", event.stream()},
                           {"cursor", event.cursor()},
                           {"type", event.type()},
                           {"subject", event.subject()},
                           {"attempts", event.attempts()},
                           {"error", event.error()}})
                  << std::endl;
      } else {
        std::cout << event.stream() << "  " << event.cursor() << "  " << ShortType(event.type()) << "  "
                  << event.subject() << "  tried " << event.attempts() << " times: " << event.error() << std::endl;
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!any && !settings.json) std::cout << "Nothing is parked in " << service << "." << std::endl;
  return kDone;
}

absl::StatusOr<int> EventsRetryCommand(const Arguments& arguments, const Settings& settings) {
  events::v1::RetryParkedEventsRequest request;
  request.set_stream(arguments.At(1));
  request.set_subject(arguments.Get("--subject"));
  ASSIGN(const auto response,
         (Operate<events::v1::RetryParkedEventsRequest, events::v1::RetryParkedEventsResponse>(
             settings, arguments.At(0), &events::v1::OperationsService::Stub::RetryParkedEvents, request)));
  if (settings.json) {
    std::cout << Json({{"applied", response.applied()}, {"still_parked", response.still_parked()}}) << std::endl;
  } else {
    std::cout << response.applied() << " applied, " << response.still_parked() << " still parked" << std::endl;
  }
  return response.still_parked() == 0 ? kDone : kNo;
}

absl::StatusOr<int> EventsRebaseCommand(const Arguments& arguments, const Settings& settings) {
  events::v1::RebaseSubscriptionRequest request;
  request.set_stream(arguments.At(1));
  request.set_cursor(arguments.At(2));
  ASSIGN(const auto response,
         (Operate<events::v1::RebaseSubscriptionRequest, events::v1::RebaseSubscriptionResponse>(
             settings, arguments.At(0), &events::v1::OperationsService::Stub::RebaseSubscription, request)));
  const events::v1::SubscriptionStatus& status = response.subscription();
  std::cout << status.stream() << " goes on after " << status.cursor() << std::endl;
  return kDone;
}

absl::StatusOr<int> EventsEraseCommand(const Arguments& arguments, const Settings& settings) {
  events::v1::EraseEventRequest request;
  request.set_cursor(arguments.At(1));
  TRY((Operate<events::v1::EraseEventRequest, events::v1::EraseEventResponse>(
           settings, arguments.At(0), &events::v1::OperationsService::Stub::EraseEvent, request))
          .status());
  std::cout << "The event at " << request.cursor() << " is erased; its subscribers are told." << std::endl;
  return kDone;
}

}  // namespace mestring::ctl
