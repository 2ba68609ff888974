// The command "events tail".
//
// Hides: three ways to follow a stream. Directly from Redis, as any reader may (the default); from the owner's log
// (--owner); and as a subscriber of its own with a journal (--journal), which alone remembers where it was.
// Invariants: SIGINT and SIGTERM end it with exit code 0 after the line under way. No event is skipped in
// silence: the command ends at a cursor that the stream cannot continue, and prints each gap on the way.
#include <algorithm>
#include <csignal>
#include <iostream>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/events/stream.h"
#include "grpcpp/client_context.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "services/ctl/client.h"
#include "services/ctl/event_options.h"
#include "services/ctl/events.h"
#include "services/ctl/failure.h"
#include "services/ctl/journal.h"

namespace mestring::ctl {
namespace {

// How soon a line follows the journal's commit.
constexpr absl::Duration kJournalPoll = absl::Milliseconds(20);
// How soon a tail notices a signal.
constexpr absl::Duration kBlock = absl::Milliseconds(500);
// For a read that does not wait; for Redis, 0 would mean to wait for ever.
constexpr absl::Duration kGlance = absl::Milliseconds(1);

volatile std::sig_atomic_t ending = 0;

void EndOnSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { ending = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// One stream on the bus, and its owner, who is asked if the bus has a gap.
class Bus {
 public:
  static absl::StatusOr<Bus> Open(const Settings& settings, const std::string& service) {
    RedisOptions redis;
    redis.url = settings.redis;
    if (const absl::Status form = CheckRedisUrl(redis.url); !form.ok()) {
      return Usage(absl::StrCat("The bus (--redis) has no address: ", form.message(), "."));
    }
    return Bus(settings, service, std::make_unique<Stream>(redis, StreamKey(settings.municipality, service)));
  }

  // Where a tail with this --after begins. OUT_OF_RANGE if something between there and the stream's next entry is gone.
  absl::StatusOr<Cursor> Begin(const std::string& after) {
    if (after.empty()) return Reached(stream_->LastId());
    ASSIGN(const Cursor cursor, CursorOf(after, "--after"));
    if (cursor == Cursor()) return cursor;
    // Of an entry that is there, the successor of its predecessor is itself.
    const Cursor before = cursor.position > 0 ? Cursor{cursor.epoch, cursor.position - 1}
                                              : Cursor{cursor.epoch - 1, std::numeric_limits<int64_t>::max()};
    ASSIGN(const auto found, Read(before, 1, kGlance));
    if (!found.empty() && found.front().cursor() == cursor.ToString()) return cursor;
    TRY(AskOwner(cursor, found.empty() ? "" : found.front().cursor()));
    return cursor;
  }

  absl::StatusOr<std::vector<events::v1::Event>> Read(Cursor after, int limit, absl::Duration block) {
    return Reached(stream_->Read(after, limit, block));
  }

 private:
  Bus(const Settings& settings, std::string service, std::unique_ptr<Stream> stream)
      : settings_(settings), service_(std::move(service)), stream_(std::move(stream)) {}

  template <class T>
  absl::StatusOr<T> Reached(absl::StatusOr<T> result) const {
    if (result.ok() || result.status().code() != absl::StatusCode::kUnavailable) return result;
    return CallFailed(absl::StatusCode::kUnavailable,
                      absl::StrCat(result.status().message(), " (--redis).",
                                   settings_.config_file.empty() ? absl::StrCat(" ", kNoSettingsFile) : ""));
  }

  // The stream does not hold `after`; its next entry is `next` ("" for none). OK if the log has nothing between the
  // two: an erased event is no loss.
  absl::Status AskOwner(Cursor after, const std::string& next) {
    const std::string what = absl::StrCat("The stream ", stream_->key(), " does not hold ", after.ToString());
    const absl::StatusOr<events::v1::ListResponse> log = LogAfter(after);
    if (log.status().code() == absl::StatusCode::kOutOfRange) return log.status();
    if (!log.ok()) {
      return CallFailed(absl::StatusCode::kOutOfRange,
                        absl::StrCat(what, ": it was trimmed or erased, or it belongs to another history; the owner ",
                                     "could not be asked which. ", log.status().message()));
    }
    const auto kept = std::find_if(log->events().begin(), log->events().end(), [](const events::v1::Event& event) {
      return event.type() != events::v1::Erased::descriptor()->full_name();
    });
    if (kept == log->events().end()) return absl::OkStatus();
    ASSIGN(const Cursor first, ParseCursor(kept->cursor()));
    if (!next.empty() && first >= ParseCursor(next).value_or(Cursor())) return absl::OkStatus();
    const absl::Status trimmed =
        OutOfRange("CURSOR_PRUNED", absl::StrCat(what, " and what follows it any more",
                                                 next.empty() ? "" : absl::StrCat("; it goes on at ", next),
                                                 ". The owner's log has it: mestringctl events tail ", service_,
                                                 " --owner --after ", after.ToString()));
    return FromRpc(ToWire(trimmed, absl::StrCat("mestring.", service_), ""));
  }

  absl::StatusOr<events::v1::ListResponse> LogAfter(Cursor after) {
    ASSIGN(const auto client, Client::Open(settings_, service_));
    return ListAfter(*client, settings_, after.ToString());
  }

  const Settings& settings_;
  const std::string service_;
  std::unique_ptr<Stream> stream_;
};

absl::Status TailBus(const Settings& settings, const std::string& service, const std::string& after, bool follow,
                     Printer& printer) {
  ASSIGN(Bus bus, Bus::Open(settings, service));
  ASSIGN(Cursor cursor, bus.Begin(after));
  while (!ending) {
    absl::StatusOr<std::vector<events::v1::Event>> events = bus.Read(cursor, kReadMax, follow ? kBlock : kGlance);
    if (!events.ok()) return ending ? absl::OkStatus() : events.status();
    if (events->empty() && !follow) return absl::OkStatus();
    for (const events::v1::Event& event : *events) {
      ASSIGN(const Cursor next, ParseCursor(event.cursor()));
      const bool begins_epoch = event.type() == events::v1::EpochStarted::descriptor()->full_name();
      if (cursor != Cursor() && !Follows(cursor, next, begins_epoch)) {
        std::cerr
            << "Between " << cursor.ToString() << " and " << next.ToString()
            << " the stream has nothing: trimmed, erased, or another history. The owner knows: mestringctl events "
               "list "
            << service << " --after " << cursor.ToString() << std::endl;
      }
      cursor = next;
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
  if (!after.empty()) TRY(CursorOf(after, "--after").status());
  request.set_after(after);
  const auto stub = events::v1::EventService::NewStub(client->channel());
  const auto watch = stub->Watch(&context, request);
  events::v1::WatchResponse response;
  // A bookmark comes every 10 s at the latest, and with it the check of `ending`.
  while (watch->Read(&response)) {
    if (!ending && (!response.has_event() || printer.Take(EventJson(response.event())))) continue;
    context.TryCancel();
    watch->Finish();
    return absl::OkStatus();
  }
  // The service has ended the watch, and its error says why.
  return client->Outcome(watch->Finish());
}

absl::Status TailJournal(const Settings& settings, const std::vector<std::string>& services, const std::string& path,
                         Printer& printer) {
  // An earlier run has printed up to here. Read before the subscriptions go on, so that no event falls between.
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

}  // namespace

absl::StatusOr<int> EventsTailCommand(const Arguments& arguments, const Settings& settings) {
  EndOnSignals();
  const std::string after = arguments.Get("--after");
  if (arguments.Has("--no-follow") && (arguments.Has("--owner") || arguments.Has("--journal"))) {
    return Usage("--no-follow reads the bus to its end; the owner's log to its end is \"events list\".");
  }
  if (arguments.Has("--journal")) {
    if (!after.empty()) return Usage("A journal knows its own place; --after does not go with --journal.");
    ASSIGN(const std::vector<std::string> services, ServicesOf(arguments, settings));
    ASSIGN(Printer printer, Printer::Make(arguments, settings, services.size() > 1));
    TRY(TailJournal(settings, services, arguments.Get("--journal"), printer));
    return kDone;
  }
  if (!arguments.At(1).empty()) return Usage("Several services at once only with --journal.");
  ASSIGN(const std::string service, ServiceOf(arguments, settings));
  ASSIGN(Printer printer, Printer::Make(arguments, settings, /*several_streams=*/false));
  if (arguments.Has("--owner")) {
    TRY(TailOwner(settings, service, after, printer));
  } else {
    TRY(TailBus(settings, service, after, !arguments.Has("--no-follow"), printer));
  }
  return kDone;
}

}  // namespace mestring::ctl
