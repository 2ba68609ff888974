#include "services/ctl/event_options.h"

#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "grpcpp/client_context.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "services/ctl/failure.h"

namespace mestring::ctl {
namespace {

absl::StatusOr<std::string> Known(const std::string& service, const Settings& settings) {
  // An address is a service, too.
  if (settings.services.contains(service) || absl::StrContains(service, ":")) return service;
  return Usage(absl::StrCat("There is no service ", service, "."));
}

}  // namespace

absl::StatusOr<std::string> ServiceOf(const Arguments& arguments, const Settings& settings) {
  if (!arguments.At(0).empty()) return Known(arguments.At(0), settings);
  if (settings.services.size() == 1) return settings.services.begin()->first;
  return Usage("Several services are configured; say which.");
}

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

absl::StatusOr<Cursor> CursorOf(const std::string& text, const std::string& where) {
  absl::StatusOr<Cursor> cursor = ParseCursor(text);
  if (cursor.ok()) return cursor;
  return Usage(absl::StrCat(where, " wants a cursor such as 1795636535-404, not \"", text, "\"."));
}

Identity Or(const Identity& given, const char* role) {
  if (given.given()) return given;
  Identity identity = given;
  identity.roles = {role};
  return identity;
}

absl::StatusOr<events::v1::ListResponse> ListAfter(const Client& client, const Settings& settings,
                                                   const std::string& after) {
  grpc::ClientContext context;
  TRY(client.Prepare(Or(settings.identity, "SERVICE"), /*streams=*/false, context));
  events::v1::ListRequest request;
  request.set_after(after);
  request.set_page_size(kReadMax);
  events::v1::ListResponse response;
  TRY(client.Outcome(events::v1::EventService::NewStub(client.channel())->List(&context, request, &response)));
  return response;
}

absl::StatusOr<Printer> Printer::Make(const Arguments& arguments, const Settings& settings, bool several_streams) {
  int64_t count = -1;
  if (arguments.Has("--count") && (!absl::SimpleAtoi(arguments.Get("--count"), &count) || count <= 0)) {
    return Usage("--count wants a positive number.");
  }
  return Printer(settings.json,
                 {.colour = settings.colour, .stream = several_streams, .time = true, .zone = settings.zone}, count);
}

bool Printer::Take(const Json& event) {
  std::cout << (json_ ? event.dump() : EventLine(event, style_)) << std::endl;
  return left_ < 0 || --left_ > 0;
}

}  // namespace mestring::ctl
