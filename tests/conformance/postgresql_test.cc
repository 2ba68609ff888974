// What only PostgreSQL can do to us: lose the connection, die and come back, serve several replicas.
#include "tests/conformance/fixture.h"

namespace mestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class PostgresqlTest : public DatabaseFixture {
 public:
  explicit PostgresqlTest(PostgresServer* server = nullptr) : DatabaseFixture("postgresql", server) {}

 protected:
  // Ends every connection to this test's database, from the server's side.
  void CutConnections() {
    std::string cut;
    EXPECT_TRUE(where_.server().Execute(
        absl::StrCat("SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '", where_.name(),
                     "'"),
        &cut));
    EXPECT_NE(cut, "0");
  }
};

TEST_F(PostgresqlTest, AConnectionThatWasLostWhileIdleIsReplacedUnnoticed) {
  ASSERT_TRUE(db_->Ping().ok());
  CutConnections();
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
  CutConnections();
  EXPECT_THAT(Things(), ElementsAre("a"));
  EXPECT_TRUE(db_->healthy());
}

TEST_F(PostgresqlTest, AWriteWhoseConnectionIsLostBeforeTheCommitRunsAgainOnce) {
  int runs = 0;
  const absl::Status status = db_->Write([&](Tx& tx) -> absl::Status {
    TRY(InsertThing(tx, "a"));
    TRY(PublishChange(tx, 1));
    if (++runs == 1) CutConnections();
    return InsertThing(tx, "b");
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 2);
  EXPECT_THAT(Things(), ElementsAre("a", "b"));
  EXPECT_THAT(Changes(Log()), SizeIs(1));

  runs = 0;
  const absl::Status hopeless = db_->Write([&](Tx& tx) -> absl::Status {
    ++runs;
    CutConnections();
    return InsertThing(tx, "c");
  });
  EXPECT_TRUE(absl::IsUnavailable(hopeless)) << hopeless;
  EXPECT_EQ(runs, 2);
  EXPECT_FALSE(db_->healthy());
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "d"); }).ok());
  EXPECT_TRUE(db_->healthy());
  EXPECT_THAT(Things(), ElementsAre("a", "b", "d"));
}

TEST_F(PostgresqlTest, AWriterThatLostItsConnectionBeginsANewEpochBeforeItGivesOutAPosition) {
  const auto started = db_->StartEpoch(0, "start");
  ASSERT_TRUE(started.ok());
  ASSERT_TRUE(db_->Write([](Tx& tx) { return PublishChange(tx, 1); }).ok());
  CutConnections();
  ASSERT_TRUE(db_->Write([](Tx& tx) { return PublishChange(tx, 2); }).ok());
  ASSERT_TRUE(db_->Write([](Tx& tx) { return PublishChange(tx, 3); }).ok());
  const auto log = Log();
  std::vector<std::string> cursors;
  for (const auto& entry : log) cursors.push_back(entry.cursor());
  const int64_t epoch = started->epoch;
  EXPECT_THAT(cursors, ElementsAre(absl::StrCat(epoch, "-0"), absl::StrCat(epoch, "-1"), absl::StrCat(epoch + 1, "-1"),
                                   absl::StrCat(epoch + 1, "-2"), absl::StrCat(epoch + 1, "-3")));
}

TEST_F(PostgresqlTest, AGroupWhoseConnectionIsLostRunsAgainAsAWhole) {
  std::atomic<int> runs{0};
  const auto results = InOneGroup({
      [&](Tx& tx) -> absl::Status {
        TRY(InsertThing(tx, "a"));
        return PublishChange(tx, 1);
      },
      [&](Tx& tx) -> absl::Status {
        if (++runs == 1) CutConnections();
        return InsertThing(tx, "first");  // refused by its constraint
      },
      [&](Tx& tx) -> absl::Status {
        TRY(InsertThing(tx, "c"));
        return PublishChange(tx, 3);
      },
  });
  EXPECT_TRUE(results[0].ok()) << results[0];
  EXPECT_EQ(ReasonOf(results[1]), "CONSTRAINT");
  EXPECT_TRUE(results[2].ok()) << results[2];
  EXPECT_THAT(Things(), ElementsAre("a", "c"));
  EXPECT_THAT(Changes(Log()), SizeIs(2));
}

TEST_F(PostgresqlTest, TwoReplicasShareOneSequenceOfPositions) {
  constexpr int kThreads = 6, kWrites = 40;
  auto opened = Open();
  ASSERT_TRUE(opened.ok()) << opened.status();
  const std::unique_ptr<Database> other = *std::move(opened);
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int t = 0; t < 2 * kThreads; ++t) {
    threads.emplace_back([&, t] {
      Database& db = t % 2 == 0 ? *db_ : *other;
      for (int i = 0; i < kWrites; ++i) {
        const absl::Status status = db.Write([&](Tx& tx) -> absl::Status {
          ASSIGN(auto count, tx.Query<int64_t>("SELECT COUNT(*) FROM things"));
          TRY(InsertThing(tx, absl::StrCat(t, "-", i)));
          TRY(PublishChange(tx, std::get<0>(count.at(0))));
          return i % 5 == 4 ? Refused("TEST", "not this time") : absl::OkStatus();
        });
        if (status.ok() == (i % 5 == 4)) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  const auto log = Log(*other);
  ASSERT_THAT(log, SizeIs(2 * kThreads * kWrites * 4 / 5));
  for (size_t i = 0; i < log.size(); ++i) {
    ASSERT_EQ(log[i].cursor(), absl::StrCat("0-", i + 1));
    ASSERT_EQ(log[i].subject_version(), static_cast<int64_t>(i) + 1);
  }
}

TEST_F(PostgresqlTest, ReplicasThatStartTogetherMigrateOnce) {
  db_ = nullptr;
  TestDatabase fresh("postgresql");
  std::vector<std::future<absl::Status>> starts;
  for (int i = 0; i < 4; ++i) {
    starts.push_back(std::async(std::launch::async, [&] {
      return Database::Open({.url = fresh.url(), .clock = &clock_, .zone = absl::UTCTimeZone(), .event_source = "/x"},
                            kThings)
          .status();
    }));
  }
  for (auto& start : starts) {
    const absl::Status status = start.get();
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST_F(PostgresqlTest, FailedStatementsDoNotPileUpAtTheServer) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(ReasonOf(db_->Write([](Tx& tx) { return InsertThing(tx, "first"); })), "CONSTRAINT");
  }
  EXPECT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   ASSIGN(auto kept, tx.Query<int64_t>("SELECT COUNT(*) FROM pg_prepared_statements"));
                   EXPECT_LT(std::get<0>(kept.at(0)), 10);
                   return absl::OkStatus();
                 })
                  .ok());
}

TEST_F(PostgresqlTest, AStatementIsPreparedAnewAfterTheSchemaChanged) {
  const auto numbers = [&] {
    return db_->Read([](Tx& tx) { return tx.Query<int64_t>("SELECT number FROM things").status(); });
  };
  ASSERT_TRUE(numbers().ok());
  // As another replica's migration would: what the query returns is of another type now.
  ASSERT_TRUE(
      db_->Write([](Tx& tx) { return tx.Exec("ALTER TABLE things ALTER COLUMN number TYPE NUMERIC").status(); }).ok());
  const absl::Status refused = numbers();
  EXPECT_TRUE(absl::IsInternal(refused)) << refused;
  const absl::Status status = numbers();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(PostgresqlTest, EachSqlstateHasItsStatus) {
  const struct {
    std::string_view state;
    absl::StatusCode code;
    std::string_view reason;
  } kStates[] = {
      {"23505", absl::StatusCode::kAlreadyExists, "CONSTRAINT"},
      {"53100", absl::StatusCode::kResourceExhausted, "DATABASE_FULL"},
      {"55P03", absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
      {"57014", absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
      {"40P01", absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
      {"40001", absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
      {"08006", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
      {"57P01", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
      {"53300", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
      {"25006", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
      {"25P03", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
      {"22P02", absl::StatusCode::kInternal, ""},
      {"XX001", absl::StatusCode::kInternal, ""},
  };
  for (const auto& [state, code, reason] : kStates) {
    const std::string raise =
        absl::StrCat("DO $$ BEGIN RAISE EXCEPTION 'of the test' USING ERRCODE = '", state, "'; END $$");
    const absl::Status status = db_->Write([&](Tx& tx) { return tx.Exec(raise).status(); });
    EXPECT_EQ(status.code(), code) << state << ": " << status;
    EXPECT_EQ(ReasonOf(status), reason) << state << ": " << status;
  }
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
}

TEST_F(PostgresqlTest, ASessionHasItsLimits) {
  const auto check = [](Tx& tx) -> absl::Status {
    for (const auto& [name, value] :
         {std::pair("statement_timeout", "30s"), std::pair("lock_timeout", "15s"),
          std::pair("idle_in_transaction_session_timeout", "10s"), std::pair("jit", "off")}) {
      ASSIGN(const auto rows, tx.Query<std::string>("SELECT current_setting(:name)", name));
      EXPECT_EQ(std::get<0>(rows.at(0)), value) << name;
    }
    return absl::OkStatus();
  };
  EXPECT_TRUE(db_->Write(check).ok());
  EXPECT_TRUE(db_->Read(check).ok());
}

TEST_F(PostgresqlTest, ManyStatementsDoNotPileUpAtTheServer) {
  const absl::Status status = db_->Write([](Tx& tx) -> absl::Status {
    for (int i = 0; i < 1000; ++i) TRY(tx.Query<int64_t>(absl::StrCat("SELECT ", i)).status());
    ASSIGN(const auto kept, tx.Query<int64_t>("SELECT COUNT(*) FROM pg_prepared_statements"));
    EXPECT_LE(std::get<0>(kept.at(0)), 400);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(PostgresqlTest, AServerThatIsNotThereIsSaidWithTheReason) {
  const auto open = [&](const std::string& url) {
    return Database::Open({.url = url, .clock = &clock_, .zone = absl::UTCTimeZone(), .event_source = ""}, {}).status();
  };
  const absl::Status gone = open("postgresql://postgres@127.0.0.1:1/postgres");
  EXPECT_TRUE(absl::IsUnavailable(gone)) << gone;
  const absl::Status unnamed = open(where_.server().Url("no_such_database"));
  EXPECT_TRUE(absl::IsUnavailable(unnamed)) << unnamed;
  EXPECT_THAT(std::string(unnamed.message()), HasSubstr("no_such_database"));
}

// A server of its own, to be killed. A base of its own too, the first: the test's database is removed from it at the
// end, so it must outlive the fixture.
struct OwnServer {
  std::unique_ptr<PostgresServer> server_ = std::make_unique<PostgresServer>();
};
class OwnServerTest : protected OwnServer, public PostgresqlTest {
 public:
  OwnServerTest() : PostgresqlTest(server_.get()) {}
};

TEST_F(OwnServerTest, AServerThatDiesIsUnavailableAndNothingAnsweredIsLost) {
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0}, unavailable{0}, other{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        const absl::Status status = db_->Write([&](Tx& tx) -> absl::Status {
          TRY(InsertThing(tx, absl::StrCat(t, "-", i)));
          return PublishChange(tx, 1, absl::StrCat(t, "-", i));
        });
        ++(status.ok() ? answered : absl::IsUnavailable(status) ? unavailable : other);
        if (!status.ok()) std::this_thread::yield();
      }
    });
  }
  EXPECT_TRUE(WaitUntil([&] { return answered > 50; }));
  server_->Kill();
  EXPECT_TRUE(WaitUntil([&] { return unavailable > 4; }));
  EXPECT_FALSE(db_->healthy());
  EXPECT_TRUE(absl::IsUnavailable(db_->Ping()));
  server_->Start();
  const int before = answered;
  EXPECT_TRUE(WaitUntil([&] { return answered > before + 50; }));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(other, 0);
  EXPECT_TRUE(db_->healthy());
  // One write per answer, and at most one more for each that was told it is unknown.
  const auto log = Changes(Log());
  EXPECT_GE(log.size(), static_cast<size_t>(answered));
  EXPECT_LE(log.size(), static_cast<size_t>(answered + unavailable));
  EXPECT_EQ(log.size(), Things().size());
  for (size_t i = 0; i < log.size(); ++i) {
    const auto cursor = ParseCursor(log[i].cursor());
    ASSERT_TRUE(cursor.ok());
    ASSERT_EQ(cursor->position, static_cast<int64_t>(i) + 1);
  }
}

TEST_F(OwnServerTest, AServerThatLosesWhatItAnsweredIsRefused) {
  db_ = nullptr;
  ASSERT_TRUE(server_->Execute("ALTER SYSTEM SET fsync = off"));
  server_->Restart();
  const auto unsafe = Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(unsafe.status())) << unsafe.status();
  ASSERT_TRUE(server_->Execute("ALTER SYSTEM RESET fsync"));
  ASSERT_TRUE(server_->Execute("ALTER SYSTEM SET synchronous_commit = off"));
  server_->Restart();
  Reopen();
  EXPECT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   ASSIGN(auto setting, tx.Query<std::string>("SELECT current_setting('synchronous_commit')"));
                   EXPECT_EQ(std::get<0>(setting.at(0)), "on");
                   return absl::OkStatus();
                 })
                  .ok());
}

}  // namespace
}  // namespace mestring
