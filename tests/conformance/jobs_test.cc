// Reads and writes that no thread of the caller waits for (Database::PostWrite and PostRead), on both engines.
#include <deque>
#include <latch>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/store/tx_job.h"
#include "common/store/write_queue.h"
#include "tests/conformance/fixture.h"

namespace mestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FunctionJob final : public TxJob {
 public:
  explicit FunctionJob(std::function<absl::Status(Tx&)> fn) : fn_(std::move(fn)) {}
  absl::Status Run(Tx& tx) override { return fn_(tx); }
  bool Done(absl::Status status) override {
    result = std::move(status);
    return true;
  }
  void Answer() override { answered.count_down(); }
  bool IsAnswered() const { return answered.try_wait(); }
  absl::Status Wait() {
    answered.wait();
    return result;
  }

  std::latch answered{1};

 private:
  const std::function<absl::Status(Tx&)> fn_;
};

using JobsTest = EachEngine;
INSTANTIATE_TEST_SUITE_P(Engines, JobsTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

absl::Status Nothing(Tx&) { return absl::OkStatus(); }

// Keeps a thread of the database until it is released.
class Held {
 public:
  Held()
      : job_([this](Tx&) {
          begun_.count_down();
          release_.wait();
          return absl::OkStatus();
        }) {}
  FunctionJob& job() { return job_; }
  void WaitUntilBegun() { begun_.wait(); }
  void Release() {
    release_.count_down();
    EXPECT_TRUE(job_.Wait().ok());
  }

 private:
  std::latch begun_{1}, release_{1};
  FunctionJob job_;
};

// Keeps all threads that read.
class HeldReaders {
 public:
  explicit HeldReaders(Database& db) {
    const int readers = db.engine() == "sqlite" ? Database::kSqliteReaders : Database::Options().read_connections;
    for (int i = 0; i < readers; ++i) {
      EXPECT_TRUE(db.PostRead(held_.emplace_back().job()).ok());
      held_.back().WaitUntilBegun();
    }
  }
  void Release() {
    for (Held& each : held_) each.Release();
  }

 private:
  std::deque<Held> held_;
};

TEST_P(JobsTest, APostedWriteIsDoneWhenItIsThere) {
  FunctionJob write([](Tx& tx) { return InsertThing(tx, "a"); });
  ASSERT_TRUE(db_->PostWrite(write).ok());
  ASSERT_EQ(write.Wait(), absl::OkStatus());
  EXPECT_THAT(Things(), ElementsAre("a"));
  FunctionJob read([](Tx& tx) { return tx.Query<std::string>("SELECT id FROM things").status(); });
  ASSERT_TRUE(db_->PostRead(read).ok());
  EXPECT_EQ(read.Wait(), absl::OkStatus());
}

TEST_P(JobsTest, APostedWriteThatFailsLeavesNothing) {
  FunctionJob fails([](Tx& tx) -> absl::Status {
    TRY(InsertThing(tx, "a"));
    return Refused("NO", "no");
  });
  FunctionJob throws([](Tx&) -> absl::Status { throw std::out_of_range("no such key"); });
  ASSERT_TRUE(db_->PostWrite(fails).ok());
  ASSERT_TRUE(db_->PostWrite(throws).ok());
  EXPECT_EQ(ReasonOf(fails.Wait()), "NO");
  EXPECT_EQ(throws.Wait(), absl::InternalError("an exception: no such key"));
  EXPECT_THAT(Things(), IsEmpty());
}

TEST_P(JobsTest, AWriteThatWaitsLongerThanItMayIsNotBegun) {
  Held held;
  ASSERT_TRUE(db_->PostWrite(held.job()).ok());
  held.WaitUntilBegun();
  FunctionJob late([](Tx& tx) { return InsertThing(tx, "late"); });
  late.deadline = absl::Now() + absl::Milliseconds(1);
  ASSERT_TRUE(db_->PostWrite(late).ok());
  // While the only thread is still busy.
  EXPECT_EQ(late.Wait(), DeadlinePassed());
  held.Release();
  EXPECT_THAT(Things(), IsEmpty());
}

TEST_P(JobsTest, ASlowReadHoldsUpNoOther) {
  Held held;
  ASSERT_TRUE(db_->PostRead(held.job()).ok());
  held.WaitUntilBegun();
  for (int i = 0; i < 20; ++i) {
    FunctionJob quick(Nothing);
    ASSERT_TRUE(db_->PostRead(quick).ok());
    EXPECT_EQ(quick.Wait(), absl::OkStatus());
  }
  held.Release();
}

// The relay, the watches and the health check go on.
TEST_P(JobsTest, ReadsOfTheKernelWaitForNoReadOfAnRpc) {
  HeldReaders held(*db_);
  FunctionJob waits(Nothing);
  ASSERT_TRUE(db_->PostRead(waits).ok());
  EXPECT_TRUE(db_->Read(Nothing).ok());
  EXPECT_TRUE(db_->Ping().ok());
  EXPECT_FALSE(waits.IsAnswered());
  EXPECT_EQ(db_->read_queue_length(), 1);
  held.Release();
  EXPECT_EQ(waits.Wait(), absl::OkStatus());
}

TEST_P(JobsTest, AReadWithinAReadIsRefused) {
  const absl::Status status = db_->Read([&](Tx&) { return db_->Read(Nothing); });
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(db_->Read(Nothing).ok());
}

// Reads that are posted after a write is done see it, whichever thread takes them and however many share a snapshot.
TEST_P(JobsTest, AReadSeesWhatWasDoneBeforeItWasPosted) {
  for (int i = 0; i < 50; ++i) {
    const std::string id = absl::StrCat("thing", i);
    FunctionJob write([&](Tx& tx) { return InsertThing(tx, id); });
    ASSERT_TRUE(db_->PostWrite(write).ok());
    ASSERT_TRUE(write.Wait().ok());
    std::vector<std::unique_ptr<FunctionJob>> reads;
    for (int j = 0; j < 12; ++j) {
      reads.push_back(std::make_unique<FunctionJob>([&](Tx& tx) -> absl::Status {
        ASSIGN(const auto rows, tx.Query<std::string>("SELECT id FROM things WHERE id = :id", id));
        return rows.size() == 1 ? absl::OkStatus() : absl::NotFoundError("an older snapshot");
      }));
      ASSERT_TRUE(db_->PostRead(*reads.back()).ok());
    }
    for (auto& read : reads) EXPECT_EQ(read->Wait(), absl::OkStatus());
  }
}

// On PostgreSQL the statements of reads that wait are sent together; none sees another's rows or errors.
TEST_P(JobsTest, ReadsThatAreRunTogetherStayApart) {
  ASSERT_TRUE(db_->Write([](Tx& tx) -> absl::Status {
                   for (int i = 0; i < 40; ++i) TRY(InsertThing(tx, absl::StrCat("thing", i), i));
                   return absl::OkStatus();
                 })
                  .ok());
  HeldReaders held(*db_);
  std::vector<std::unique_ptr<FunctionJob>> reads;
  for (int i = 0; i < 40; ++i) {
    reads.push_back(std::make_unique<FunctionJob>([i](Tx& tx) -> absl::Status {
      if (i % 10 == 7) throw std::out_of_range("no such key");
      // The i-th read asks i % 4 times.
      for (int question = 0; question < i % 4; ++question) {
        ASSIGN(const auto rows, (tx.Query<std::string, int64_t>("SELECT id, number FROM things WHERE id = :id",
                                                                absl::StrCat("thing", i))));
        if (rows != std::vector{std::tuple(absl::StrCat("thing", i), int64_t{i})}) return absl::DataLossError("others");
      }
      if (i % 10 == 3) return tx.Query<int64_t>("SELECT no_such_column FROM things").status();
      return i % 10 == 9 ? Refused("NO", "no") : absl::OkStatus();
    }));
    ASSERT_TRUE(db_->PostRead(*reads.back()).ok());
  }
  held.Release();
  for (int i = 0; i < 40; ++i) {
    const absl::Status status = reads[i]->Wait();
    if (i % 10 == 7) {
      EXPECT_EQ(status, absl::InternalError("an exception: no such key")) << i;
    } else if (i % 10 == 3) {
      EXPECT_THAT(std::string(status.message()), testing::HasSubstr("no_such_column")) << i;
    } else {
      EXPECT_EQ(ReasonOf(status), i % 10 == 9 ? "NO" : "") << i << ": " << status;
      EXPECT_EQ(status.ok(), i % 10 != 9) << i << ": " << status;
    }
  }
}

// The connection that eight reads share is lost while they run: each but the one that ends it is run again.
TEST_P(JobsTest, ReadsThatLoseTheirConnectionAreRunAgain) {
  if (db_->engine() == "sqlite") return;  // it has no connection to lose
  ASSERT_TRUE(db_->Write([](Tx& tx) { return InsertThing(tx, "a"); }).ok());
  HeldReaders held(*db_);
  std::atomic<int> ended{0};
  std::vector<std::unique_ptr<FunctionJob>> reads;
  for (int i = 0; i < 16; ++i) {
    reads.push_back(std::make_unique<FunctionJob>([i, &ended](Tx& tx) -> absl::Status {
      TRY(tx.Query<std::string>("SELECT id FROM things WHERE id = 'a'").status());
      if (i == 5) {
        ++ended;
        TRY(tx.Query<int64_t>("SELECT pg_terminate_backend(pg_backend_pid())::int").status());
      }
      return tx.Query<std::string>("SELECT id FROM things WHERE id = 'a'").status();
    }));
    ASSERT_TRUE(db_->PostRead(*reads.back()).ok());
  }
  held.Release();
  for (int i = 0; i < 16; ++i) {
    const absl::Status status = reads[i]->Wait();
    EXPECT_EQ(ReasonOf(status), i == 5 ? "DATABASE_UNAVAILABLE" : "") << i << ": " << status;
  }
  EXPECT_GE(ended, 1);
  EXPECT_TRUE(db_->Ping().ok());
}

}  // namespace
}  // namespace mestring
