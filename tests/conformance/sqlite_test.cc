// What only SQLite can get wrong.
#include "tests/conformance/fixture.h"

namespace mestring {
namespace {

using testing::HasSubstr;

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
