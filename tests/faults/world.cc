#include "tests/faults/world.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

namespace files = std::filesystem;

RedisOptions Over(const Proxy& wire) {
  RedisOptions options = RedisServer::OptionsFor(absl::StrCat("redis://127.0.0.1:", wire.port()));
  options.command_timeout = absl::Milliseconds(900);
  return options;
}

}  // namespace

// --- the stranger --------------------------------------------------------------------------------

GroupReader::GroupReader(RedisServer& redis) : redis_(redis), thread_([this] { Run(); }) {}

GroupReader::~GroupReader() {
  stopping_ = true;
  thread_.join();
}

std::set<std::string> GroupReader::Seen() const {
  MutexLock lock(mutex_);
  return seen_;
}

void GroupReader::Run() {
  while (!stopping_) ReadOnce();
}

void GroupReader::ReadOnce() {
  const std::string answer =
      redis_.Do({"XREADGROUP", "GROUP", "strangers", "one", "COUNT", "64", "BLOCK", "20", "STREAMS", TestKey(), ">"});
  if (absl::StartsWith(answer, "(error)")) {
    redis_.Do({"XGROUP", "CREATE", TestKey(), "strangers", last_, "MKSTREAM"});
    return;
  }
  // A line that is a cursor, and two fields further the event's id.
  const std::vector<std::string> lines = absl::StrSplit(answer, '\n');
  for (size_t i = 0; i + 4 < lines.size(); ++i) {
    if (lines[i + 1] != "specversion" || lines[i + 3] != "id") continue;
    last_ = lines[i];
    redis_.Do({"XACK", TestKey(), "strangers", last_});
    MutexLock lock(mutex_);
    seen_.insert(lines[i + 4]);
  }
}

// --- the world -----------------------------------------------------------------------------------

World::World() {
  OpenOwner();
  OpenSubscriber();
}

World::~World() {
  StopWriting();
  CloseSubscriber();
  CloseOwner();
}

void World::OpenOwnerAt(const std::string& url) {
  owner_ = OpenBusDatabase(url);
  MutexLock lock(asked_mutex_);
  asked_ = owner_.get();
  Relay::Options options = TestRelayOptions(Over(wire_));
  options.check = absl::Milliseconds(100);  // it looks for holes while everything breaks
  relay_ = std::make_unique<Relay>(*owner_, std::move(options));
  EXPECT_TRUE(relay_->Start().ok());
}

void World::CloseOwner() {
  relay_.reset();
  {
    MutexLock lock(asked_mutex_);
    asked_ = nullptr;
  }
  owner_.reset();
}

void World::OpenSubscriber() {
  subscriber_ = OpenBusDatabase(subscriber_files_.url());
  const auto owner = [this](Cursor after, int size) -> absl::StatusOr<events::v1::ListResponse> {
    MutexLock lock(asked_mutex_);
    if (asked_ == nullptr) return Unavailable("DRAINING", "the owner is away");
    return OwnerOf(*asked_)(after, size);
  };
  subscription_ = std::make_unique<Subscription>(*subscriber_, TestSubscriptionOptions(Over(subscriber_wire_), owner));
  RecordEffects(*subscription_);
  EXPECT_TRUE(subscription_->Start().ok());
}

void World::CloseSubscriber() {
  subscription_.reset();
  subscriber_.reset();
}

void World::CopyFiles(const TestDatabase& database, const std::string& folder) {
  files::create_directories(folder);
  for (const files::directory_entry& entry : files::directory_iterator(files::path(database.path()).parent_path())) {
    if (entry.is_regular_file()) files::copy(entry.path(), folder, files::copy_options::overwrite_existing);
  }
}

void World::PutBack(const TestDatabase& database, const std::string& folder) {
  const files::path home = files::path(database.path()).parent_path();
  for (const files::directory_entry& entry : files::directory_iterator(home)) files::remove_all(entry.path());
  for (const files::directory_entry& entry : files::directory_iterator(folder)) files::copy(entry.path(), home);
}

void World::StartWriting() {
  writing_ = true;
  writer_ = std::thread([this] { Write(); });
}

void World::StopWriting() {
  writing_ = false;
  if (writer_.joinable()) writer_.join();
}

void World::Write() {
  while (writing_) {
    // A few subjects, so that their orders are interleaved.
    const int64_t number = next_number_++;
    if (!PublishNumber(*owner_, number, absl::StrCat("subject-", number % 5)).ok()) {
      // Not so eager that a server that is coming back gets no processor.
      WaitUntil([this] { return !writing_; }, 0.02);
      continue;
    }
    MutexLock lock(mutex_);
    journal_.push_back(number);
  }
}

size_t World::Answered() const {
  MutexLock lock(mutex_);
  return journal_.size();
}

void World::AfterWrites(int count) {
  const size_t goal = Answered() + static_cast<size_t>(count);
  EXPECT_TRUE(WaitUntil([&] { return Answered() >= goal; }));
}

void World::EndsWell() {
  StopWriting();
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis_.options()));
  EXPECT_TRUE(SubscriberCatchesUp(*owner_, *subscriber_));
  EXPECT_EQ(relay_->Status().holes(), 0) << "the relay found a hole where nobody had made one";
  MutexLock lock(mutex_);
  EXPECT_EQ(CheckJournal(WholeLog(*owner_), journal_), "");
  EXPECT_TRUE(WaitUntil([&] {
    return SubscriberState() == events::v1::SubscriptionStatus::STATE_RUNNING && relay_->Status().lag_events() == 0;
  }));
}

}  // namespace mestring
