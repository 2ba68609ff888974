// EventService through real stubs: what a watcher sees, in which order, what it may not see, and how it
// ends.
#include "common/rpc/watch.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/mutex.h"
#include "common/events/outbox.h"
#include "grpcpp/grpcpp.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/events/v1/operations.grpc.pb.h"
#include "mestring/test/v1/test.grpc.pb.h"
#include "tests/support/running_service.h"
#include "tests/support/test_service.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

namespace tpb = test::v1;
namespace pb = events::v1;
using access::v1::ROLE_NAV;
using access::v1::ROLE_OPERATOR;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_SERVICE;
using access::v1::ROLE_SPECIALIST_HEALTH;
using access::v1::ROLE_STAFF;

std::string NewUuid() { return NewId(absl::Now()); }

// One Watch call, read by a thread of its own.
class OpenWatch {
 public:
  OpenWatch(pb::EventService::Stub& stub, std::unique_ptr<grpc::ClientContext> context, const pb::WatchRequest& request)
      : context_(std::move(context)), reader_(stub.Watch(context_.get(), request)) {
    thread_ = std::thread([this] {
      pb::WatchResponse response;
      while (reader_->Read(&response)) {
        MutexLock lock(mutex_);
        responses_.push_back(response);
      }
      const absl::Status end = FromWire(reader_->Finish());
      MutexLock lock(mutex_);
      end_ = end;
    });
  }
  ~OpenWatch() {
    context_->TryCancel();
    thread_.join();
  }

  std::vector<pb::WatchResponse> responses() {
    MutexLock lock(mutex_);
    return responses_;
  }
  std::vector<pb::Event> events() {
    std::vector<pb::Event> events;
    for (const pb::WatchResponse& response : responses()) {
      if (response.has_event()) events.push_back(response.event());
    }
    return events;
  }
  // The cursor of the last message, once there is one.
  std::string cursor() {
    EXPECT_TRUE(WaitUntil([this] { return !responses().empty(); }));
    return responses().back().cursor();
  }
  bool WaitForEvents(size_t count) {
    return WaitUntil([&] { return events().size() >= count; });
  }
  absl::Status WaitForEnd() {
    EXPECT_TRUE(WaitUntil([this] {
      MutexLock lock(mutex_);
      return end_.has_value();
    }));
    MutexLock lock(mutex_);
    return *end_;
  }

 private:
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<pb::WatchResponse>> reader_;
  Mutex mutex_;
  std::vector<pb::WatchResponse> responses_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

class WatchTest : public testing::TestWithParam<const char*> {
 protected:
  // The id of a new note.
  std::string WriteNote(const std::string& person = "", const std::string& organisation = "", bool hide = false) {
    tpb::WriteNoteRequest request;
    request.set_request_id(NewUuid());
    request.set_person_ref(person.empty() ? NewUuid() : person);
    request.set_organisation_id(organisation);
    request.set_hide(hide);
    tpb::WriteNoteResponse response;
    auto context = running_.As({ROLE_STAFF});
    EXPECT_EQ(FromWire(notes_->WriteNote(context.get(), request, &response)), absl::OkStatus());
    return response.note().id();
  }
  std::unique_ptr<grpc::ClientContext> ForLong(std::unique_ptr<grpc::ClientContext> context) {
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
    return context;
  }
  std::unique_ptr<OpenWatch> Watch(std::unique_ptr<grpc::ClientContext> context, const pb::WatchRequest& request = {}) {
    return std::make_unique<OpenWatch>(*events_, ForLong(std::move(context)), request);
  }
  // A watch from now on that is known to stand.
  std::unique_ptr<OpenWatch> WatchFromNow(std::unique_ptr<grpc::ClientContext> context, pb::WatchRequest request = {}) {
    auto watch = Watch(std::move(context), request);
    watch->cursor();
    return watch;
  }
  absl::StatusOr<pb::ListResponse> List(std::unique_ptr<grpc::ClientContext> context, const std::string& after,
                                        int page_size = 0) {
    pb::ListRequest request;
    request.set_after(after);
    request.set_page_size(page_size);
    pb::ListResponse response;
    TRY(FromWire(events_->List(context.get(), request, &response)));
    return response;
  }

  RunningService running_{TestServiceDefinition(), GetParam()};
  std::unique_ptr<tpb::NoteService::Stub> notes_ = tpb::NoteService::NewStub(running_.channel());
  std::unique_ptr<pb::EventService::Stub> events_ = pb::EventService::NewStub(running_.channel());
};

INSTANTIATE_TEST_SUITE_P(Engines, WatchTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(WatchTest, AWatcherSeesWhatIsWrittenAfterItBegan) {
  WriteNote();
  auto watch = WatchFromNow(running_.As({ROLE_STAFF}));
  EXPECT_TRUE(watch->events().empty());
  const std::string note = WriteNote();
  ASSERT_TRUE(watch->WaitForEvents(1));
  const pb::Event event = watch->events()[0];
  EXPECT_EQ(event.type(), "mestring.test.v1.NoteWritten");
  EXPECT_EQ(event.subject(), note);
  EXPECT_EQ(event.source(), "https://mestring.local/municipalities/1108/test");
  tpb::NoteWritten written;
  ASSERT_TRUE(written.ParseFromString(event.data()));
  EXPECT_EQ(written.note_id(), note);
}

TEST_P(WatchTest, AListAndAWatchFromItsAsOfMissNothing) {
  std::vector<std::string> notes;
  for (int i = 0; i < 5; ++i) notes.push_back(WriteNote());
  const auto list = List(running_.As({ROLE_SERVICE}), "");
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->as_of(), list->head());
  for (int i = 0; i < 200; ++i) notes.push_back(WriteNote());
  pb::WatchRequest request;
  request.set_after(list->as_of());
  auto watch = Watch(running_.As({ROLE_SERVICE}), request);
  for (int i = 0; i < 20; ++i) notes.push_back(WriteNote());
  ASSERT_TRUE(watch->WaitForEvents(220));
  std::vector<std::string> seen;
  for (const pb::Event& event : list->events()) {
    if (event.type() == "mestring.test.v1.NoteWritten") seen.push_back(event.subject());
  }
  for (const pb::Event& event : watch->events()) seen.push_back(event.subject());
  EXPECT_EQ(seen, notes);
}

TEST_P(WatchTest, AWatchGoesOnFromItsLastCursorAfterARestart) {
  auto first = WatchFromNow(running_.As({ROLE_SERVICE}));
  std::vector<std::string> notes = {WriteNote(), WriteNote()};
  ASSERT_TRUE(first->WaitForEvents(2));
  pb::WatchRequest request;
  request.set_after(first->cursor());
  running_.Restart();
  EXPECT_EQ(ReasonOf(first->WaitForEnd()), "DRAINING");
  notes.push_back(WriteNote());
  auto second = Watch(running_.As({ROLE_SERVICE}), request);
  notes.push_back(WriteNote());
  // The restart began a new term, which subscribers hear of.
  ASSERT_TRUE(second->WaitForEvents(3));
  std::vector<std::string> seen;
  for (const auto& watch : {first.get(), second.get()}) {
    for (const pb::Event& event : watch->events()) {
      if (event.type() == "mestring.test.v1.NoteWritten") seen.push_back(event.subject());
    }
  }
  EXPECT_EQ(seen, notes);
  EXPECT_EQ(second->events()[0].type(), "mestring.events.v1.EpochStarted");
}

TEST_P(WatchTest, CursorsOnlyGrowAndBookmarksKeepTheOrder) {
  pb::WatchRequest request;
  request.add_types("mestring.test.v1.NoteHidden");
  auto watch = WatchFromNow(running_.As({ROLE_SERVICE}), request);
  for (int i = 0; i < 30; ++i) WriteNote("", "", i % 3 == 0);
  ASSERT_TRUE(watch->WaitForEvents(10));
  // An idle watcher hears how far the log has gone even though nothing there concerns it.
  for (int i = 0; i < 3; ++i) WriteNote();
  const auto head = List(running_.As({ROLE_SERVICE}), "")->head();
  ASSERT_TRUE(WaitUntil([&] { return watch->cursor() == head; }, 15));
  EXPECT_FALSE(watch->responses().back().has_event());
  Cursor last;
  for (const pb::WatchResponse& response : watch->responses()) {
    const Cursor cursor = *ParseCursor(response.cursor());
    EXPECT_GE(cursor, last);
    last = cursor;
  }
}

TEST_P(WatchTest, AResidentSeesOnlyWhatConcernsThemself) {
  const std::string ann = NewUuid(), bob = NewUuid();
  auto watch = WatchFromNow(running_.As({ROLE_PERSON}, ann));
  auto nobody = WatchFromNow(running_.As({ROLE_PERSON}));
  auto both = WatchFromNow(running_.As({ROLE_PERSON, ROLE_STAFF}, ann));
  WriteNote(bob);
  const std::string hers = WriteNote(ann);
  WriteNote(ann, "", /*hide=*/true);
  WriteNote(bob);
  const std::string hers_too = WriteNote(ann);
  ASSERT_TRUE(watch->WaitForEvents(2));
  ASSERT_TRUE(both->WaitForEvents(4));
  EXPECT_EQ(watch->events()[0].subject(), hers);
  EXPECT_EQ(watch->events()[1].subject(), hers_too);
  EXPECT_TRUE(nobody->events().empty());
  const auto list = List(running_.As({ROLE_PERSON}, ann), "");
  ASSERT_TRUE(list.ok());
  int seen = 0;
  for (const pb::Event& event : list->events()) {
    if (event.type() == "mestring.events.v1.EpochStarted") continue;
    EXPECT_EQ(event.type(), "mestring.test.v1.NoteWritten");
    ++seen;
  }
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(list->as_of(), list->head());
}

TEST_P(WatchTest, AnOfficeSeesOnlyWhatNamesIt) {
  auto nav = WatchFromNow(running_.As({ROLE_NAV}, "", "nav-sandnes"));
  auto hospital = WatchFromNow(running_.As({ROLE_SPECIALIST_HEALTH}, "", "nav-sandnes"));
  WriteNote("", "nav-oslo");
  const std::string theirs = WriteNote("", "nav-sandnes");
  WriteNote();
  auto all = WatchFromNow(running_.As({ROLE_SERVICE}));
  WriteNote("", "nav-sandnes");
  ASSERT_TRUE(nav->WaitForEvents(2));
  EXPECT_EQ(nav->events()[0].subject(), theirs);
  EXPECT_EQ(nav->events().size(), 2u);
  // The contract of the event does not name them at all.
  EXPECT_TRUE(hospital->events().empty());
}

TEST_P(WatchTest, AnEventThatNobodyIsNamedForIsForSubscribersOnly) {
  auto staff = WatchFromNow(running_.As({ROLE_STAFF}));
  auto subscriber = WatchFromNow(running_.As({ROLE_SERVICE}));
  WriteNote("", "", /*hide=*/true);
  WriteNote();
  ASSERT_TRUE(subscriber->WaitForEvents(2));
  ASSERT_TRUE(staff->WaitForEvents(1));
  EXPECT_EQ(staff->events()[0].type(), "mestring.test.v1.NoteWritten");
}

TEST_P(WatchTest, FiltersBySubjectLeaveTheRestOut) {
  const std::string note = WriteNote();
  WriteNote();
  pb::WatchRequest request;
  request.set_after("0-0");
  request.add_subjects(note);
  auto watch = Watch(running_.As({ROLE_SERVICE}), request);
  ASSERT_TRUE(watch->WaitForEvents(1));
  watch->cursor();
  EXPECT_EQ(watch->events()[0].subject(), note);
}

TEST_P(WatchTest, ACursorThatTheLogDoesNotKnowIsForked) {
  WriteNote();
  const Cursor head = *ParseCursor(List(running_.As({ROLE_SERVICE}), "")->head());
  for (const Cursor unknown : {Cursor{head.epoch, head.position + 5}, Cursor{head.epoch + 5, head.position}}) {
    pb::WatchRequest request;
    request.set_after(unknown.ToString());
    const absl::Status end = Watch(running_.As({ROLE_SERVICE}), request)->WaitForEnd();
    EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(ReasonOf(end), "CURSOR_FORKED");
    EXPECT_FALSE(MetadataOf(end)["common"].empty());
    EXPECT_EQ(ReasonOf(List(running_.As({ROLE_SERVICE}), unknown.ToString()).status()), "CURSOR_FORKED");
  }
}

TEST_P(WatchTest, ACursorOlderThanTheLogIsPruned) {
  const std::string old = List(running_.As({ROLE_SERVICE}), "")->as_of();
  for (int i = 0; i < 5; ++i) WriteNote();
  running_.clock().Advance(absl::Hours(24));
  WriteNote();
  ASSERT_TRUE(running_.db().Write([&](Tx& tx) { return PruneLog(tx, tx.now() - absl::Hours(1), 100).status(); }).ok());
  pb::WatchRequest request;
  request.set_after(old);
  const absl::Status end = Watch(running_.As({ROLE_SERVICE}), request)->WaitForEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ReasonOf(end), "CURSOR_PRUNED");
}

TEST_P(WatchTest, AWatchNeedsATokenARoleAndARightRequest) {
  EXPECT_EQ(Watch(RunningService::Nobody())->WaitForEnd().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Watch(running_.As({access::v1::ROLE_OPERATOR}))->WaitForEnd().code(), absl::StatusCode::kPermissionDenied);
  pb::WatchRequest request;
  request.set_after("yesterday");
  const absl::Status end = Watch(running_.As({ROLE_STAFF}), request)->WaitForEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(ViolationsOf(end).size(), 1u);
  EXPECT_EQ(ViolationsOf(end)[0].field, "after");
}

TEST_P(WatchTest, AWatchEndsWhenItsTokenDoes) {
  Claims claims;
  claims.roles = {ROLE_STAFF};
  // Accepted for some seconds more: the leeway is ten.
  claims.expires = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) - 3);
  auto context = RunningService::Nobody();
  context->AddMetadata("authorization", "Bearer " + Token(claims));
  auto ending = Watch(std::move(context)), going_on = Watch(running_.As({ROLE_STAFF}));
  const std::string from = ending->cursor();
  going_on->cursor();
  const std::string note = WriteNote();
  EXPECT_TRUE(ending->WaitForEvents(1));
  const absl::Status end = ending->WaitForEnd();
  EXPECT_GE(absl::Now(), claims.expires + absl::Seconds(10)) << "not before its time";
  EXPECT_EQ(end.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(end), "UNAUTHENTICATED");
  EXPECT_EQ(end.message(), "the token has expired; watch again from your last cursor with a new one");
  // The other one goes on, and the caller does, with a new token and the cursor of the last message.
  const std::string next = WriteNote();
  EXPECT_TRUE(going_on->WaitForEvents(2));
  pb::WatchRequest request;
  request.set_after(ending->cursor());
  auto again = Watch(running_.As({ROLE_STAFF}), request);
  ASSERT_TRUE(again->WaitForEvents(1));
  EXPECT_EQ(again->events()[0].subject(), next);
}

TEST_P(WatchTest, PagesOfAListFollowEachOther) {
  std::vector<std::string> notes;
  for (int i = 0; i < 25; ++i) notes.push_back(WriteNote());
  std::vector<std::string> seen;
  std::string after;
  for (int pages = 0; pages < 20; ++pages) {
    const auto page = List(running_.As({ROLE_SERVICE}), after, 4);
    ASSERT_TRUE(page.ok());
    EXPECT_LE(page->events_size(), 4);
    for (const pb::Event& event : page->events()) {
      if (event.type() == "mestring.test.v1.NoteWritten") seen.push_back(event.subject());
    }
    after = page->as_of();
    if (after == page->head()) break;
  }
  EXPECT_EQ(seen, notes);
}

// More than one page of the log lies before it, so that a watcher who begins comes to it in the ring.
TEST_P(WatchTest, AnErasedEventIsShownToNobodyAgain) {
  constexpr int kNotes = 1000;
  auto first = WatchFromNow(running_.As({ROLE_STAFF}));
  pb::WatchRequest request;
  request.set_after(first->cursor());
  pb::WatchRequest narrow;
  narrow.add_subjects(NewUuid());
  narrow.add_types("mestring.housing.v1.StayReserved");
  auto of_another = WatchFromNow(running_.As({ROLE_SERVICE}), narrow);
  for (int i = 0; i < kNotes; ++i) WriteNote();
  EXPECT_TRUE(first->WaitForEvents(kNotes));
  const pb::Event last = first->events().back();
  auto operations = pb::OperationsService::NewStub(running_.channel());
  pb::EraseEventRequest erase;
  erase.set_cursor(last.cursor());
  pb::EraseEventResponse erased;
  EXPECT_TRUE(operations->EraseEvent(running_.As({ROLE_OPERATOR}).get(), erase, &erased).ok());
  EXPECT_TRUE(first->WaitForEvents(kNotes + 1));
  EXPECT_TRUE(of_another->WaitForEvents(1)) << "whatever somebody asked for, they hear of an erasure";
  pb::EventErased told;
  EXPECT_TRUE(told.ParseFromString(first->events().back().data()));
  EXPECT_EQ(told.event_id(), last.id());

  auto second = Watch(running_.As({ROLE_STAFF}), request);
  EXPECT_TRUE(second->WaitForEvents(kNotes + 1));
  const std::vector<pb::Event> seen = second->events();
  EXPECT_EQ(seen[kNotes - 1].id(), last.id());
  EXPECT_EQ(seen[kNotes - 1].type(), pb::Erased::descriptor()->full_name());
  EXPECT_EQ(seen[kNotes - 1].data(), "");
}

TEST_P(WatchTest, ManyWatchersAllSeeEachEvent) {
  constexpr int kWatchers = 100, kEvents = 50;
  std::vector<std::unique_ptr<OpenWatch>> watches;
  for (int i = 0; i < kWatchers; ++i) watches.push_back(Watch(running_.As({ROLE_STAFF})));
  for (auto& watch : watches) watch->cursor();
  std::vector<std::string> notes;
  for (int i = 0; i < kEvents; ++i) notes.push_back(WriteNote());
  for (auto& watch : watches) {
    ASSERT_TRUE(watch->WaitForEvents(kEvents));
    std::vector<std::string> seen;
    for (const pb::Event& event : watch->events()) seen.push_back(event.subject());
    EXPECT_EQ(seen, notes);
  }
}

}  // namespace
}  // namespace mestring
