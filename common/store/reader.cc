#include "common/store/reader.h"

#include "common/base/errors.h"

namespace mestring {
namespace {

// The statements that begin a read; the SELECT fixes the snapshot on both engines.
constexpr std::string_view kBeginReadSqlite[] = {"BEGIN", "SELECT epoch, position FROM stream_head"};
constexpr std::string_view kBeginReadPostgresql[] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                                     "SELECT epoch, position FROM stream_head"};
thread_local bool reading = false;

}  // namespace

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

void Reader::EndSnapshot() {
  begun_ = false;
  if (connection_ != nullptr) connection_->Rollback();
  if (connection_ != nullptr && connection_->lost()) connection_ = nullptr;
}

}  // namespace mestring
