// A fresh database on one engine, with a table to write to.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/events/outbox.h"
#include "common/store/database.h"
#include "sample.pb.h"
#include "tests/support/databases.h"
#include "tests/support/fake_clock.h"
#include "tests/support/wait.h"

namespace mestring {

inline constexpr Migration kThings[] = {{1, "0001_things",
                                         "-- a comment's quote, a :colon and a ;\n"
                                         "CREATE TABLE things (  -- here too: 'it''s\n"
                                         "  id TEXT PRIMARY KEY,\n"
                                         "  number BIGINT NOT NULL CHECK (number >= 0),\n"
                                         "  note TEXT\n"
                                         ");\n"
                                         "INSERT INTO things (id, number, note) VALUES ('first', 0, 'a -- b; c');\n"
                                         "CREATE TABLE parts (thing_id TEXT NOT NULL REFERENCES things (id));\n"}};

class DatabaseFixture : public testing::Test {
 public:
  explicit DatabaseFixture(const char* engine, PostgresServer* server = nullptr) : where_(engine, server) {}

  absl::StatusOr<std::unique_ptr<Database>> Open(absl::Span<const Migration> migrations = kThings) {
    absl::TimeZone oslo;
    EXPECT_TRUE(absl::LoadTimeZone("Europe/Oslo", &oslo));
    return Database::Open(
        {.url = where_.url(), .clock = &clock_, .zone = oslo, .event_source = "/municipalities/1108/sample"},
        migrations);
  }

  void Reopen(absl::Span<const Migration> migrations = kThings) {
    db_ = nullptr;
    auto db = Open(migrations);
    ASSERT_TRUE(db.ok()) << db.status();
    db_ = *std::move(db);
  }

  void SetUp() override { Reopen(); }

  static absl::Status InsertThing(Tx& tx, std::string_view id, int64_t number = 1) {
    return tx.Exec("INSERT INTO things (id, number, note) VALUES (:id, :number, :note)", id, number, std::nullopt)
        .status();
  }

  static absl::Status PublishChange(Tx& tx, int64_t number, std::string_view subject = "subject") {
    sample::v1::SampleChanged event;
    event.set_number(number);
    return tx.Publish(event, subject, number);
  }

  // The ids of all things but the one that the schema made.
  std::vector<std::string> Things() {
    std::vector<std::string> ids;
    const absl::Status status = db_->Read([&](Tx& tx) -> absl::Status {
      ASSIGN(auto rows, tx.Query<std::string>("SELECT id FROM things WHERE id <> 'first' ORDER BY id"));
      for (auto& [id] : rows) ids.push_back(id);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return ids;
  }

  std::vector<events::v1::Event> Log(Database& db, Cursor after = {}) {
    constexpr int kAll = 1'000'000;
    std::vector<events::v1::Event> entries;
    const absl::Status status = db.Read([&](Tx& tx) -> absl::Status {
      ASSIGN(entries, ReadLog(tx, after, kAll));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return entries;
  }
  std::vector<events::v1::Event> Log() { return Log(*db_); }

  // The events among entries: without the starts of epochs, one of which stands wherever a connection
  // was lost.
  static std::vector<events::v1::Event> Changes(const std::vector<events::v1::Event>& entries) {
    std::vector<events::v1::Event> changes;
    for (const auto& entry : entries) {
      if (entry.type() == sample::v1::SampleChanged::descriptor()->full_name()) changes.push_back(entry);
    }
    return changes;
  }

  Cursor Head() {
    Cursor head;
    const absl::Status status = db_->Read([&](Tx& tx) -> absl::Status {
      ASSIGN(head, tx.Head());
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return head;
  }

  // Runs the functions in one group, in this order, and returns their results: a first write keeps the
  // database busy until all of them stand in line.
  std::vector<absl::Status> InOneGroup(std::vector<std::function<absl::Status(Tx&)>> functions) {
    std::latch begun(1), release(1);
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
      EXPECT_TRUE(db_->Write([&](Tx&) {
                       begun.count_down();
                       release.wait();
                       return absl::OkStatus();
                     })
                      .ok());
    });
    begun.wait();
    std::vector<absl::Status> results(functions.size());
    for (size_t i = 0; i < functions.size(); ++i) {
      threads.emplace_back([&, i] { results[i] = db_->Write(functions[i]); });
      EXPECT_TRUE(WaitUntil([&] { return db_->queue_length() == static_cast<int>(i) + 1; }));
    }
    release.count_down();
    for (std::thread& thread : threads) thread.join();
    return results;
  }

 protected:
  FakeClock clock_;
  TestDatabase where_;
  std::unique_ptr<Database> db_;
};

class EachEngine : public DatabaseFixture, public testing::WithParamInterface<const char*> {
 public:
  EachEngine() : DatabaseFixture(GetParam()) {}
};

}  // namespace mestring
