// What only SQLite can get wrong.
#include <sqlite3.h>
#include <unistd.h>

#include "tests/conformance/fixture.h"

namespace mestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Somebody at the sqlite3 prompt.
class Prompt {
 public:
  explicit Prompt(const std::string& path) { EXPECT_EQ(sqlite3_open(path.c_str(), &database_), SQLITE_OK); }
  ~Prompt() { sqlite3_close(database_); }
  int Run(const char* sql) { return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr); }
  // Empties the write-ahead log, which waits for nobody and needs that no transaction is open.
  int EmptyLog() { return sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr); }

 private:
  sqlite3* database_ = nullptr;
};

class SqliteTest : public DatabaseFixture {
 public:
  SqliteTest() : DatabaseFixture("sqlite") {}
};

TEST_F(SqliteTest, ASecondOwnerOfTheFileIsRefusedUntilTheFirstIsGone) {
  const auto second = Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use by another process"));
  db_ = nullptr;
  EXPECT_TRUE(Open().ok());
}

TEST_F(SqliteTest, APathThatCannotBeIsSaid) {
  const auto open = [&](const std::string& url) {
    return Database::Open({.url = url, .clock = &clock_, .zone = absl::UTCTimeZone(), .event_source = ""}, {}).status();
  };
  EXPECT_THAT(std::string(open("sqlite:/no/such/folder/test.db").message()), HasSubstr("/no/such/folder"));
  EXPECT_TRUE(absl::IsFailedPrecondition(open("sqlite::memory:")));
  EXPECT_TRUE(absl::IsFailedPrecondition(open("sqlite:")));
  EXPECT_TRUE(absl::IsFailedPrecondition(open("mysql:x")));
}

TEST_F(SqliteTest, APathIsTakenAsItIs) {
  const TempFolder folder;
  const std::string path = absl::StrCat(folder.path(), "/a=b?mode=ro&c=d %41.db");
  const auto opened = Database::Open(
      {.url = "sqlite:" + path, .clock = &clock_, .zone = absl::UTCTimeZone(), .event_source = "/x"}, {});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
}

TEST_F(SqliteTest, NoStatementKeepsATransactionOpen) {
  Prompt prompt(where_.path());
  ASSERT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
  for (const char* sql : {"SELECT id FROM things", "SELECT no_such_column FROM things"}) {
    db_->Read([&](Tx& tx) { return tx.Query<std::string>(sql).status(); }).IgnoreError();
    EXPECT_EQ(prompt.EmptyLog(), SQLITE_OK) << sql;
  }
  for (const char* sql : {"UPDATE things SET number = 2 RETURNING id", "UPDATE things SET number = -2 RETURNING id"}) {
    db_->Write([&](Tx& tx) { return tx.Query<std::string>(sql).status(); }).IgnoreError();
    EXPECT_EQ(prompt.EmptyLog(), SQLITE_OK) << sql;
  }
}

TEST_F(SqliteTest, ALockThatSomebodyKeepsIsSaid) {
  ASSERT_TRUE(db_->Write([](Tx& tx) { return tx.Query<int64_t>("PRAGMA busy_timeout = 0").status(); }).ok());
  Prompt prompt(where_.path());
  ASSERT_EQ(prompt.Run("BEGIN IMMEDIATE"), SQLITE_OK);
  const absl::Status busy = db_->Write([](Tx& tx) { return InsertThing(tx, "a"); });
  EXPECT_TRUE(absl::IsUnavailable(busy)) << busy;
  EXPECT_EQ(ReasonOf(busy), "DATABASE_BUSY");
  ASSERT_EQ(prompt.Run("ROLLBACK"), SQLITE_OK);
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
  EXPECT_THAT(Things(), ElementsAre("a"));
}

TEST_F(SqliteTest, ADamagedFileIsAnErrorOfOurs) {
  db_ = nullptr;
  ASSERT_EQ(Prompt(where_.path())
                .Run("PRAGMA writable_schema = ON;"
                     "UPDATE sqlite_master SET rootpage = 100000 WHERE name = 'things'"),
            SQLITE_OK);
  const absl::Status damaged = Open().status();
  EXPECT_TRUE(absl::IsInternal(damaged)) << damaged;
  EXPECT_THAT(std::string(damaged.message()), HasSubstr("malformed"));
}

TEST_F(SqliteTest, AFullDiskRefusesWritesAndHurtsNothing) {
  // The engine's own limit stands in for the disk's.
  ASSERT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   ASSIGN(auto pages, tx.Query<int64_t>("PRAGMA page_count"));
                   const int64_t limit = std::get<0>(pages.at(0)) + 20;
                   return tx.Query<int64_t>(absl::StrCat("PRAGMA max_page_count = ", limit)).status();
                 })
                  .ok());
  const std::string note(1000, 'x');
  int written = 0;
  absl::Status status;
  while (status.ok() && written < 1000) {
    status = db_->Write([&](Tx& tx) -> absl::Status {
      TRY(tx.Exec("INSERT INTO things (id, number, note) VALUES (:id, 1, :note)", absl::StrCat(written), note)
              .status());
      return PublishChange(tx, written);
    });
    if (status.ok()) ++written;
  }
  EXPECT_GT(written, 3);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "DATABASE_FULL");
  EXPECT_TRUE(db_->healthy());
  EXPECT_EQ(Things().size(), static_cast<size_t>(written));
  // With others in the group, some of whom may find room: nobody is told something that is not so.
  const auto results = InOneGroup({
      [&](Tx& tx) { return InsertThing(tx, "small"); },
      [&](Tx& tx) {
        return tx.Exec("INSERT INTO things (id, number, note) VALUES ('big', 1, :note)", std::string(200'000, 'x'))
            .status();
      },
      [&](Tx& tx) { return InsertThing(tx, "small too"); },
  });
  const auto things = Things();
  const std::string ids[] = {"small", "big", "small too"};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(results[i].ok(), std::find(things.begin(), things.end(), ids[i]) != things.end()) << results[i];
  }

  ASSERT_TRUE(db_->Write([](Tx& tx) { return tx.Query<int64_t>("PRAGMA max_page_count = 100000").status(); }).ok());
  EXPECT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   TRY(InsertThing(tx, "room again"));
                   return PublishChange(tx, 1);
                 })
                  .ok());
  EXPECT_TRUE(db_->Read([](Tx& tx) -> absl::Status {
                   ASSIGN(auto check, tx.Query<std::string>("PRAGMA integrity_check"));
                   EXPECT_EQ(std::get<0>(check.at(0)), "ok");
                   return absl::OkStatus();
                 })
                  .ok());
  EXPECT_EQ(Log().size(), static_cast<size_t>(written) + 1);
}

TEST_F(SqliteTest, CommitsAreDurable) {
  EXPECT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   ASSIGN(auto synchronous, tx.Query<int64_t>("PRAGMA synchronous"));
                   EXPECT_EQ(std::get<0>(synchronous.at(0)), 2);  // FULL
                   ASSIGN(auto mode, tx.Query<std::string>("PRAGMA journal_mode"));
                   EXPECT_EQ(std::get<0>(mode.at(0)), "wal");
                   return absl::OkStatus();
                 })
                  .ok());
}

}  // namespace
}  // namespace mestring
