// The state of all services.
//
// Hides: the two sources, health (whether traffic may go there) and GetStatus (how far events and timers are).
// Invariants: a service that does not answer is a line of the table, and the command goes on. Only Ailments decides
// what "well" means. A service without Redis is not well here, though it stays ready: a person must look.
#include "services/ctl/status.h"

#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/client_context.h"
#include "mestring/events/v1/operations.grpc.pb.h"
#include "services/ctl/client.h"
#include "services/ctl/event_text.h"
#include "services/ctl/failure.h"
#include "services/ctl/table.h"

namespace mestring::ctl {
namespace {

using events::v1::GetStatusResponse;
using events::v1::SubscriptionStatus;

// The relay needs milliseconds; if it needs seconds, something is wrong.
constexpr double kLagSecondsMax = 10;

struct Report {
  std::string service;
  std::string address;
  absl::Status answer;  // of GetStatus
  bool ready = false;
  GetStatusResponse status;
  std::vector<std::string> ailments;
};

Report Ask(const Settings& settings, const std::string& service, const std::string& address) {
  Report report{service, address, absl::OkStatus(), false, {}, {}};
  const auto ask = [&]() -> absl::Status {
    Identity identity = settings.identity;
    if (!identity.given()) identity.roles = {"OPERATOR"};
    ASSIGN(const auto client, Client::Open(settings, service));
    grpc::ClientContext context;
    TRY(client->Prepare(identity, /*streams=*/false, context));
    const auto stub = events::v1::OperationsService::NewStub(client->channel());
    TRY(client->Outcome(stub->GetStatus(&context, events::v1::GetStatusRequest(), &report.status)));
    ASSIGN(report.ready, client->IsReady(identity));
    return absl::OkStatus();
  };
  report.answer = ask();
  if (report.answer.ok()) {
    report.ailments = Ailments(report.status, report.ready);
  } else {
    report.ailments = {FailureText(report.answer)};
  }
  return report;
}

std::string Or(const std::string& text, const char* otherwise) { return text.empty() ? otherwise : text; }

void PrintText(const std::vector<Report>& reports, const Settings& settings) {
  std::vector<std::vector<std::string>> rows = {
      {"SERVICE", "STATE", "DATABASE", "HEAD", "PUBLISHED", "LAG", "TIMERS", "WATCHERS", "ITS TIME"}};
  for (const Report& report : reports) {
    const GetStatusResponse& status = report.status;
    if (!report.answer.ok()) {
      rows.push_back({report.service, "away", "-", "-", "-", "-", "-", "-", "-"});
      continue;
    }
    rows.push_back({report.service, report.ailments.empty() ? "well" : "unwell", status.database(),
                    Or(status.relay().head(), "-"), Or(status.relay().published(), "-"),
                    absl::StrCat(status.relay().lag_events()),
                    absl::StrCat(status.timers_pending(), " (", status.timers_overdue(), " late)"),
                    absl::StrCat(status.watchers()),
                    absl::FormatTime("%Y-%m-%d %H:%M", FromProto(status.service_time()), settings.zone)});
  }
  std::cout << AlignedTable(rows);
  for (const Report& report : reports) {
    for (const SubscriptionStatus& subscription : report.status.subscriptions()) {
      std::cout << report.service << " follows " << subscription.stream() << " at " << Or(subscription.cursor(), "0-0")
                << ", " << subscription.lag_events() << " behind, " << subscription.parked_events() << " parked\n";
    }
    for (const std::string& ailment : report.ailments) {
      std::cout << Styled(report.service + ": " + ailment, "31", settings.colour) << "\n";
    }
  }
  std::cout << std::flush;
}

void PrintJson(const std::vector<Report>& reports) {
  Json out = Json::array();
  for (const Report& report : reports) {
    Json json = {{"service", report.service}, {"address", report.address}, {"well", report.ailments.empty()}};
    json["ready"] = report.ready;
    json["ailments"] = report.ailments;
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    options.always_print_primitive_fields = true;
    std::string text;
    if (report.answer.ok() && google::protobuf::util::MessageToJsonString(report.status, &text, options).ok()) {
      json["status"] = ParseJson(text).value_or(Json());
    }
    out.push_back(std::move(json));
  }
  std::cout << out.dump() << std::endl;
}

}  // namespace

std::vector<std::string> Ailments(const GetStatusResponse& status, bool ready) {
  std::vector<std::string> out;
  if (!ready) out.push_back("is not ready (its database, keys or schema; its log says which)");
  const events::v1::RelayStatus& relay = status.relay();
  // Only the replica that leads asks Redis.
  if (relay.leading() && !relay.redis_up()) out.push_back("does not reach Redis; its log waits");
  if (relay.lag_seconds() > kLagSecondsMax) {
    out.push_back(absl::StrCat(relay.lag_events(), " events wait to be published, the oldest for ",
                               static_cast<int64_t>(relay.lag_seconds()), " s"));
  }
  if (!relay.error().empty()) out.push_back(absl::StrCat("relay: ", relay.error()));
  if (status.timers_overdue() > 0) out.push_back(absl::StrCat(status.timers_overdue(), " timers are overdue"));
  for (const SubscriptionStatus& subscription : status.subscriptions()) {
    if (subscription.state() != SubscriptionStatus::STATE_RUNNING) {
      out.push_back(absl::StrCat("subscription to ", subscription.stream(), " is in ",
                                 SubscriptionStatus::State_Name(subscription.state()),
                                 subscription.error().empty() ? "" : ": ", subscription.error()));
    }
    if (subscription.parked_events() > 0) {
      out.push_back(absl::StrCat(subscription.parked_events(), " events of ", subscription.stream(),
                                 " are parked: mestringctl events parked"));
    }
  }
  return out;
}

absl::StatusOr<int> StatusCommand(const Arguments& arguments, const Settings& settings) {
  std::vector<Report> reports;
  for (const auto& [service, address] : settings.services) {
    if (arguments.At(0).empty() || arguments.At(0) == service) reports.push_back(Ask(settings, service, address));
  }
  if (reports.empty()) return Usage(absl::StrCat("There is no service ", arguments.At(0), "."));
  settings.json ? PrintJson(reports) : PrintText(reports, settings);
  const bool well = std::all_of(reports.begin(), reports.end(), [](const Report& r) { return r.ailments.empty(); });
  return well ? kDone : kNo;
}

}  // namespace mestring::ctl
