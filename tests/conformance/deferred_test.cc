// Deferred statements on PostgreSQL: what is sent together, what an error in it spoils, and what is known of a commit
// whose connection is lost.
#include "common/store/connection.h"
#include "common/store/write_queue.h"
#include "tests/conformance/fixture.h"

namespace mestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::string_view kInsert = "INSERT INTO things (id, number) VALUES (:id, :number)";
// A statement that ends its own connection, from the server's side.
constexpr std::string_view kDie = "SELECT pg_terminate_backend(pg_backend_pid())";

class DeferredTest : public DatabaseFixture {
 public:
  DeferredTest() : DatabaseFixture("postgresql") {}

 protected:
  void SetUp() override {
    DatabaseFixture::SetUp();
    const auto target = ParseUrl(where_.url());
    ASSERT_TRUE(target.ok()) << target.status();
    auto connection = Connection::Open(*target, Connection::Use::kWrite);
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = *std::move(connection);
  }

  absl::Status InsertLater(std::string_view id, int64_t number = 1) {
    return connection_->Later(kInsert, Bind(id, number));
  }

  // The first value of a query.
  std::string Ask(std::string_view sql) {
    Connection::Rows rows;
    const auto status = connection_->Run(sql, {}, 1, &rows);
    EXPECT_TRUE(status.ok()) << status.status();
    return rows.empty() ? "nothing" : rows[0][0].value_or("NULL");
  }

  std::unique_ptr<Connection> connection_;
};

TEST_F(DeferredTest, AQuerySeesWhatWasDeferredAndWaitsOnce) {
  ASSERT_TRUE(connection_->Together({"BEGIN"}).ok());
  const int64_t before = connection_->waits();
  for (const char* id : {"a", "b", "c"}) EXPECT_TRUE(InsertLater(id).ok());
  EXPECT_TRUE(connection_->Later("UPDATE things SET number = number + 6 WHERE id <> :id", Bind("first"), 3).ok());
  EXPECT_EQ(connection_->waits(), before);
  EXPECT_EQ(Ask("SELECT SUM(number) FROM things"), "21");
  EXPECT_EQ(connection_->waits(), before + 1);
  EXPECT_TRUE(InsertLater("d").ok());
  EXPECT_TRUE(connection_->Together({"COMMIT"}).ok());
  EXPECT_EQ(connection_->waits(), before + 2);
  EXPECT_FALSE(connection_->InTransaction());
  EXPECT_THAT(Things(), ElementsAre("a", "b", "c", "d"));
}

TEST_F(DeferredTest, AnErrorBeforeTheCommitNeverCommits) {
  const struct {
    std::string_view sql;
    std::optional<int64_t> must_change;
    std::string_view reason;
  } kCases[] = {
      {"INSERT INTO things (id, number) VALUES ('first', 1)", std::nullopt, "CONSTRAINT"},
      {"UPDATE things SET number = 5 WHERE id = 'nobody'", 1, ""},
      {"UPDATE things SET number = 5", 1, ""},
      {"DELETE FROM no_such_table", std::nullopt, ""},
  };
  for (const auto& [sql, must_change, reason] : kCases) {
    ASSERT_TRUE(connection_->Together({"BEGIN"}).ok());
    EXPECT_TRUE(InsertLater("a").ok());
    EXPECT_TRUE(connection_->Later(sql, {}, must_change).ok());
    EXPECT_TRUE(InsertLater("b").ok());
    const absl::Status status = connection_->Together({"COMMIT"});
    EXPECT_FALSE(status.ok()) << sql;
    EXPECT_EQ(ReasonOf(status), reason) << status;
    if (reason.empty()) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(sql));
    }
    EXPECT_FALSE(connection_->lost());
    EXPECT_TRUE(connection_->InTransaction()) << "the COMMIT was skipped";
    connection_->Rollback();
    EXPECT_EQ(Ask("SELECT COUNT(*) FROM things WHERE id <> 'first' OR number <> 0"), "0") << sql;
  }
}

TEST_F(DeferredTest, WhatIsQueuedIsForgottenByARollback) {
  ASSERT_TRUE(connection_->Together({"BEGIN"}).ok());
  EXPECT_TRUE(InsertLater("a").ok());
  EXPECT_TRUE(InsertLater("first").ok());  // would fail
  connection_->Rollback();
  EXPECT_FALSE(connection_->lost());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM things"), "1");
  // It was never prepared at the server either.
  EXPECT_TRUE(InsertLater("b").ok());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM things"), "2");
}

TEST_F(DeferredTest, AStatementThatWasSkippedBeforeItWasPreparedIsPreparedAgain) {
  ASSERT_TRUE(connection_->Together({"BEGIN"}).ok());
  EXPECT_TRUE(connection_->Later("DELETE FROM no_such_table", {}).ok());
  EXPECT_TRUE(InsertLater("a").ok());
  EXPECT_FALSE(connection_->Run("SELECT 1", {}).ok());
  connection_->Rollback();
  EXPECT_TRUE(InsertLater("a").ok());
  EXPECT_EQ(Ask("SELECT 1"), "1");
  EXPECT_THAT(Things(), ElementsAre("a"));
}

TEST_F(DeferredTest, ManyDeferredStatementsDoNotPileUpAtTheServer) {
  ASSERT_TRUE(connection_->Together({"BEGIN"}).ok());
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(connection_->Later(absl::StrCat("UPDATE things SET number = ", i), {}, 1).ok());
  }
  EXPECT_EQ(Ask("SELECT number FROM things"), "999");
  EXPECT_LE(std::stoi(Ask("SELECT COUNT(*) FROM pg_prepared_statements")), 400);
  // Also not if the server skipped the statement that releases them.
  EXPECT_TRUE(connection_->Later("DELETE FROM no_such_table", {}).ok());
  for (int i = 1000; i < 2000; ++i) {
    EXPECT_TRUE(connection_->Later(absl::StrCat("UPDATE things SET number = ", i), {}, 1).ok());
  }
  EXPECT_FALSE(connection_->Run("SELECT 1", {}).ok());
  connection_->Rollback();
  ASSERT_TRUE(connection_->Together({"BEGIN"}).ok());
  EXPECT_LT(std::stoi(Ask("SELECT COUNT(*) FROM pg_prepared_statements")), 10);
}

// More than sockets and the server's buffers hold, in both directions.
TEST_F(DeferredTest, MuchThatIsDeferredDoesNotBlock) {
  ASSERT_TRUE(connection_->Together({"BEGIN"}).ok());
  const std::string long_note(1000, 'x');
  const int64_t before = connection_->waits();
  for (int i = 0; i < 20'000; ++i) {
    EXPECT_TRUE(
        connection_
            ->Later("INSERT INTO things (id, number, note) VALUES (:id, 1, :note)", Bind(absl::StrCat(i), long_note))
            .ok());
  }
  EXPECT_LT(connection_->waits() - before, 40);
  EXPECT_GT(connection_->waits() - before, 10) << "what is queued is bounded";
  const std::string big(5 << 20, 'x');
  for (const char* id : {"a", "b"}) {
    EXPECT_TRUE(connection_->Later("UPDATE things SET note = :note WHERE id = 'first'", Bind(big), 1).ok()) << id;
  }
  for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(connection_->Later("SELECT 1", {}).ok());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM things"), "20001");
  EXPECT_EQ(Ask("SELECT LENGTH(note) FROM things WHERE id = 'first'"), absl::StrCat(5 << 20));
}

// A table that has one row when a service starts is read as a whole, which is right then and slow when it has grown.
TEST_F(DeferredTest, APlanThatWasMadeForASmallTableIsNotKept) {
  constexpr std::string_view kQuery = "SELECT number FROM things WHERE id = :id";
  const auto run = [&](int times) {
    for (int i = 0; i < times; ++i) EXPECT_TRUE(connection_->Run(kQuery, Bind("first")).ok());
  };
  const auto plan = [&] {
    const std::string name = Ask("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%FROM things WHERE%'");
    Connection::Rows rows;
    EXPECT_TRUE(connection_->Once(absl::StrCat("EXPLAIN EXECUTE ", name, "('first')"), 1, &rows).ok());
    return rows.at(0).at(0).value_or("");
  };
  EXPECT_TRUE(connection_->Once("ANALYZE things").ok());
  run(20);
  ASSERT_THAT(plan(), HasSubstr("Seq Scan"));
  EXPECT_TRUE(connection_->Once("INSERT INTO things (id, number) SELECT i, 1 FROM generate_series(1, 20000) i").ok());
  ASSERT_THAT(plan(), HasSubstr("Seq Scan")) << "the server keeps the plan";
  run(Connection::kRunsOfPlanMax);
  EXPECT_THAT(plan(), HasSubstr("Index"));
}

TEST_F(DeferredTest, AGroupOfWritesWaitsTwice) {
  std::vector<std::function<absl::Status(Tx&)>> writes;
  for (int i = 0; i < WriteQueue::kGroupMax; ++i) {
    writes.push_back([i](Tx& tx) -> absl::Status {
      TRY(tx.ExecLater(kInsert, absl::StrCat("thing-", i), i));
      TRY(tx.InsertLater("parts (thing_id)", "first"));
      TRY(tx.Schedule("kind", absl::StrCat(i), tx.now()));
      TRY(tx.CancelTimer("kind", absl::StrCat(i / 2)));
      return PublishChange(tx, i);
    });
  }
  const auto before = db_->counts();
  for (const absl::Status& status : InOneGroup(writes)) EXPECT_TRUE(status.ok()) << status;
  const auto after = db_->counts();
  EXPECT_EQ(after.commits - before.commits, 2) << "the one that held the door, and the group";
  EXPECT_EQ(after.waits - before.waits, 2 * 2);
  EXPECT_THAT(Things(), SizeIs(WriteQueue::kGroupMax));
  EXPECT_THAT(Log(), SizeIs(WriteQueue::kGroupMax));
}

TEST_F(DeferredTest, ASingleWriteWaitsTwice) {
  const auto before = db_->counts();
  EXPECT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   TRY(tx.ExecLater(kInsert, "a", 1));
                   TRY(tx.ExecOneLater("UPDATE things SET number = 2 WHERE id = :id", Bind("a")).status());
                   return PublishChange(tx, 1);
                 })
                  .ok());
  EXPECT_EQ(db_->counts().waits - before.waits, 2);
  EXPECT_THAT(Things(), ElementsAre("a"));
}

TEST_F(DeferredTest, ADeferredErrorIsOfItsOwnWriteAndNamesItsConstraint) {
  const auto add = [](const char* id, int64_t number = 1) {
    return [id, number](Tx& tx) -> absl::Status {
      TRY(PublishChange(tx, 1));
      return tx.ExecLater(kInsert, id, number);
    };
  };
  EXPECT_EQ(MetadataOf(db_->Write(add("first")))["constraint"], "things_pkey");
  const auto look = [](Tx& tx) { return tx.Query<std::string>("SELECT id FROM things").status(); };
  const auto results = InOneGroup({add("a"), add("a"), look, add("b", -1), add("c")});
  for (size_t i : {0, 2, 4}) EXPECT_TRUE(results[i].ok()) << i << ": " << results[i];
  EXPECT_EQ(MetadataOf(results[1])["constraint"], "things_pkey") << results[1];
  EXPECT_EQ(MetadataOf(results[3])["constraint"], "things_number_check") << results[3];
  EXPECT_THAT(Things(), ElementsAre("a", "c"));
  EXPECT_THAT(Log(), SizeIs(2));
}

TEST_F(DeferredTest, AWriteThatFailsAfterItDeferredLeavesNothing) {
  int runs = 0;
  const absl::Status status = db_->Write([&](Tx& tx) -> absl::Status {
    ++runs;
    TRY(tx.ExecLater(kInsert, "a", 1));
    TRY(PublishChange(tx, 1));
    return Refused("TEST", "not this time");
  });
  EXPECT_EQ(ReasonOf(status), "TEST");
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(Things(), SizeIs(0));
}

// As if it had waited for each statement.
TEST_F(DeferredTest, AWriteWhoseDeferredStatementFailsIsNotToldWhatItSaidAfterwards) {
  const auto refuse = [](absl::Status deferred) { return deferred.ok() ? Refused("TEST", "after it") : deferred; };
  EXPECT_EQ(ReasonOf(db_->Write([&](Tx& tx) { return refuse(tx.ExecLater(kInsert, "first", 1)); })), "CONSTRAINT");
  EXPECT_EQ(ReasonOf(db_->Write([&](Tx& tx) { return refuse(tx.InsertLater("things (id, number)", "first", 1)); })),
            "CONSTRAINT");
  EXPECT_EQ(ReasonOf(db_->Write([&](Tx& tx) -> absl::Status {
              TRY(tx.ExecLater(kInsert, "first", 1));
              return refuse(tx.Query<int64_t>("SELECT COUNT(*) FROM things").status());
            })),
            "CONSTRAINT");
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
}

// The server says which statement it did not run, so the COMMIT behind it has not run either.
TEST_F(DeferredTest, AConnectionThatDiesBetweenDeferredStatementsAndTheirCommitRunsTheGroupAgain) {
  std::atomic<int> deaths{0};
  const auto results = InOneGroup({
      [&](Tx& tx) -> absl::Status {
        TRY(tx.ExecLater(kInsert, "a", 1));
        if (++deaths == 1) TRY(tx.ExecLater(kDie));
        return PublishChange(tx, 1);
      },
      [&](Tx& tx) -> absl::Status {
        TRY(tx.ExecLater(kInsert, "b", 1));
        return PublishChange(tx, 2);
      },
  });
  for (const absl::Status& status : results) EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(deaths, 2) << "it has not died";
  EXPECT_THAT(Things(), ElementsAre("a", "b"));
  EXPECT_THAT(Changes(Log()), SizeIs(2));
  EXPECT_THAT(Log(), SizeIs(3)) << "a connection was lost, so an epoch begins";
}

TEST_F(DeferredTest, AConnectionThatAlwaysDiesBeforeTheCommitIsUnavailable) {
  int runs = 0;
  const absl::Status status = db_->Write([&](Tx& tx) -> absl::Status {
    ++runs;
    TRY(tx.ExecLater(kInsert, "a", 1));
    return tx.ExecLater(kDie);
  });
  EXPECT_EQ(ReasonOf(status), "DATABASE_UNAVAILABLE") << status;
  EXPECT_EQ(runs, 2);
  EXPECT_FALSE(db_->healthy());
  EXPECT_THAT(Things(), SizeIs(0));
}

// Nobody knows whether a COMMIT that got no answer was run, so the function does not run again.
TEST_F(DeferredTest, AConnectionThatDiesInTheCommitIsUnknown) {
  ASSERT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   TRY(tx.Exec("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                               " PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$")
                           .status());
                   return tx
                       .Exec(
                           "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON parts DEFERRABLE INITIALLY DEFERRED"
                           " FOR EACH ROW EXECUTE FUNCTION die()")
                       .status();
                 })
                  .ok());
  int runs = 0;
  const absl::Status status = db_->Write([&](Tx& tx) -> absl::Status {
    ++runs;
    TRY(tx.ExecLater(kInsert, "a", 1));
    return tx.ExecLater("INSERT INTO parts (thing_id) VALUES (:id)", "a");
  });
  EXPECT_EQ(ReasonOf(status), "DATABASE_UNAVAILABLE") << status;
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(db_->healthy());
  EXPECT_TRUE(db_->Write([](Tx& tx) { return tx.ExecLater(kInsert, "b", 1); }).ok());
}

}  // namespace
}  // namespace mestring
