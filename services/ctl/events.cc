// Events in the log of their owner, and those that a subscriber could not apply.
//
// Invariants: this program asks a person before it does what cannot be undone.
#include "services/ctl/events.h"

#include <unistd.h>

#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "grpcpp/client_context.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/events/v1/operations.grpc.pb.h"
#include "services/ctl/client.h"
#include "services/ctl/event_options.h"
#include "services/ctl/failure.h"

namespace mestring::ctl {
namespace {

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
  TRY(client->Outcome((stub.get()->*method)(&context, request, &response)));
  return response;
}

// Says what will happen and waits for a yes. Without a terminal only --yes confirms it.
absl::Status Confirm(const Arguments& arguments, const std::string& what) {
  if (arguments.Has("--yes")) return absl::OkStatus();
  if (isatty(STDIN_FILENO) != 1) {
    return Usage(absl::StrCat(what, " Nobody is at a terminal to confirm it: add --yes if it shall happen."));
  }
  std::cerr << what << "\nShall it happen? yes or no: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(answer));
  return answer == "yes" || answer == "y" ? absl::OkStatus() : absl::CancelledError("Nothing was done.");
}

}  // namespace

absl::StatusOr<int> EventsListCommand(const Arguments& arguments, const Settings& settings) {
  ASSIGN(const std::string service, ServiceOf(arguments, settings));
  ASSIGN(Printer printer, Printer::Make(arguments, settings, /*several_streams=*/false));
  ASSIGN(const auto client, Client::Open(settings, service));
  std::string after = arguments.Get("--after");
  if (!after.empty()) TRY(CursorOf(after, "--after").status());
  for (;;) {
    ASSIGN(const events::v1::ListResponse response, ListAfter(*client, settings, after));
    for (const events::v1::Event& event : response.events()) {
      if (!printer.Take(EventJson(event))) return kDone;
    }
    // A page may be empty, because the caller may not see what is on it, without being the last.
    if (response.as_of() == response.head() || response.as_of() == after) return kDone;
    after = response.as_of();
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
  ASSIGN(const Cursor cursor, CursorOf(arguments.At(2), "CURSOR"));
  request.set_cursor(cursor.ToString());
  TRY(Confirm(arguments,
              absl::StrCat("The subscription of ", arguments.At(0), " to ", request.stream(), " goes on after ",
                           request.cursor(), ". What it has learned from events that are no longer part of the ",
                           "stream stays as it is, and the service will never apply the events up to this cursor that ",
                           "it has not applied yet.")));
  ASSIGN(const auto response,
         (Operate<events::v1::RebaseSubscriptionRequest, events::v1::RebaseSubscriptionResponse>(
             settings, arguments.At(0), &events::v1::OperationsService::Stub::RebaseSubscription, request)));
  const events::v1::SubscriptionStatus& status = response.subscription();
  std::cout << status.stream() << " goes on after " << status.cursor() << std::endl;
  return kDone;
}

absl::StatusOr<int> EventsEraseCommand(const Arguments& arguments, const Settings& settings) {
  events::v1::EraseEventRequest request;
  ASSIGN(const Cursor cursor, CursorOf(arguments.At(1), "CURSOR"));
  request.set_cursor(cursor.ToString());
  TRY(Confirm(arguments,
              absl::StrCat("The content of the event at ", request.cursor(), " of ", arguments.At(0),
                           " goes out of its log and its stream, and every subscriber is told to delete what it keeps ",
                           "of it. It cannot be brought back.")));
  TRY((Operate<events::v1::EraseEventRequest, events::v1::EraseEventResponse>(
           settings, arguments.At(0), &events::v1::OperationsService::Stub::EraseEvent, request))
          .status());
  std::cout << "The event at " << request.cursor() << " is erased; its subscribers are told." << std::endl;
  return kDone;
}

}  // namespace mestring::ctl
