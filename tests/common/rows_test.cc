// Every kind of field goes to its column and comes back.
#include "common/store/rows.h"

#include <gmock/gmock.h>

#include "common/store/records.h"
#include "tests/conformance/fixture.h"

namespace mestring {

MESTRING_TABLE(sample::v1::Sample, "samples", "sample", "free_places");

namespace {

using sample::v1::Sample;
using testing::Contains;

constexpr Migration kSamples[] = {{1, "0001_samples",
                                   "CREATE TABLE samples (id TEXT PRIMARY KEY, version BIGINT NOT NULL, state TEXT,"
                                   " create_time BIGINT, update_time BIGINT, due_time BIGINT, note TEXT,"
                                   " urgent BIGINT NOT NULL, count BIGINT NOT NULL, part TEXT, parts TEXT, tags TEXT,"
                                   " states TEXT, amounts TEXT, nickname TEXT, limit_ore BIGINT);\n"}};

class RowsTest : public EachEngine {
 protected:
  void SetUp() override { Reopen(kSamples); }

  Sample Full() {
    Sample row;
    row.set_id("a");
    row.set_state(sample::v1::SAMPLE_STATE_OPEN);
    *row.mutable_due_time() = ToProto(clock_.Now() + absl::Microseconds(123456));
    row.set_note("«æøå» \"quoted\" {brace}");
    row.set_urgent(true);
    row.set_count(-3);
    row.mutable_part()->set_code("x\"}");
    row.mutable_part()->set_amount_ore(1LL << 60);
    row.mutable_part()->set_state(sample::v1::SAMPLE_STATE_CLOSED);
    row.add_parts()->set_code("one");
    row.add_parts();
    row.add_tags("first, second");
    row.add_tags("");
    row.add_states(sample::v1::SAMPLE_STATE_CLOSED);
    row.add_states(sample::v1::SAMPLE_STATE_OPEN);
    (*row.mutable_amounts())["rent"] = 500000;
    row.set_nickname("");
    row.set_limit_ore(0);
    return row;
  }

  Sample LoadOne(std::string_view id) {
    Sample loaded;
    const absl::Status status = db_->Read([&](Tx& tx) -> absl::Status {
      ASSIGN(loaded, Load<Sample>(tx, id));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return loaded;
  }

  // Rows by id, with what lists are ordered by.
  void InsertAll(const std::vector<std::tuple<std::string, int, int>>& rows) {
    const absl::Status status = db_->Write([&](Tx& tx) -> absl::Status {
      for (const auto& [id, limit, hour] : rows) {
        Sample row = Full();
        row.set_id(id);
        row.set_limit_ore(limit);
        *row.mutable_due_time() = ToProto(clock_.Now() + absl::Hours(hour));
        TRY(Insert(tx, row));
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  }

  // The ids of a list, read in pages of two: "a b | c".
  enum Order { kUp, kDown };
  std::string InPages(std::string_view key, bool then_by_id, Order order, const Filter& filter = Filter()) {
    std::string shown, token;
    do {
      const Paging paging = {
          .size = 2, .token = token, .key = key, .then_by_id = then_by_id, .descending = order == kDown};
      google::protobuf::RepeatedPtrField<Sample> rows;
      std::string next;
      const absl::Status status =
          db_->Read([&](Tx& tx) -> absl::Status { return Page(tx, filter, paging, &rows, &next); });
      if (!status.ok()) return status.ToString();
      for (const Sample& row : rows) absl::StrAppend(&shown, row.id(), " ");
      token = next;
      if (!token.empty()) shown += "| ";
    } while (!token.empty());
    return shown;
  }

  // The columns of the one row, as stored.
  std::vector<Cell> Stored(std::string_view columns, int count) {
    std::vector<Cell> cells;
    const absl::Status status = db_->Read([&](Tx& tx) -> absl::Status {
      ASSIGN(auto rows, tx.QueryCells(absl::StrCat("SELECT ", columns, " FROM samples"), {}, count));
      cells = rows.at(0);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return cells;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, RowsTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(RowsTest, EveryKindOfFieldComesBack) {
  Sample row = Full();
  ASSERT_TRUE(db_->Write([&](Tx& tx) { return Insert(tx, row); }).ok());
  EXPECT_EQ(row.version(), 1);
  EXPECT_EQ(FromProto(row.create_time()), clock_.Now());
  const Sample loaded = LoadOne("a");
  EXPECT_EQ(loaded.DebugString(), row.DebugString());
  EXPECT_TRUE(loaded.has_nickname());
  EXPECT_TRUE(loaded.has_limit_ore());
}

TEST_P(RowsTest, WhatIsUnsetIsNullAndStaysUnset) {
  Sample row;
  row.set_id("a");
  ASSERT_TRUE(db_->Write([&](Tx& tx) { return Insert(tx, row); }).ok());
  const Sample loaded = LoadOne("a");
  EXPECT_EQ(loaded.DebugString(), row.DebugString());
  EXPECT_FALSE(loaded.has_nickname());
  EXPECT_FALSE(loaded.has_limit_ore());
  EXPECT_FALSE(loaded.has_due_time());
  for (const Cell& cell :
       Stored("state, due_time, note, part, parts, tags, states, amounts, nickname, limit_ore", 10)) {
    EXPECT_EQ(cell, std::nullopt);
  }
}

TEST_P(RowsTest, AListIsJsonWithTheNamesOfTheContract) {
  Sample row = Full();
  ASSERT_TRUE(db_->Write([&](Tx& tx) { return Insert(tx, row); }).ok());
  const auto cells = Stored("state, part, tags, states, urgent", 5);
  EXPECT_EQ(cells[0], "SAMPLE_STATE_OPEN");
  EXPECT_EQ(cells[1], R"({"code":"x\"}","amount_ore":"1152921504606846976","state":"SAMPLE_STATE_CLOSED"})");
  EXPECT_EQ(cells[2], R"(["first, second",""])");
  EXPECT_EQ(cells[3], R"(["SAMPLE_STATE_CLOSED","SAMPLE_STATE_OPEN"])");
  EXPECT_EQ(cells[4], "1");
}

TEST_P(RowsTest, SavingNeedsTheVersionThatWasLoaded) {
  Sample row = Full();
  ASSERT_TRUE(db_->Write([&](Tx& tx) { return Insert(tx, row); }).ok());
  Sample old = row;
  clock_.Advance(absl::Minutes(1));
  row.clear_tags();
  row.set_state(sample::v1::SAMPLE_STATE_CLOSED);
  ASSERT_TRUE(db_->Write([&](Tx& tx) { return Save(tx, row); }).ok());
  EXPECT_EQ(row.version(), 2);
  EXPECT_EQ(LoadOne("a").DebugString(), row.DebugString());
  EXPECT_EQ(FromProto(row.update_time()) - FromProto(row.create_time()), absl::Minutes(1));
  const auto save_old = [&old](Tx& tx) {
    Sample again = old;
    return Save(tx, again);
  };
  EXPECT_EQ(ReasonOf(db_->Write(save_old)), "STALE_VERSION");
  EXPECT_EQ(LoadOne("a").DebugString(), row.DebugString());
}

// Two load the same version: the second changes no row, and only the second is told so.
TEST_P(RowsTest, AStaleVersionIsOfItsOwnWriteInAGroup) {
  Sample row = Full();
  ASSERT_TRUE(db_->Write([&](Tx& tx) { return Insert(tx, row); }).ok());
  const auto save = [&row](const char* note) {
    return [&row, note](Tx& tx) -> absl::Status {
      Sample changed = row;
      changed.set_note(note);
      return Save(tx, changed);
    };
  };
  const auto add = [&row](const char* id) {
    return [&row, id](Tx& tx) -> absl::Status {
      Sample added = row;
      added.set_id(id);
      return Insert(tx, added);
    };
  };
  const auto results = InOneGroup({add("b"), save("first"), save("second"), add("c")});
  for (size_t i : {0, 1, 3}) EXPECT_TRUE(results[i].ok()) << results[i];
  EXPECT_EQ(ReasonOf(results[2]), "STALE_VERSION") << results[2];
  EXPECT_EQ(LoadOne("a").note(), "first");
  EXPECT_EQ(LoadOne("a").version(), 2);
  EXPECT_EQ(LoadOne("b").version(), 1);
  EXPECT_EQ(LoadOne("c").version(), 1);
}

TEST_P(RowsTest, RowsAreSelectedByParameters) {
  const absl::Status status = db_->Write([&](Tx& tx) -> absl::Status {
    for (const char* id : {"a", "b", "c"}) {
      Sample row = Full();
      row.set_id(id);
      row.set_count(id[0]);
      TRY(Insert(tx, row));
    }
    ASSIGN(const auto rows,
           Select<Sample>(tx, "WHERE count > :count AND state = :state ORDER BY id DESC", 'a', "SAMPLE_STATE_OPEN"));
    EXPECT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].id(), "c");
    EXPECT_TRUE(absl::IsNotFound(Load<Sample>(tx, "nobody").status()));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(RowsTest, AListIsReadInPagesInTheOrderOfAField) {
  InsertAll({{"c", 9, 1}, {"a", 10, 2}, {"e", -3, 1}, {"b", 0, 1}, {"d", 100, 2}});
  EXPECT_EQ(InPages("id", false, kUp), "a b | c d | e ");
  EXPECT_EQ(InPages("id", false, kDown), "e d | c b | a ");
  EXPECT_EQ(InPages("limit_ore", false, kUp), "e b | c a | d ") << "a number, not its text";
  EXPECT_EQ(InPages("due_time", true, kUp), "b c | e a | d ");
  EXPECT_EQ(InPages("due_time", true, kDown), "d a | e c | b ");
  EXPECT_EQ(InPages("note", true, kUp), "a b | c d | e ") << "all have the same";
  const Filter some = Filter().Where("(id = ? OR limit_ore > ?)", "b", 9).Where("due_time > ?", clock_.Now());
  EXPECT_EQ(InPages("id", false, kUp, some), "a b | d ");
}

TEST_P(RowsTest, ATokenThatIsNotOfThisListIsRefused) {
  InsertAll({{"a", 1, 1}, {"b", 2, 1}, {"c", 3, 1}});
  const auto read = [&](std::string_view token, std::string_view key) {
    google::protobuf::RepeatedPtrField<Sample> rows;
    std::string next;
    return db_->Read([&](Tx& tx) -> absl::Status {
      return Page(tx, Filter(), {.size = 1, .token = token, .key = key}, &rows, &next);
    });
  };
  EXPECT_TRUE(read(PageToken({"1", ""}), "limit_ore").ok());
  for (const std::string& wrong : {std::string("%"), std::string("abcd"), PageToken({"a", ""})}) {
    EXPECT_EQ(ReasonOf(read(wrong, "limit_ore")), "INVALID_FIELD") << wrong;
  }
}

TEST_P(RowsTest, AValueThatTheContractDoesNotNameIsNotStored) {
  Sample row = Full();
  row.set_state(static_cast<sample::v1::SampleState>(77));
  EXPECT_FALSE(db_->Write([&](Tx& tx) { return Insert(tx, row); }).ok());
  // Inside a message it stands as its number, as a newer service may have told it.
  row = Full();
  row.mutable_part()->set_state(static_cast<sample::v1::SampleState>(77));
  ASSERT_TRUE(db_->Write([&](Tx& tx) { return Insert(tx, row); }).ok());
  EXPECT_EQ(LoadOne("a").part().state(), 77);
}

// A replica of the version before, beside one of the next.
TEST_P(RowsTest, WhatANewerProgramStoredIsReadAndNotChanged) {
  using Newer = std::pair<std::string, std::string>;
  for (const Newer& newer : {Newer{"state", "SAMPLE_STATE_PAUSED"},
                             {"part", R"({"code":"y","state":"SAMPLE_STATE_PAUSED"})"},
                             {"part", R"({"code":"y","not_yet_known":[1,2]})"},
                             {"parts", R"([{"code":"y"},{"state":"SAMPLE_STATE_PAUSED"}])"},
                             {"states", R"(["SAMPLE_STATE_PAUSED","SAMPLE_STATE_OPEN"])"}}) {
    const std::string &column = newer.first, &value = newer.second;
    SCOPED_TRACE(absl::StrCat(column, " = ", value));
    Reopen(kSamples);
    Sample row = Full();
    row.set_id(NewId(clock_.Now()));
    ASSERT_TRUE(db_->Write([&](Tx& tx) -> absl::Status {
                     TRY(tx.Exec("DELETE FROM samples").status());
                     TRY(Insert(tx, row));
                     return tx.Exec(absl::StrCat("UPDATE samples SET ", column, " = :value"), value).status();
                   })
                    .ok());
    const Sample loaded = LoadOne(row.id());
    EXPECT_EQ(loaded.note(), row.note()) << "the rest is there";
    EXPECT_EQ(loaded.state() == sample::v1::SAMPLE_STATE_UNSPECIFIED, column == "state");
    EXPECT_EQ(loaded.part().state(),
              column == "part" ? sample::v1::SAMPLE_STATE_UNSPECIFIED : sample::v1::SAMPLE_STATE_CLOSED);
    EXPECT_THAT(loaded.states(), Contains(sample::v1::SAMPLE_STATE_OPEN)) << "a list keeps the values that are known";
    EXPECT_EQ(InPages("id", false, kUp), absl::StrCat(row.id(), " "));

    const absl::Status refused = db_->Write([&](Tx& tx) -> absl::Status {
      ASSIGN(Sample again, Load<Sample>(tx, row.id()));
      again.set_note("changed");
      return Save(tx, again);
    });
    EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
    EXPECT_EQ(ReasonOf(refused), "STORED_BY_NEWER_VERSION");
    EXPECT_EQ(Stored(column, 1)[0], value);
  }
}

}  // namespace
}  // namespace mestring
