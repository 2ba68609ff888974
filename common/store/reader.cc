#include "common/store/reader.h"

#include <functional>
#include <utility>

#include "common/base/errors.h"
#include "common/store/strand.h"

namespace mestring {
namespace {

// The statements that begin a read; the SELECT fixes the snapshot on both engines.
constexpr std::string_view kBeginReadSqlite[] = {"BEGIN", "SELECT epoch, position FROM stream_head"};
constexpr std::string_view kBeginReadPostgresql[] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                                     "SELECT epoch, position FROM stream_head"};
thread_local bool reading = false;

}  // namespace

// One of the reads that run together: its connection only takes the question and stops, until it is answered.
struct Reader::Asker final : Connection {
  explicit Asker(Engine engine) : Connection(engine) {}

  absl::StatusOr<int64_t> Run(std::string_view sql, const std::vector<Value>& parameters, size_t columns,
                              Rows* rows) override {
    question = {.sql = sql, .parameters = &parameters, .columns = columns, .rows = rows};
    strand.Suspend();
    return std::move(question.answer);
  }
  // A read uses none of these.
  absl::Status Later(std::string_view sql, std::vector<Value>, std::optional<int64_t>) override { return No(sql); }
  absl::Status Together(absl::Span<const std::string_view> all, size_t, Rows*) override { return No(all.front()); }
  absl::Status Once(std::string_view sql, size_t, Rows*) override { return No(sql); }
  bool InTransaction() override { return true; }
  static absl::Status No(std::string_view sql) { return Failed("a read cannot do this", sql); }

  Strand strand;
  Question question;
  TxJob* job = nullptr;
  std::function<void()> work;
  bool spoiled = false;  // a statement failed, its own or another's
};

Reader::Reader(const Target& target, const TxSettings& settings, std::atomic<bool>& healthy)
    : target_(target), settings_(settings), healthy_(healthy) {}
Reader::~Reader() = default;

// Connects if necessary. Replaces a connection that is lost once: nothing has run on it yet.
absl::Status Reader::Begin() {
  for (bool again = connection_ != nullptr;; again = false) {
    if (connection_ == nullptr) {
      ASSIGN(connection_, Connection::Open(target_, Connection::Use::kRead));
    }
    const absl::Status status =
        connection_->Begin(target_.engine == Engine::kSqlite ? absl::MakeConstSpan(kBeginReadSqlite)
                                                             : absl::MakeConstSpan(kBeginReadPostgresql),
                           &head_);
    if (status.ok() || !connection_->lost() || !again) return status;
    connection_ = nullptr;
  }
}

absl::Status Reader::Run(absl::FunctionRef<absl::Status(Tx&)> fn) {
  if (!begun_) TRY(Noted(Begin(), healthy_));
  begun_ = true;
  TxGroup snapshot{.writes = false, .head = head_};
  Tx tx(*connection_, snapshot, settings_, settings_.clock->Now());
  reading = true;
  absl::Status status = tx.Do(fn);
  reading = false;
  if (connection_->lost()) status = Noted(DatabaseGone(), healthy_);
  if (!tx.failed_.ok() || connection_->lost()) EndSnapshot();
  return status;
}

bool Reader::ThisThreadReads() { return reading; }

void Reader::RunAll(absl::Span<TxJob* const> jobs, absl::FunctionRef<void(TxJob&)> ended) {
  if (target_.engine == Engine::kPostgresql && jobs.size() > 1) {
    if (!begun_) begun_ = Noted(Begin(), healthy_).ok();
    if (begun_) return RunTogether(jobs, ended);
  }
  RunOneByOne(jobs, ended);
}

void Reader::RunOneByOne(absl::Span<TxJob* const> jobs, absl::FunctionRef<void(TxJob&)> ended) {
  for (TxJob* job : jobs) {
    job->result = Run([job](Tx& tx) { return job->Run(tx); });
    ended(*job);
  }
}

// A statement that fails spoils the snapshot, and so the reads that have not ended: they run again, one by one.
void Reader::RunTogether(absl::Span<TxJob* const> jobs, absl::FunctionRef<void(TxJob&)> ended) {
  while (askers_.size() < jobs.size()) askers_.push_back(std::make_unique<Asker>(target_.engine));
  TxGroup snapshot{.writes = false, .head = head_};
  std::vector<Asker*> asking;
  std::vector<TxJob*> again;
  const auto note = [&](Asker& asker, bool has_ended) {
    if (!has_ended) {
      asking.push_back(&asker);
    } else if (asker.spoiled) {
      again.push_back(asker.job);
    } else {
      ended(*asker.job);
    }
  };
  reading = true;
  for (size_t i = 0; i < jobs.size(); ++i) {
    Asker& asker = *askers_[i];
    asker.job = jobs[i];
    asker.work = [&] {
      Tx tx(asker, snapshot, settings_, settings_.clock->Now());
      asker.job->result = tx.Do([&asker](Tx& transaction) { return asker.job->Run(transaction); });
      asker.spoiled = !tx.failed_.ok();
    };
    note(asker, asker.strand.Start(asker.work));
  }
  while (!asking.empty()) {
    std::vector<Connection::Question*> questions;
    for (Asker* asker : asking) questions.push_back(&asker->question);
    connection_->RunAll(questions);
    for (Asker* asker : std::exchange(asking, {})) note(*asker, asker->strand.Resume());
  }
  reading = false;
  if (connection_->lost()) Noted(DatabaseGone(), healthy_).IgnoreError();
  if (again.empty()) return;
  EndSnapshot();
  RunOneByOne(again, ended);
}

void Reader::EndSnapshot() {
  begun_ = false;
  if (connection_ != nullptr) connection_->Rollback();
  if (connection_ != nullptr && connection_->lost()) connection_ = nullptr;
}

}  // namespace mestring
