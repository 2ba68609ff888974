// What every engine must do: the contract of common/store/database.h, on each of them.
#include <atomic>
#include <latch>
#include <random>

#include "common/store/write_queue.h"
#include "tests/conformance/fixture.h"

namespace mestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using DatabaseTest = EachEngine;
INSTANTIATE_TEST_SUITE_P(Engines, DatabaseTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

absl::Status Stop() { return Refused("TEST", "not this time"); }

TEST_P(DatabaseTest, AWriteIsThereAndAFailedOneIsNot) {
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
  const absl::Status refused = db_->Write([](Tx& tx) -> absl::Status {
    TRY(InsertThing(tx, "b"));
    TRY(PublishChange(tx, 1));
    return Stop();
  });
  EXPECT_EQ(ReasonOf(refused), "TEST");
  EXPECT_THAT(Things(), ElementsAre("a"));
  EXPECT_THAT(Log(), IsEmpty());
}

TEST_P(DatabaseTest, WhatWasWrittenIsThereAfterReopening) {
  ASSERT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   TRY(InsertThing(tx, "a"));
                   return PublishChange(tx, 7);
                 })
                  .ok());
  Reopen();
  EXPECT_THAT(Things(), ElementsAre("a"));
  EXPECT_THAT(Log(), SizeIs(1));
  EXPECT_EQ(Head(), (Cursor{0, 1}));
}

TEST_P(DatabaseTest, OneFailureInAGroupUndoesOnlyItself) {
  const auto before = db_->counts();
  const auto results = InOneGroup({
      [](Tx& tx) -> absl::Status {
        TRY(InsertThing(tx, "a"));
        return PublishChange(tx, 1);
      },
      [](Tx& tx) -> absl::Status {
        TRY(InsertThing(tx, "b"));
        TRY(PublishChange(tx, 2));
        return Stop();
      },
      [](Tx& tx) -> absl::Status {
        TRY(PublishChange(tx, 3));
        return InsertThing(tx, "a");  // the constraint says no
      },
      [](Tx& tx) -> absl::Status {
        TRY(InsertThing(tx, "d"));
        TRY(PublishChange(tx, 4));
        return PublishChange(tx, 5);
      },
  });
  EXPECT_TRUE(results[0].ok()) << results[0];
  EXPECT_EQ(ReasonOf(results[1]), "TEST");
  EXPECT_EQ(ReasonOf(results[2]), "CONSTRAINT");
  EXPECT_TRUE(results[3].ok()) << results[3];
  EXPECT_THAT(Things(), ElementsAre("a", "d"));
  const auto log = Log();
  ASSERT_THAT(log, SizeIs(3));
  EXPECT_EQ(log[0].subject_version(), 1);
  EXPECT_EQ(log[1].subject_version(), 4);
  EXPECT_EQ(log[2].subject_version(), 5);
  EXPECT_EQ(log[2].cursor(), "0-3");
  // The one that held the door, and one for all four.
  EXPECT_EQ(db_->counts().commits - before.commits, 2);
  EXPECT_EQ(db_->counts().writes - before.writes, 3);
  EXPECT_EQ(db_->counts().events - before.events, 3);
}

TEST_P(DatabaseTest, ARowThatIsInsertedLaterFailsOnlyItsOwnWrite) {
  const auto add = [](const char* id) {
    return [id](Tx& tx) -> absl::Status {
      TRY(PublishChange(tx, 1));
      return tx.InsertLater("things (id, number)", id, 1);
    };
  };
  const auto results = InOneGroup({add("a"), add("b"), add("a"), add("c")});
  EXPECT_TRUE(results[0].ok()) << results[0];
  EXPECT_TRUE(results[1].ok()) << results[1];
  EXPECT_EQ(ReasonOf(results[2]), "CONSTRAINT");
  EXPECT_TRUE(results[3].ok()) << results[3];
  EXPECT_THAT(Things(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Log(), SizeIs(3));
}

TEST_P(DatabaseTest, ARowThatIsInsertedLaterIsThereForWhoLooks) {
  std::vector<size_t> seen;
  const auto look = [&](Tx& tx) -> absl::Status {
    ASSIGN(const auto rows, tx.Query<std::string>("SELECT id FROM things WHERE id <> 'first'"));
    seen.push_back(rows.size());
    return absl::OkStatus();
  };
  const auto results = InOneGroup({[](Tx& tx) { return tx.InsertLater("things (id, number)", "a", 1); }, look,
                                   [](Tx& tx) { return tx.InsertLater("things (id, number)", "b", 1); }, look});
  EXPECT_TRUE(results[3].ok()) << results[3];
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST_P(DatabaseTest, EventsAreSeenInTheirOwnTransactionAndSurviveTheRollbackOfTheNext) {
  const auto log_size = [](Tx& tx) -> absl::StatusOr<size_t> {
    ASSIGN(auto rows, tx.Query<int64_t>("SELECT position FROM outbox"));
    return rows.size();
  };
  std::vector<size_t> seen(3);
  const auto results = InOneGroup({
      [&](Tx& tx) -> absl::Status { return PublishChange(tx, 1); },
      [&](Tx& tx) -> absl::Status {
        TRY(PublishChange(tx, 2));
        ASSIGN(seen[1], log_size(tx));
        return Stop();
      },
      [&](Tx& tx) -> absl::Status {
        TRY(PublishChange(tx, 3));
        ASSIGN(seen[2], log_size(tx));
        return absl::OkStatus();
      },
  });
  EXPECT_EQ(seen[1], 2u);
  EXPECT_EQ(seen[2], 2u);
  const auto log = Log();
  ASSERT_THAT(log, SizeIs(2));
  EXPECT_EQ(log[0].subject_version(), 1);
  EXPECT_EQ(log[1].subject_version(), 3);
}

TEST_P(DatabaseTest, PositionsAreGapFreeAndInCommitOrderUnderManyThreads) {
  constexpr int kThreads = 16, kWrites = 60;
  std::atomic<int> succeeded{0}, wrong_results{0};
  std::vector<Cursor> heads;  // on committing threads, one at a time
  db_->OnCommit([&](Cursor head) { heads.push_back(head); });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::minstd_rand random(static_cast<unsigned>(t));
      for (int i = 0; i < kWrites; ++i) {
        const unsigned fate = random() % 5;
        const absl::Status status = db_->Write([&](Tx& tx) -> absl::Status {
          ASSIGN(auto count, tx.Query<int64_t>("SELECT COUNT(*) FROM things"));
          const int64_t order = std::get<0>(count.at(0));
          if (fate == 0) return Stop();
          TRY(InsertThing(tx, absl::StrCat(t, "-", i), order));
          TRY(PublishChange(tx, order, absl::StrCat(t, "-", i)));
          if (fate == 1) return Stop();
          if (fate == 2) return InsertThing(tx, "first");
          return absl::OkStatus();
        });
        if (status.ok() != (fate > 2)) ++wrong_results;
        if (status.ok()) ++succeeded;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong_results, 0);
  const auto log = Log();
  ASSERT_THAT(log, SizeIs(static_cast<size_t>(succeeded)));
  // The n-th event is of the write that found n things: what it decided on is what stood before it.
  for (size_t i = 0; i < log.size(); ++i) {
    ASSERT_EQ(log[i].cursor(), absl::StrCat("0-", i + 1));
    ASSERT_EQ(log[i].subject_version(), static_cast<int64_t>(i) + 1);
  }
  EXPECT_TRUE(std::is_sorted(heads.begin(), heads.end()));
  EXPECT_EQ(heads.back(), Head());
}

TEST_P(DatabaseTest, AReadSeesOneSnapshot) {
  ASSERT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
  const absl::Status status = db_->Read([&](Tx& tx) -> absl::Status {
    EXPECT_TRUE(std::async(std::launch::async,
                           [&] {
                             return db_->Write([](Tx& writing) -> absl::Status {
                               TRY(InsertThing(writing, "b"));
                               return PublishChange(writing, 1);
                             });
                           })
                    .get()
                    .ok());
    ASSIGN(auto things, tx.Query<std::string>("SELECT id FROM things WHERE id <> 'first'"));
    EXPECT_THAT(things, ElementsAre(std::make_tuple("a")));
    ASSIGN(const Cursor head, tx.Head());
    EXPECT_EQ(head, Cursor{});
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Things(), ElementsAre("a", "b"));
}

TEST_P(DatabaseTest, MoreReadersThanConnectionsTakeTurns) {
  std::vector<std::future<absl::Status>> readers;
  for (int i = 0; i < 32; ++i) {
    readers.push_back(std::async(std::launch::async, [&] {
      return db_->Read([](Tx& tx) { return tx.Query<int64_t>("SELECT COUNT(*) FROM things").status(); });
    }));
  }
  for (auto& reader : readers) EXPECT_TRUE(reader.get().ok());
}

// Those who wait share a snapshot: it is no older than the call of any, and one that fails spoils it for nobody.
TEST_P(DatabaseTest, ReadersWhoWaitedSeeWhatWasCommittedBeforeTheirCallAlsoBesideOneThatFails) {
  constexpr int kReaders = Database::kOwnReaders;
  std::latch release(1);
  std::vector<std::future<absl::Status>> busy;
  std::latch all_busy(kReaders);
  for (int i = 0; i < kReaders; ++i) {
    busy.push_back(std::async(std::launch::async, [&] {
      return db_->Read([&](Tx&) {
        all_busy.count_down();
        release.wait();
        return absl::OkStatus();
      });
    }));
  }
  all_busy.wait();
  ASSERT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
  constexpr int kWaiting = 32;
  std::latch called(kWaiting);
  std::vector<std::future<absl::Status>> waiting;
  for (int i = 0; i < kWaiting; ++i) {
    waiting.push_back(std::async(std::launch::async, [&, i] {
      called.count_down();
      return db_->Read([i](Tx& tx) -> absl::Status {
        if (i % 5 == 0) return tx.Query<int64_t>("SELECT no_such_column FROM things").status();
        ASSIGN(const auto things, tx.Query<std::string>("SELECT id FROM things WHERE id = 'a'"));
        return things.size() == 1 ? absl::OkStatus() : absl::NotFoundError("an older snapshot");
      });
    }));
  }
  called.wait();
  release.count_down();
  for (int i = 0; i < kWaiting; ++i) {
    const absl::Status status = waiting[i].get();
    EXPECT_EQ(status.code(), i % 5 == 0 ? absl::StatusCode::kInternal : absl::StatusCode::kOk) << status;
  }
  for (auto& each : busy) EXPECT_TRUE(each.get().ok());
}

TEST_P(DatabaseTest, AReadCannotChangeAnything) {
  EXPECT_FALSE(db_->Read([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
  EXPECT_FALSE(db_->Read([](Tx& tx) { return PublishChange(tx, 1); }).ok());
  EXPECT_FALSE(db_->Read([](Tx& tx) { return tx.Schedule("kind", "subject", tx.now()); }).ok());
  EXPECT_THAT(Things(), IsEmpty());
  EXPECT_TRUE(db_->Ping().ok());
}

TEST_P(DatabaseTest, ABrokenConstraintSaysSo) {
  for (const char* sql :
       {"INSERT INTO things (id, number) VALUES ('first', 1)", "INSERT INTO things (id, number) VALUES ('a', -1)",
        "INSERT INTO things (id) VALUES ('a')", "INSERT INTO parts (thing_id) VALUES ('nobody')"}) {
    const absl::Status status = db_->Write([&](Tx& tx) { return tx.Exec(sql).status(); });
    EXPECT_TRUE(absl::IsAlreadyExists(status)) << sql << ": " << status;
    EXPECT_EQ(ReasonOf(status), "CONSTRAINT") << sql;
  }
  EXPECT_THAT(Things(), IsEmpty());
}

TEST_P(DatabaseTest, ABrokenConstraintIsNamed) {
  const bool sqlite = db_->engine() == "sqlite";
  const auto named = [&](const char* sql) {
    const absl::Status status = db_->Write([&](Tx& tx) { return tx.Exec(sql).status(); });
    return MetadataOf(status)["constraint"];
  };
  EXPECT_EQ(named("INSERT INTO things (id, number) VALUES ('first', 1)"), sqlite ? "things.id" : "things_pkey");
  EXPECT_EQ(named("INSERT INTO things (id, number) VALUES ('a', -1)"), sqlite ? "number >= 0" : "things_number_check");
  EXPECT_EQ(named("INSERT INTO things (id) VALUES ('a')"), "things.number");
}

// SQLite would take a value that is missing for NULL, and PostgreSQL would end the transaction.
TEST_P(DatabaseTest, AStatementGetsAsManyValuesAndGivesAsManyColumnsAsItsCallerSays) {
  const auto run = [&](auto statement) { return db_->Write([&](Tx& tx) { return statement(tx).status(); }); };
  constexpr std::string_view kInsert = "INSERT INTO things (id, number, note) VALUES (:id, :number, :note)";
  for (const absl::Status& status :
       {run([&](Tx& tx) { return tx.Exec(kInsert, "a", 1); }),
        run([&](Tx& tx) { return tx.Exec(kInsert, "a", 1, "note", "more"); }),
        run([&](Tx& tx) { return tx.Query<std::string, int64_t>("SELECT id FROM things"); })}) {
    EXPECT_TRUE(absl::IsInternal(status)) << status;
  }
  EXPECT_THAT(Things(), IsEmpty());
}

TEST_P(DatabaseTest, NoErrorRepeatsAValue) {
  for (const char* sql :
       {"INSERT INTO things (id, number) VALUES (:id, -1)", "SELECT nonsense FROM things WHERE id = :id",
        "INSERT INTO parts (thing_id) VALUES (:id)", "UPDATE things SET number = -5, note = :note"}) {
    const absl::Status status = db_->Write([&](Tx& tx) { return tx.Exec(sql, "secret").status(); });
    EXPECT_FALSE(status.ok()) << sql;
    EXPECT_EQ(status.ToString().find("secret"), std::string::npos) << status;
  }
}

TEST_P(DatabaseTest, AfterAnErrorTheTransactionIsGivenUpWhateverItsFunctionSays) {
  const absl::Status status = db_->Write([](Tx& tx) -> absl::Status {
    TRY(InsertThing(tx, "a"));
    EXPECT_EQ(ReasonOf(InsertThing(tx, "a")), "CONSTRAINT");
    EXPECT_EQ(ReasonOf(InsertThing(tx, "b")), "CONSTRAINT");
    EXPECT_EQ(ReasonOf(PublishChange(tx, 1)), "CONSTRAINT");
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(status), "CONSTRAINT");
  EXPECT_THAT(Things(), IsEmpty());
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
}

TEST_P(DatabaseTest, AFunctionThatThrowsFailsAloneAndLeavesNothing) {
  const auto throws = [](Tx& tx) -> absl::Status {
    TRY(InsertThing(tx, "thrown"));
    throw std::out_of_range("no such key");
  };
  const auto inserts = [](const char* id) { return [id](Tx& tx) { return InsertThing(tx, id); }; };
  EXPECT_EQ(db_->Write(throws), absl::InternalError("an exception: no such key"));
  const auto results = InOneGroup({inserts("a"), throws, inserts("b")});
  EXPECT_TRUE(results[0].ok()) << results[0];
  EXPECT_EQ(results[1], absl::InternalError("an exception: no such key"));
  EXPECT_TRUE(results[2].ok()) << results[2];
  // More often than there are connections.
  for (int i = 0; i <= Database::kOwnReaders; ++i) {
    EXPECT_TRUE(absl::IsInternal(db_->Read([](Tx&) -> absl::Status { throw std::out_of_range("no such key"); })));
  }
  EXPECT_THAT(Things(), ElementsAre("a", "b"));
}

TEST_P(DatabaseTest, AWriteWithinAWriteIsRefused) {
  const absl::Status status = db_->Write([&](Tx&) { return db_->Write([](Tx&) { return absl::OkStatus(); }); });
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
}

TEST_P(DatabaseTest, ValuesComeBackAsTheyWere) {
  const std::string text = "æøå «» \t\n'\"\\ :colon ;-- 日本語";
  const std::string big(5 << 20, 'x');
  ASSERT_TRUE(db_->Write([&](Tx& tx) -> absl::Status {
                   constexpr std::string_view kInsert =
                       "INSERT INTO things (id, number, note) VALUES (:id, :number, :note)";
                   TRY(tx.Exec(kInsert, "a", std::numeric_limits<int64_t>::max(), text).status());
                   TRY(tx.Exec(kInsert, "b", 0, "").status());
                   TRY(tx.Exec(kInsert, "c", true, std::optional<std::string>()).status());
                   return tx.Exec(kInsert, "d", 1, big).status();
                 })
                  .ok());
  const absl::Status status = db_->Read([&](Tx& tx) -> absl::Status {
    ASSIGN(auto rows, (tx.Query<std::string, int64_t, std::optional<std::string>>(
                          "SELECT id, number, note FROM things WHERE id <> 'first' ORDER BY id")));
    EXPECT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[0], std::make_tuple("a", std::numeric_limits<int64_t>::max(), text));
    EXPECT_EQ(rows[1], std::make_tuple("b", 0, ""));
    EXPECT_EQ(rows[2], std::make_tuple("c", 1, std::nullopt));
    EXPECT_EQ(std::get<2>(rows[3]), big);
    ASSIGN(auto plain, (tx.Query<std::string>("SELECT note FROM things WHERE id = :id", "c")));
    EXPECT_THAT(plain, ElementsAre(std::make_tuple("")));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(DatabaseTest, ANulByteIsRefusedAndNotCutOff) {
  const std::string with_nul("ab\0cd", 5);
  EXPECT_FALSE(db_->Write([&](Tx& tx) { return InsertThing(tx, with_nul); }).ok());
  EXPECT_THAT(Things(), IsEmpty());
}

TEST_P(DatabaseTest, ExecCountsTheRowsItChanged) {
  const absl::Status status = db_->Write([](Tx& tx) -> absl::Status {
    for (const char* id : {"a", "b", "c"}) TRY(InsertThing(tx, id));
    ASSIGN(int64_t changed, tx.Exec("UPDATE things SET number = number + 1 WHERE id IN ('a', 'b')"));
    EXPECT_EQ(changed, 2);
    ASSIGN(changed, tx.Exec("UPDATE things SET number = :number WHERE id = :id", 9, "nobody"));
    EXPECT_EQ(changed, 0);
    ASSIGN(changed, tx.Exec("DELETE FROM things WHERE id = :id", "c"));
    EXPECT_EQ(changed, 1);
    ASSIGN(changed, tx.Exec("INSERT INTO things (id, number) VALUES ('a', 1) ON CONFLICT (id) DO NOTHING"));
    EXPECT_EQ(changed, 0);
    ASSIGN(auto returned, (tx.Query<std::string>("DELETE FROM things WHERE number > 1 RETURNING id")));
    EXPECT_EQ(returned.size(), 2u);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(DatabaseTest, TimeStandsStillInATransaction) {
  const absl::Status status = db_->Write([&](Tx& tx) -> absl::Status {
    const absl::Time now = tx.now();
    clock_.Advance(absl::Hours(1));
    EXPECT_EQ(tx.now(), now);
    EXPECT_EQ(tx.today(), absl::CivilDay(2026, 11, 23));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  // Late in the evening it is already the next day in Oslo.
  clock_.Set(absl::FromCivil(absl::CivilMinute(2026, 11, 23, 23, 30), absl::UTCTimeZone()));
  EXPECT_TRUE(db_->Read([](Tx& tx) {
                   EXPECT_EQ(tx.today(), absl::CivilDay(2026, 11, 24));
                   return absl::OkStatus();
                 })
                  .ok());
}

TEST_P(DatabaseTest, AnEventHasItsAttributes) {
  const std::string id = NewId(clock_.Now());
  ASSERT_TRUE(db_->Write([&](Tx& tx) {
                   sample::v1::SampleChanged event;
                   event.set_sample_id(id);
                   event.set_number(3);
                   tx.set_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
                   return tx.Publish(event, id, 12);
                 })
                  .ok());
  const auto log = Log();
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_EQ(log[0].cursor(), "0-1");
  EXPECT_TRUE(IsUuid(log[0].id()));
  EXPECT_EQ(log[0].source(), "/municipalities/1108/sample");
  EXPECT_EQ(log[0].type(), "mestring.sample.v1.SampleChanged");
  EXPECT_EQ(log[0].subject(), id);
  EXPECT_EQ(log[0].subject_version(), 12);
  EXPECT_EQ(FromProto(log[0].time()), clock_.Now());
  EXPECT_EQ(log[0].traceparent(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  sample::v1::SampleChanged event;
  ASSERT_TRUE(event.ParseFromString(log[0].data()));
  EXPECT_EQ(event.sample_id(), id);
  EXPECT_EQ(event.number(), 3);
}

TEST_P(DatabaseTest, AnEventWithFreeTextIsRefusedWithEverythingElseOfItsWrite) {
  const absl::Status status = db_->Write([](Tx& tx) -> absl::Status {
    TRY(InsertThing(tx, "a"));
    sample::v1::Gossip gossip;
    gossip.set_text("what somebody said");
    EXPECT_FALSE(tx.Publish(gossip, "subject", 1).ok());
    return absl::OkStatus();
  });
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(Things(), IsEmpty());
  EXPECT_EQ(Head(), Cursor{});
}

TEST_P(DatabaseTest, ManyEventsOfOneWriteKeepTheirOrder) {
  constexpr int kEvents = 131;  // three sizes of INSERT
  ASSERT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   for (int i = 1; i <= kEvents; ++i) TRY(PublishChange(tx, i));
                   return absl::OkStatus();
                 })
                  .ok());
  const auto log = Log();
  ASSERT_THAT(log, SizeIs(kEvents));
  for (int i = 0; i < kEvents; ++i) ASSERT_EQ(log[static_cast<size_t>(i)].subject_version(), i + 1);
}

TEST_P(DatabaseTest, AnEpochIsNeverLowerThanTheClockNorThanAnySeen) {
  const int64_t seconds = absl::ToUnixSeconds(clock_.Now());
  auto first = db_->StartEpoch(0, "start");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, (Cursor{seconds, 0}));
  ASSERT_TRUE(db_->Write([](Tx& tx) { return PublishChange(tx, 1); }).ok());
  auto second = db_->StartEpoch(0, "reconnect");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*second, (Cursor{seconds + 1, 1}));
  auto third = db_->StartEpoch(seconds + 100, "stream_ahead");
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(*third, (Cursor{seconds + 101, 1}));
  ASSERT_TRUE(db_->Write([](Tx& tx) { return PublishChange(tx, 2); }).ok());

  const auto log = Log();
  ASSERT_THAT(log, SizeIs(5));
  EXPECT_EQ(log[0].cursor(), absl::StrCat(seconds, "-0"));
  EXPECT_EQ(log[0].type(), "mestring.events.v1.EpochStarted");
  EXPECT_EQ(log[1].cursor(), absl::StrCat(seconds, "-1"));
  EXPECT_EQ(log[2].cursor(), absl::StrCat(seconds + 1, "-1"));
  EXPECT_EQ(log[3].cursor(), absl::StrCat(seconds + 101, "-1"));
  EXPECT_EQ(log[4].cursor(), absl::StrCat(seconds + 101, "-2"));
  events::v1::EpochStarted event;
  ASSERT_TRUE(event.ParseFromString(log[3].data()));
  EXPECT_EQ(event.epoch(), seconds + 101);
  EXPECT_EQ(event.base(), 1);
  EXPECT_EQ(event.reason(), "stream_ahead");
}

TEST_P(DatabaseTest, ListenersHearOfCommitsThatAppendedAndOfNoOthers) {
  std::vector<Cursor> heads;
  db_->OnCommit([&](Cursor head) { heads.push_back(head); });
  ASSERT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
  ASSERT_FALSE(db_->Write([](Tx& tx) -> absl::Status {
                    TRY(PublishChange(tx, 1));
                    return Stop();
                  })
                   .ok());
  ASSERT_TRUE(db_->Write([](Tx& tx) { return PublishChange(tx, 1); }).ok());
  auto epoch = db_->StartEpoch(0, "start");
  ASSERT_TRUE(epoch.ok());
  EXPECT_THAT(heads, ElementsAre(Cursor{0, 1}, *epoch));
}

TEST_P(DatabaseTest, TheLineForTheWriterIsBounded) {
  std::latch begun(1), release(1);
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  threads.emplace_back([&] {
    EXPECT_TRUE(db_->Write([&](Tx&) {
                     begun.count_down();
                     release.wait();
                     return absl::OkStatus();
                   })
                    .ok());
  });
  begun.wait();
  for (int i = 0; i < WriteQueue::kLengthMax; ++i) {
    threads.emplace_back([&] { done += db_->Write([](Tx&) { return absl::OkStatus(); }).ok(); });
  }
  EXPECT_TRUE(WaitUntil([&] { return db_->queue_length() == WriteQueue::kLengthMax; }));
  const absl::Status refused = db_->Write([](Tx&) { return absl::OkStatus(); });
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ(ReasonOf(refused), "WRITE_QUEUE_FULL");
  release.count_down();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, WriteQueue::kLengthMax);
  EXPECT_EQ(db_->queue_length(), 0);
  EXPECT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
}

TEST_P(DatabaseTest, MoreStatementsThanAreKeptStillRun) {
  const absl::Status status = db_->Write([](Tx& tx) -> absl::Status {
    for (int i = 0; i < 1000; ++i) {
      ASSIGN(auto rows, tx.Query<int64_t>(absl::StrCat("SELECT ", i, " FROM things WHERE id = :id"), "first"));
      if (rows.size() != 1 || std::get<0>(rows[0]) != i) return absl::InternalError("wrong answer");
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(DatabaseTest, MigrationsRunOnceAndInOrder) {
  const Migration next[] = {kThings[0],
                            {2, "0002_more", "ALTER TABLE things ADD COLUMN colour TEXT;\n"},
                            {3, "0003_red", "UPDATE things SET colour = 'red';\n"}};
  Reopen(next);
  Reopen(next);
  EXPECT_TRUE(db_->Read([](Tx& tx) -> absl::Status {
                   ASSIGN(auto rows, (tx.Query<std::string, std::string>("SELECT colour, note FROM things")));
                   EXPECT_THAT(rows, ElementsAre(std::make_tuple("red", "a -- b; c")));
                   return absl::OkStatus();
                 })
                  .ok());
}

TEST_P(DatabaseTest, ASchemaNewerThanTheProgramIsRefused) {
  const Migration newer[] = {kThings[0], {2, "0002_more", "ALTER TABLE things ADD COLUMN colour TEXT;\n"}};
  Reopen(newer);
  db_ = nullptr;
  const auto older = Open(kThings);
  EXPECT_TRUE(absl::IsFailedPrecondition(older.status())) << older.status();
  EXPECT_THAT(std::string(older.status().message()), testing::HasSubstr("0002_more"));
}

TEST_P(DatabaseTest, ASchemaOfOtherStatementsIsRefusedInOneSentence) {
  db_ = nullptr;
  const Migration other[] = {{1, "0001_things", "CREATE TABLE things (id TEXT PRIMARY KEY);\n"}};
  const auto refused = Open(other);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  EXPECT_THAT(std::string(refused.status().message()),
              testing::ContainsRegex("\\(0001_things [0-9a-f]+\\).*give the service an empty database"));
  // A comment is no statement.
  const std::string commented = absl::StrCat("-- What things are.\n", kThings[0].sql);
  const Migration same[] = {{1, "0001_things", commented}};
  Reopen(same);
  EXPECT_TRUE(db_->Ping().ok());
}

TEST_P(DatabaseTest, AMigrationThatFailsLeavesNothing) {
  db_ = nullptr;
  const Migration broken[] = {
      kThings[0], {2, "0002_broken", "CREATE TABLE half (id TEXT);\nINSERT INTO nowhere (id) VALUES ('x');\n"}};
  const auto failed = Open(broken);
  EXPECT_TRUE(absl::IsFailedPrecondition(failed.status())) << failed.status();
  EXPECT_THAT(std::string(failed.status().message()), testing::HasSubstr("0002_broken"));
  const Migration repaired[] = {kThings[0], {2, "0002_repaired", "CREATE TABLE half (id TEXT);\n"}};
  Reopen(repaired);
  EXPECT_TRUE(db_->Ping().ok());
}

}  // namespace
}  // namespace mestring
