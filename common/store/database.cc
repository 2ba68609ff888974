#include "common/store/database.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/worker.h"
#include "common/store/connection.h"
#include "common/store/process_lock.h"
#include "common/store/read_pool.h"
#include "common/store/write_queue.h"

namespace mestring {

// Made by kernel's mestring_schema().
extern const absl::Span<const Migration> kKernelSchema;

namespace {

// How often to look for jobs that have waited too long; deadlines are seconds.
constexpr absl::Duration kExpiryEvery = absl::Seconds(1);

}  // namespace

struct Database::Impl {
  Target target;
  TxSettings settings;
  ProcessLock process_lock;
  std::atomic<bool> healthy{true};
  std::unique_ptr<WriteQueue> writes;
  std::unique_ptr<ReadPool> reads;
  std::unique_ptr<ReadersToLend> own_reads;
  Worker expiry{[this]() -> absl::StatusOr<absl::Duration> {
    writes->EndExpired();
    reads->EndExpired();
    return kExpiryEvery;
  }};
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

absl::Status Database::CheckUrl(std::string_view url) { return ParseUrl(url).status(); }

absl::StatusOr<std::unique_ptr<Database>> Database::Open(Options options, absl::Span<const Migration> migrations,
                                                         absl::Span<const Migration> shared) {
  auto impl = std::make_unique<Impl>();
  ASSIGN(impl->target, ParseUrl(options.url));
  const Target& target = impl->target;
  impl->settings = {options.clock, options.zone, std::move(options.event_source)};
  if (target.engine == Engine::kSqlite) TRY(impl->process_lock.Take(target.connect));
  std::string why;
  absl::StatusOr<std::unique_ptr<Connection>> writer = Connection::Open(target, Connection::Use::kWrite, &why);
  if (!why.empty()) return absl::UnavailableError(absl::StrCat("the database cannot be reached: ", why));
  TRY(writer.status());
  const absl::Time now = options.clock->Now();
  TRY(Migrate(**writer, "kernel", kKernelSchema, now));
  TRY(Migrate(**writer, "service", migrations, now));
  TRY(Migrate(**writer, "shared", shared, now));
  impl->writes = std::make_unique<WriteQueue>(target, impl->settings, *std::move(writer), impl->healthy);
  const int readers = target.engine == Engine::kSqlite ? kSqliteReaders : std::max(1, options.read_connections);
  impl->reads = std::make_unique<ReadPool>(target, impl->settings, readers, impl->healthy);
  impl->own_reads = std::make_unique<ReadersToLend>(target, impl->settings, kOwnReaders, impl->healthy);
  impl->expiry.Start();
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

absl::Status Database::Write(absl::FunctionRef<absl::Status(Tx&)> fn) { return impl_->writes->Write(fn); }
absl::Status Database::Read(absl::FunctionRef<absl::Status(Tx&)> fn) { return impl_->own_reads->Read(fn); }
absl::Status Database::PostWrite(TxJob& job) { return impl_->writes->Post(job); }
absl::Status Database::PostRead(TxJob& job) { return impl_->reads->Post(job); }

absl::StatusOr<Cursor> Database::StartEpoch(int64_t seen, std::string_view reason) {
  Cursor started;
  TRY(Write([&](Tx& tx) -> absl::Status {
    TRY(tx.BeginEpoch(seen, reason));
    ASSIGN(started, tx.Head());
    return absl::OkStatus();
  }));
  return started;
}

void Database::OnCommit(std::function<void(Cursor head)> listener) { impl_->writes->OnCommit(std::move(listener)); }

bool Database::healthy() const { return impl_->healthy; }

absl::Status Database::Ping() {
  const absl::Status status = Read([](Tx&) { return absl::OkStatus(); });
  // Busy connections do not mean that the database is gone.
  return absl::IsResourceExhausted(status) ? absl::OkStatus() : status;
}

std::string_view Database::engine() const { return impl_->target.engine == Engine::kSqlite ? "sqlite" : "postgresql"; }
const Clock& Database::clock() const { return *impl_->settings.clock; }
absl::TimeZone Database::zone() const { return impl_->settings.zone; }
int Database::queue_length() const { return impl_->writes->length(); }
int Database::read_queue_length() const { return impl_->reads->length(); }
Database::CommitCounts Database::counts() const {
  return {.commits = impl_->writes->commits(),
          .writes = impl_->writes->writes(),
          .events = impl_->writes->events(),
          .waits = impl_->writes->waits()};
}

}  // namespace mestring
