// The journal.
//
// Hides: the subscription behind it, and SQLite's own interface for the reader.
// Invariants: an event is in the table if and only if the cursor has passed it. What is printed or checked is read
// from the table, so it was committed before anybody saw it.
// Rejected: printing from the subscription's handler. It runs inside a transaction that may be rolled back and run
// again, and would then print an event twice.
#include "services/ctl/journal.h"

#include <sqlite3.h>

#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "grpcpp/client_context.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "services/ctl/client.h"
#include "services/ctl/event_text.h"
#include "services/ctl/failure.h"

namespace mestring {
extern const absl::Span<const Migration> kJournalSchema;
}

namespace mestring::ctl {
namespace {

// A writer holds SQLite for a fraction of a millisecond; a checkpoint a little longer.
constexpr int kBusyMilliseconds = 2000;

// Replaces an event that its owner has erased by what the owner's log now has.
absl::Status Erase(Tx& tx, std::string_view stream, const events::v1::EventErased& erased) {
  ASSIGN(const auto rows, tx.Query<std::string>("SELECT event FROM journal WHERE stream = :stream AND id = :id", stream,
                                                erased.event_id()));
  if (rows.empty()) return absl::OkStatus();
  const std::string type = events::v1::Erased::descriptor()->full_name();
  const Json kept = Json::parse(std::get<0>(rows[0]));
  const Json rest = {
      {"cursor", kept["cursor"]}, {"id", kept["id"]},     {"source", kept["source"]}, {"type", type}, {"subject", ""},
      {"subject_version", 0},     {"time", kept["time"]}, {"data", Json::object()}};
  return tx
      .Exec("UPDATE journal SET type = :type, event = :event WHERE stream = :stream AND id = :id", type, rest.dump(),
            stream, erased.event_id())
      .status();
}

absl::Status Append(Tx& tx, std::string_view stream, const events::v1::Event& event) {
  ASSIGN(const Cursor cursor, ParseCursor(event.cursor()));
  return tx
      .Exec(
          "INSERT INTO journal (stream, epoch, position, id, type, event) VALUES (:stream, :epoch, :position, :id, "
          ":type, :event)",
          stream, cursor.epoch, cursor.position, event.id(), event.type(), EventJson(event).dump())
      .status();
}

// Asks the owner by its EventService, as a service that subscribes.
Subscription::Owner OwnerOf(const Settings& settings, std::shared_ptr<Client> client) {
  return [&settings, client](Cursor after, int page_size) -> absl::StatusOr<events::v1::ListResponse> {
    Identity identity = settings.identity;
    if (!identity.given()) identity.roles = {"SERVICE"};
    grpc::ClientContext context;
    TRY(client->Prepare(identity, /*streams=*/false, context));
    events::v1::ListRequest request;
    if (after != Cursor()) request.set_after(after.ToString());
    request.set_page_size(page_size);
    events::v1::ListResponse response;
    const auto stub = events::v1::EventService::NewStub(client->channel());
    TRY(FromWire(stub->List(&context, request, &response)));
    return response;
  };
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Start(const Settings& settings,
                                                        const std::vector<std::string>& services,
                                                        const std::string& path) {
  std::unique_ptr<Journal> journal(new Journal());
  journal->clock_ = std::make_unique<SystemClock>();
  Database::Options options;
  options.url = absl::StrCat("sqlite:", path);
  options.read_connections = 1;
  options.clock = journal->clock_.get();
  options.zone = absl::UTCTimeZone();
  options.event_source = "/journal";
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(options, kJournalSchema);
  if (!database.ok()) return Usage(absl::StrCat("Cannot keep a journal in ", path, ": ", database.status().message()));
  journal->database_ = *std::move(database);
  for (const std::string& service : services) TRY(journal->Follow(settings, service));
  return journal;
}

absl::Status Journal::Follow(const Settings& settings, const std::string& service) {
  ASSIGN(std::shared_ptr<Client> client, Client::Open(settings, service));
  Subscription::Options options;
  options.redis.url = settings.redis;
  options.key = StreamKey(settings.municipality, service);
  options.owner = OwnerOf(settings, client);
  auto subscription = std::make_unique<Subscription>(*database_, options);
  subscription->On<events::v1::EventErased>(
      [key = options.key](Tx& tx, const events::v1::Event&, const events::v1::EventErased& erased) {
        return Erase(tx, key, erased);
      });
  subscription->OnAny([key = options.key](Tx& tx, const events::v1::Event& event) { return Append(tx, key, event); });
  TRY(subscription->Start());
  subscriptions_.push_back(std::move(subscription));
  return absl::OkStatus();
}

Journal::~Journal() {
  for (const auto& subscription : subscriptions_) subscription->Stop();
}

std::vector<events::v1::SubscriptionStatus> Journal::Status() const {
  std::vector<events::v1::SubscriptionStatus> all;
  for (const auto& subscription : subscriptions_) all.push_back(subscription->Status());
  return all;
}

absl::StatusOr<std::unique_ptr<JournalReader>> JournalReader::Open(const std::string& path) {
  sqlite3* database = nullptr;
  // Not read-only: a reader of a WAL file must be able to make its shared memory. Nothing here writes.
  const int opened = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  std::unique_ptr<JournalReader> reader(new JournalReader(database));
  if (opened != SQLITE_OK) return absl::NotFoundError(absl::StrCat("There is no journal at ", path, " yet."));
  sqlite3_busy_timeout(database, kBusyMilliseconds);
  if (!reader->Last().ok()) return absl::NotFoundError(absl::StrCat(path, " holds no journal yet."));
  return reader;
}

JournalReader::~JournalReader() { sqlite3_close(database_); }

absl::StatusOr<std::vector<JournalEntry>> JournalReader::After(int64_t place, int limit, const std::string& stream) {
  // SQLite numbers the rows of a table in the order in which they come, and none is ever deleted here.
  constexpr char kSql[] =
      "SELECT rowid, event FROM journal WHERE rowid > ?1 AND (?2 = '' OR stream = ?2) ORDER BY rowid LIMIT ?3";
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, kSql, -1, &statement, nullptr) != SQLITE_OK) {
    return absl::UnavailableError(absl::StrCat("Cannot read the journal: ", sqlite3_errmsg(database_), "."));
  }
  absl::Cleanup finalize = [statement] { sqlite3_finalize(statement); };
  sqlite3_bind_int64(statement, 1, place);
  sqlite3_bind_text(statement, 2, stream.c_str(), -1, SQLITE_STATIC);
  sqlite3_bind_int(statement, 3, limit);
  std::vector<JournalEntry> entries;
  int step;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    const unsigned char* text = sqlite3_column_text(statement, 1);
    std::optional<Json> event = ParseJson(text == nullptr ? "" : reinterpret_cast<const char*>(text));
    if (!event) return absl::DataLossError("The journal holds an event that is not JSON.");
    entries.push_back({sqlite3_column_int64(statement, 0), *std::move(event)});
  }
  if (step != SQLITE_DONE) {
    return absl::UnavailableError(absl::StrCat("Cannot read the journal: ", sqlite3_errmsg(database_), "."));
  }
  return entries;
}

absl::StatusOr<int64_t> JournalReader::Last() {
  constexpr char kSql[] = "SELECT COALESCE(MAX(rowid), 0) FROM journal";
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, kSql, -1, &statement, nullptr) != SQLITE_OK) {
    return absl::UnavailableError(absl::StrCat("Cannot read the journal: ", sqlite3_errmsg(database_), "."));
  }
  absl::Cleanup finalize = [statement] { sqlite3_finalize(statement); };
  return sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
}

}  // namespace mestring::ctl
