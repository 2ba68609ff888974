// A connection to PostgreSQL, by libpq in pipeline mode: all that is queued and the statement that waits are sent in
// one go. If one fails, the server skips what follows up to the sync at the end. Sockets do not block: while the server
// does not read, its answers are read, so the two never wait for each other.
//
// A prepared statement stays at the server when its transaction is rolled back or when running it fails. Only a change
// of the schema can spoil it for good: then this file prepares all anew, from the next transaction on, because a failed
// transaction accepts no statement.
//
// The server plans a prepared statement for the size that its tables have, and keeps that plan until statistics are
// gathered, a minute or more later: a table that was small when a service started would be read as a whole. So plans
// are discarded now and then. Planning each run was rejected: it costs as much as running most statements.
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/store/connection.h"

namespace mestring {
namespace {

// No statement runs longer than a call may. A replica that stopped within a transaction is cut off before the others
// give up waiting for its lock. Compiling a plan (jit) takes longer than any of our statements does.
constexpr std::string_view kSessionSettings =
    "SET statement_timeout = '30s'; SET lock_timeout = '15s'; SET idle_in_transaction_session_timeout = '10s';"
    " SET client_min_messages = 'error'; SET jit = off";

// Deferred statements that are kept in memory before they are sent: far above what a group of writes has.
constexpr size_t kQueuedBytesMax = 1 << 20;
constexpr std::string_view kForget = "DEALLOCATE ALL";
// Runs after which plans are made anew for the first time; each time after twice as many.
constexpr int kRunsOfPlanFirst = 64;

bool IsWord(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The n-th ":name" becomes "$n", and `count` is how many there are. A colon in quotes, and "::" before a type, stay
// what they are.
std::string Numbered(std::string_view sql, size_t* count) {
  std::string out;
  *count = 0;
  bool quoted = false;
  for (size_t i = 0; i < sql.size(); ++i) {
    quoted ^= sql[i] == '\'';
    const bool named =
        !quoted && sql[i] == ':' && i + 1 < sql.size() && IsWord(sql[i + 1]) && !absl::EndsWith(out, ":");
    if (!named) {
      out.push_back(sql[i]);
      continue;
    }
    while (i + 1 < sql.size() && IsWord(sql[i + 1])) ++i;
    absl::StrAppend(&out, "$", ++*count);
  }
  return out;
}

// A statement that fails at the server (division by zero) if it changes another number of rows, so that the COMMIT that
// was sent with it does not run.
std::string MustChange(std::string_view sql, int64_t rows) {
  return absl::StrCat("WITH changed AS (", sql, " RETURNING 1) SELECT 1 / (CASE COUNT(*) WHEN ", rows,
                      " THEN 1 ELSE 0 END) FROM changed");
}

// States in which the server has ended this connection, is ending it, or has become a standby.
bool MeansLost(std::string_view state) {
  return absl::StartsWith(state, "08") || absl::StartsWith(state, "57P") || state == "25006" || state == "53300" ||
         state == "25P03";
}

// Whether the server itself said that this statement failed: libpq gives no state, and a pooler between us one of class
// 08, when it only lost the connection.
bool NamesWhatFailed(std::string_view state) { return !state.empty() && !absl::StartsWith(state, "08"); }

// A lock, a time limit or a deadlock; the last also as a conflict of serialization.
bool MeansBusy(std::string_view state) {
  return state == "55P03" || state == "57014" || state == "40P01" || state == "40001";
}

// The schema is another than when the statement was prepared, or the server knows it no longer.
bool MeansSpoiled(std::string_view state) { return state == "0A000" || state == "26000"; }

std::string Field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

// The one of NOT NULL has no name.
std::string WhichConstraint(const PGresult* result) {
  const std::string name = Field(result, PG_DIAG_CONSTRAINT_NAME);
  if (!name.empty()) return name;
  return absl::StrCat(Field(result, PG_DIAG_TABLE_NAME), ".", Field(result, PG_DIAG_COLUMN_NAME));
}

// Only the first sentence of the server: its DETAIL holds values, and so does the sentence about malformed data.
absl::Status Explain(const PGresult* result, std::string_view sql) {
  const std::string state = Field(result, PG_DIAG_SQLSTATE);
  if (absl::StartsWith(state, "23")) return ConstraintBroken(WhichConstraint(result));
  if (state == "53100") return DatabaseFull();
  if (MeansBusy(state)) return Unavailable("DATABASE_BUSY", "the database was too busy to finish this; try again");
  if (absl::StartsWith(state, "22")) return Failed(absl::StrCat("malformed data, SQLSTATE ", state), sql);
  return Failed(absl::StrCat(Field(result, PG_DIAG_MESSAGE_PRIMARY), ", SQLSTATE ", state), sql);
}

// Values as libpq takes them: texts that end with a NUL, and a null pointer for NULL. It reads them during the call.
class Texts {
 public:
  explicit Texts(const std::vector<Value>& values) {
    numbers_.reserve(values.size());  // so that none moves
    for (const Value& value : values) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        texts_.push_back(text->c_str());
      } else if (const auto* number = std::get_if<int64_t>(&value)) {
        texts_.push_back(numbers_.emplace_back(absl::StrCat(*number)).c_str());
      } else {
        texts_.push_back(nullptr);
      }
    }
  }
  int size() const { return static_cast<int>(texts_.size()); }
  const char* const* data() const { return texts_.data(); }

 private:
  std::vector<std::string> numbers_;
  std::vector<const char*> texts_;
};

void AddRows(const PGresult* result, size_t columns, Connection::Rows* rows) {
  const int count = PQntuples(result);
  rows->reserve(rows->size() + static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    std::vector<Cell>& row = rows->emplace_back(columns);
    for (int column = 0; column < static_cast<int>(columns); ++column) {
      if (PQgetisnull(result, i, column) != 0) continue;
      row[static_cast<size_t>(column)].emplace(PQgetvalue(result, i, column),
                                               static_cast<size_t>(PQgetlength(result, i, column)));
    }
  }
}

// A prepared statement.
struct Statement {
  std::string name;  // at the server
  size_t parameters = 0;
};

// A message to the server that is queued.
struct Message {
  enum class Kind { kPrepare, kRun, kText };
  Kind kind = Kind::kText;
  std::string sql;                           // as the caller wrote it
  std::string name = "";                     // of the prepared statement
  std::string numbered = "";                 // kPrepare: what the server gets
  std::vector<Value> values = {};            // kRun
  Connection::Question* question = nullptr;  // whose answer this is
};

bool Send(PGconn* server, const Message& message) {
  switch (message.kind) {
    case Message::Kind::kPrepare:
      return PQsendPrepare(server, message.name.c_str(), message.numbered.c_str(), 0, nullptr) == 1;
    case Message::Kind::kRun: {
      const Texts texts(message.values);
      return PQsendQueryPrepared(server, message.name.c_str(), texts.size(), texts.data(), nullptr, nullptr, 0) == 1;
    }
    case Message::Kind::kText:
      return PQsendQueryParams(server, message.sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
  }
  return false;
}

// Empties the buffer of what is to be sent. Stops early if the connection is lost; the answers then say so.
void Flush(PGconn* server) {
  while (PQflush(server) == 1) {
    pollfd ready{.fd = PQsocket(server), .events = POLLIN | POLLOUT, .revents = 0};
    if (poll(&ready, 1, -1) < 0 && errno != EINTR) return;
    if ((ready.revents & POLLIN) != 0 && PQconsumeInput(server) != 1) return;
  }
}

struct Finish {
  void operator()(PGconn* server) const { PQfinish(server); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};

class PostgresqlConnection final : public Connection {
 public:
  PostgresqlConnection() : Connection(Engine::kPostgresql) {}

  absl::Status Connect(const std::string& connect, std::string* why) {
    server_.reset(PQconnectdb(connect.c_str()));
    if (PQstatus(server_.get()) == CONNECTION_OK && PQsetnonblocking(server_.get(), 1) == 0) return absl::OkStatus();
    if (why != nullptr) *why = absl::StripTrailingAsciiWhitespace(PQerrorMessage(server_.get()));
    return DatabaseGone();
  }

  absl::Status SetUp(Use use) {
    TRY(Once(kSessionSettings, 0, nullptr));
    return use == Use::kWrite ? CheckDurability() : absl::OkStatus();
  }

  absl::StatusOr<int64_t> Run(std::string_view sql, const std::vector<Value>& parameters, size_t columns,
                              Rows* rows) override {
    TRY(Queue(sql, parameters));
    return Go(columns, rows);
  }

  absl::Status Later(std::string_view sql, std::vector<Value> parameters, std::optional<int64_t> must_change) override {
    TRY(Queue(must_change ? MustChange(sql, *must_change) : sql, std::move(parameters)));
    return queued_bytes_ < kQueuedBytesMax ? absl::OkStatus() : Go(0, nullptr).status();
  }

  absl::Status Together(absl::Span<const std::string_view> statements, size_t columns, Rows* rows) override {
    if (spoiled_ && !InTransaction()) {
      TRY(Once(kForget, 0, nullptr));
      statements_.clear();
      spoiled_ = false;
    }
    if (queue_.empty()) return Once(absl::StrJoin(statements, "; "), columns, rows);
    for (std::string_view sql : statements) queue_.push_back({.sql = std::string(sql)});
    return Go(columns, rows).status();
  }

  void RunAll(absl::Span<Question* const> questions) override {
    for (Question* each : questions) {
      const absl::Status queued = Queue(each->sql, *each->parameters);
      each->answer = queued.ok() ? Failed("not run, after an error of another statement", each->sql) : queued;
      if (queued.ok()) queue_.back().question = each;
    }
    Go(0, nullptr).IgnoreError();
  }

  absl::Status Once(std::string_view sql, size_t columns, Rows* rows) override {
    if (!queue_.empty()) TRY(Go(0, nullptr).status());
    ++waits_;
    const absl::Status status = Take(PQexec(server_.get(), std::string(sql).c_str()), sql, columns, rows).status();
    in_doubt_ = lost_;
    return status;
  }

  void Rollback() override {
    for (const Message& message : std::exchange(queue_, {})) NoteSkipped(message);
    queued_bytes_ = 0;
    Connection::Rollback();
  }

  bool InTransaction() override { return PQtransactionStatus(server_.get()) != PQTRANS_IDLE; }

 private:
  // A position that is published and then lost with the power would be used a second time.
  absl::Status CheckDurability() {
    Rows rows;
    TRY(Once("SELECT current_setting('fsync'), current_setting('synchronous_commit')", 2, &rows));
    if (rows.size() != 1) return Failed("no settings", "current_setting");
    if (rows[0][0] == "off") {
      return absl::FailedPreconditionError("PostgreSQL runs with fsync=off: what it answers can be lost");
    }
    if (rows[0][1] == "off" || rows[0][1] == "local") return Once("SET synchronous_commit = on", 0, nullptr);
    return absl::OkStatus();
  }

  absl::Status Queue(std::string_view sql, std::vector<Value> parameters) {
    if (++runs_ > runs_of_plan_) {
      queue_.push_back({.sql = "DISCARD PLANS"});
      runs_ = 0;
      runs_of_plan_ = std::min(2 * runs_of_plan_, kRunsOfPlanMax);
    }
    const Statement statement = Prepared(sql);
    if (statement.parameters != parameters.size()) return Failed(kOtherParameters, sql);
    for (const Value& value : parameters) {
      if (const auto* text = std::get_if<std::string>(&value)) queued_bytes_ += text->size();
    }
    queued_bytes_ += sql.size();
    queue_.push_back({.kind = Message::Kind::kRun,
                      .sql = std::string(sql),
                      .name = statement.name,
                      .values = std::move(parameters)});
    return absl::OkStatus();
  }

  // Queues what prepares the statement, if it is new.
  Statement Prepared(std::string_view sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second;
    if (statements_.size() >= kStatementsMax) {
      queue_.push_back({.sql = std::string(kForget)});
      statements_.clear();
    }
    Statement statement{.name = absl::StrCat("s", ++last_name_)};
    std::string numbered = Numbered(sql, &statement.parameters);
    queue_.push_back({.kind = Message::Kind::kPrepare,
                      .sql = std::string(sql),
                      .name = statement.name,
                      .numbered = std::move(numbered)});
    statements_.emplace(sql, statement);
    return statement;
  }

  // What was queued did not run.
  void NoteSkipped(const Message& message) {
    if (message.kind == Message::Kind::kPrepare) statements_.erase(message.sql);
    if (message.sql == kForget) spoiled_ = true;
  }

  // Sends what is queued and waits for all answers. Returns those of the last, or the first error.
  absl::StatusOr<int64_t> Go(size_t columns, Rows* rows) {
    const std::vector<Message> sent = std::exchange(queue_, {});
    queued_bytes_ = 0;
    ++waits_;
    bool in_pipeline = PQenterPipelineMode(server_.get()) == 1;
    for (const Message& message : sent) in_pipeline = in_pipeline && Send(server_.get(), message);
    if (!in_pipeline || PQpipelineSync(server_.get()) != 1) return Lose(/*in_doubt=*/true);
    Flush(server_.get());
    absl::StatusOr<int64_t> result = 0;
    for (const Message& message : sent) {
      const bool last = &message == &sent.back();
      PGresult* const answer = PQgetResult(server_.get());
      if (answer == nullptr) return Lose(/*in_doubt=*/true);
      if (!result.ok()) {
        PQclear(answer);
      } else {
        const bool named = NamesWhatFailed(Field(answer, PG_DIAG_SQLSTATE));
        Question* const question = message.question;
        result = question != nullptr ? Take(answer, message.sql, question->columns, question->rows)
                                     : Take(answer, message.sql, last ? columns : 0, rows);
        if (question != nullptr) question->answer = result;
        if (lost_) return Lose(/*in_doubt=*/last || !named);
      }
      if (!result.ok()) NoteSkipped(message);
      PQgetResult(server_.get());  // the null after each answer
    }
    const std::unique_ptr<PGresult, Clear> end(PQgetResult(server_.get()));
    const bool ended = PQresultStatus(end.get()) == PGRES_PIPELINE_SYNC && PQexitPipelineMode(server_.get()) == 1;
    return ended ? result : Lose(/*in_doubt=*/true);
  }

  absl::Status Lose(bool in_doubt) {
    lost_ = true;
    in_doubt_ = in_doubt;
    return DatabaseGone();
  }

  absl::StatusOr<int64_t> Take(PGresult* answer, std::string_view sql, size_t columns, Rows* rows) {
    const std::unique_ptr<PGresult, Clear> result(answer);
    const ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      const std::string state = Field(answer, PG_DIAG_SQLSTATE);
      lost_ = lost_ || MeansLost(state) || PQstatus(server_.get()) != CONNECTION_OK;
      spoiled_ = spoiled_ || MeansSpoiled(state);
      return lost_ ? DatabaseGone() : Explain(answer, sql);
    }
    if (static_cast<size_t>(PQnfields(answer)) < columns) return Failed(kTooFewColumns, sql);
    if (columns > 0) AddRows(answer, columns, rows);
    int64_t changed = 0;
    if (!absl::SimpleAtoi(PQcmdTuples(answer), &changed)) changed = 0;  // it says nothing of BEGIN and the like
    return changed;
  }

  std::unique_ptr<PGconn, Finish> server_;
  absl::flat_hash_map<std::string, Statement> statements_;  // by their text
  int64_t last_name_ = 0;
  int runs_ = 0, runs_of_plan_ = kRunsOfPlanFirst;
  std::vector<Message> queue_;
  size_t queued_bytes_ = 0;
  bool spoiled_ = false;  // some of them
};

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> OpenPostgresql(const std::string& connect, Connection::Use use,
                                                           std::string* why) {
  auto connection = std::make_unique<PostgresqlConnection>();
  TRY(connection->Connect(connect, why));
  TRY(connection->SetUp(use));
  return connection;
}

}  // namespace mestring
