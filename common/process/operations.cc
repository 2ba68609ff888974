#include "common/process/operations.h"

// The two services that every service has besides its own and EventService.
//
// OperationsService returns what the parts of the kernel report; it holds no state and shows no personal data.
// AccessLogService shows a person who has looked at their data. Rows of that table have no key, and two may have the
// same microsecond. So a page token is a time and the number of rows of that time that were shown, which stays right
// when new rows are added in front.

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/events/outbox.h"
#include "common/events/parked.h"
#include "common/rpc/access_log.h"
#include "common/store/records.h"
#include "mestring/access/v1/access_log.grpc.pb.h"
#include "mestring/events/v1/operations.grpc.pb.h"

namespace mestring {
namespace {

class Operations : public events::v1::OperationsService::CallbackService {
 public:
  explicit Operations(const ServiceParts& operated) : operated_(operated), edge_(operated.edge) {}

  MESTRING_SERVE_RPC(events::v1, GetStatus) { return DescribeStatus(operated_, response); }

  MESTRING_READ_RPC(events::v1, ListParkedEvents) {
    ASSIGN(const PageEnd end, ParsePageToken(request.page_token()));
    const absl::StatusOr<Cursor> after = end.key.empty() && end.id.empty() ? Cursor() : ParseCursor(end.id);
    if (!after.ok()) return NotOurPage();
    const size_t size = PageSize(request.page_size());
    ASSIGN(auto parked, ListParked(tx, request.stream(), static_cast<int>(size) + 1, end.key, *after));
    const bool more = parked.size() > size;
    if (more) parked.resize(size);
    for (auto& event : parked) *response->add_events() = std::move(event);
    if (more) {
      const auto& last = response->events(response->events_size() - 1);
      response->set_next_page_token(PageToken({last.stream(), last.cursor()}));
    }
    return absl::OkStatus();
  }

  MESTRING_SERVE_RPC(events::v1, RetryParkedEvents) {
    ASSIGN(Subscription* const subscription, Find(request.stream()));
    ASSIGN(*response, subscription->RetryParked(request.subject()));
    return absl::OkStatus();
  }

  MESTRING_SERVE_RPC(events::v1, RebaseSubscription) {
    ASSIGN(Subscription* const subscription, Find(request.stream()));
    ASSIGN(const Cursor cursor, ParseCursor(request.cursor()));
    TRY(subscription->Rebase(cursor));
    *response->mutable_subscription() = subscription->Status();
    return absl::OkStatus();
  }

  MESTRING_WRITE_RPC(events::v1, EraseEvent) {
    ASSIGN(const Cursor cursor, ParseCursor(request.cursor()));
    return EraseEntry(tx, cursor);
  }

 private:
  absl::StatusOr<Subscription*> Find(const std::string& stream) const {
    const auto found = operated_.subscriptions.find(stream);
    if (found == operated_.subscriptions.end()) return NotFound("subscription");
    return found->second.get();
  }

  const ServiceParts operated_;
  RpcPipeline& edge_;
};

// The end of a page of the access log: the newest rows come first, and rows have no id.
struct LogPlace {
  int64_t time;   // microseconds
  int64_t shown;  // rows of that time on the pages before
};

absl::StatusOr<LogPlace> PlaceIn(std::string_view page_token) {
  ASSIGN(const PageEnd end, ParsePageToken(page_token));
  ASSIGN(const int64_t time, PageNumber(end.key, INT64_MAX));
  ASSIGN(const int64_t shown, PageNumber(end.id));
  if (shown < 0 || end.key.empty() != end.id.empty()) return NotOurPage();
  return LogPlace{time, shown};
}

absl::Status ListAccess(Tx& tx, Call& call, const access::v1::ListAccessLogRequest& request,
                        access::v1::ListAccessLogResponse* response) {
  // Only the person sees who looked at their data, or a role that oversees.
  if (!call.oversees && !call.caller.IsSelf(request.person_ref())) return NotFound("access log");
  ASSIGN(const LogPlace place, PlaceIn(request.page_token()));
  const int size = PageSize(request.page_size());
  ASSIGN(std::vector<access::v1::AccessLogEntry> entries,
         ReadAccessLog(tx, request.person_ref(), absl::FromUnixMicros(place.time), /*hidden=*/call.oversees, size + 1,
                       place.shown));
  const bool more = entries.size() > static_cast<size_t>(size);
  if (more) entries.pop_back();
  LogPlace end = place;
  for (access::v1::AccessLogEntry& entry : entries) {
    const int64_t time = absl::ToUnixMicros(FromProto(entry.time()));
    end = time == end.time ? LogPlace{time, end.shown + 1} : LogPlace{time, 1};
    *response->add_entries() = std::move(entry);
  }
  if (more) response->set_next_page_token(PageToken({absl::StrCat(end.time), absl::StrCat(end.shown)}));
  return absl::OkStatus();
}

class AccessLog : public access::v1::AccessLogService::CallbackService {
 public:
  explicit AccessLog(RpcPipeline& edge) : edge_(edge) {}

  MESTRING_READ_RPC(access::v1, ListAccessLog) { return ListAccess(tx, call, request, response); }

 private:
  RpcPipeline& edge_;
};

}  // namespace

absl::Status DescribeStatus(const ServiceParts& operated, events::v1::GetStatusResponse* response) {
  response->set_service(operated.config.service);
  response->set_municipality(operated.config.municipality);
  *response->mutable_start_time() = ToProto(operated.start);
  *response->mutable_service_time() = ToProto(operated.edge.db().clock().Now());
  response->set_database(std::string(operated.edge.db().engine()));
  *response->mutable_relay() = operated.relay.Status();
  for (const auto& [key, subscription] : operated.subscriptions) {
    *response->add_subscriptions() = subscription->Status();
  }
  ASSIGN(const Timers::Counts timers, operated.timers.Count());
  response->set_timers_pending(timers.pending);
  response->set_timers_overdue(timers.overdue);
  response->set_watchers(operated.watch.watchers());
  return absl::OkStatus();
}

std::unique_ptr<grpc::Service> NewOperationsService(const ServiceParts& operated) {
  return std::make_unique<Operations>(operated);
}

std::unique_ptr<grpc::Service> NewAccessLogService(RpcPipeline& edge) { return std::make_unique<AccessLog>(edge); }

}  // namespace mestring
