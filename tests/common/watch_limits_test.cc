// The limits of the watches, made small: a ring that comes round, a client that stops reading, one
// watcher too many. The hub is put together by hand, because a service's own limits are too wide for a
// test.
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/metrics.h"
#include "common/rpc/token.h"
#include "common/rpc/watch.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/security/server_credentials.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/test/v1/test.pb.h"
#include "tests/support/databases.h"
#include "tests/support/fake_clock.h"
#include "tests/support/process.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

namespace pb = events::v1;
using access::v1::ROLE_SERVICE;
using access::v1::ROLE_STAFF;

// A database, an edge and a hub behind a server.
class Hub {
 public:
  explicit Hub(Watch::Options options) {
    ReplaceFile(folder_.path() + "/jwks.json", TestKeySet());
    verifier_ = *TokenVerifier::Make(
        {.jwks_file = folder_.path() + "/jwks.json", .issuer = kTestIssuer, .audience = kTestAudience});
    Database::Options database;
    database.url = database_.url();
    database.clock = &clock_;
    database.zone = absl::UTCTimeZone();
    database.event_source = "/municipalities/1108/test";
    db_ = *Database::Open(std::move(database), {});
    EXPECT_TRUE(db_->StartEpoch(0, "start").ok());
    edge_ = std::make_unique<RpcPipeline>(*db_, metrics_, *verifier_,
                                          RpcPipeline::Options{.domain = "mestring.test", .hash_key = "key"});
    watch_ = std::make_unique<Watch>(*db_, *edge_, options);
    EXPECT_TRUE(watch_->Start().ok());
    const auto credentials = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
    credentials->SetAuthMetadataProcessor(edge_->NewAuthGate());
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", credentials, &port);
    builder.RegisterService(watch_->service());
    server_ = builder.BuildAndStart();
    edge_->Open({pb::EventService::service_full_name()});
    grpc::ChannelArguments arguments;
    // So that a client that does not read fills up after 64 KiB, not after megabytes.
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65535);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = pb::EventService::NewStub(
        grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments));
  }
  ~Hub() {
    watch_->Drain();
    server_->Shutdown(std::chrono::system_clock::now());
  }

  void Publish(int count) {
    for (int done = 0; done < count;) {
      const int batch = std::min(100, count - done);
      ASSERT_TRUE(db_->Write([&](Tx& tx) -> absl::Status {
                       for (int i = 0; i < batch; ++i) {
                         test::v1::NoteWritten event;
                         event.set_note_id(NewId(tx.now()));
                         event.set_person_ref(NewId(tx.now()));
                         TRY(tx.Publish(event, event.note_id(), 1));
                       }
                       return absl::OkStatus();
                     })
                      .ok());
      done += batch;
    }
  }
  static std::unique_ptr<grpc::ClientContext> As(Role role) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    context->AddMetadata("authorization", "Bearer " + Token({role}));
    return context;
  }
  pb::EventService::Stub& stub() { return *stub_; }
  Watch& watch() { return *watch_; }
  Metrics& metrics() { return metrics_; }

 private:
  TempFolder folder_;
  TestDatabase database_{"sqlite"};
  FakeClock clock_;
  Metrics metrics_;
  std::unique_ptr<TokenVerifier> verifier_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<RpcPipeline> edge_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<pb::EventService::Stub> stub_;
};

// Reads until `events` have come or the call ends; how many came.
int ReadEvents(grpc::ClientReader<pb::WatchResponse>& reader, int events) {
  pb::WatchResponse response;
  int seen = 0;
  while (seen < events && reader.Read(&response)) seen += response.has_event() ? 1 : 0;
  return seen;
}

constexpr int kMoreThanItTakes = 3000;

TEST(WatchLimitsTest, AWatcherThatDoesNotReadIsCutOffAndHurtsNobody) {
  Hub hub({.write_timeout = absl::Seconds(2)});
  auto slow_context = Hub::As(ROLE_SERVICE), quick_context = Hub::As(ROLE_SERVICE);
  auto slow = hub.stub().Watch(slow_context.get(), {});
  auto quick = hub.stub().Watch(quick_context.get(), {});
  pb::WatchResponse bookmark;
  ASSERT_TRUE(slow->Read(&bookmark));
  ASSERT_TRUE(quick->Read(&bookmark));
  hub.Publish(kMoreThanItTakes);
  EXPECT_EQ(ReadEvents(*quick, kMoreThanItTakes), kMoreThanItTakes);
  EXPECT_TRUE(
      WaitUntil([&] { return hub.metrics().Text().find("grpc_code=\"RESOURCE_EXHAUSTED\"") != std::string::npos; }));
  // What was under way still comes, then the end, with its reason.
  EXPECT_LT(ReadEvents(*slow, kMoreThanItTakes), kMoreThanItTakes);
  const absl::Status end = FromWire(slow->Finish());
  EXPECT_EQ(ReasonOf(end), "WATCHER_TOO_SLOW") << end;
  EXPECT_TRUE(WaitUntil([&] { return hub.watch().watchers() == 1; }));
  // The other one goes on.
  hub.Publish(10);
  EXPECT_EQ(ReadEvents(*quick, 10), 10);
}

TEST(WatchLimitsTest, AWatcherThatNeverReadsAgainGoesAway) {
  Hub hub({.write_timeout = absl::Seconds(1)});
  auto context = Hub::As(ROLE_SERVICE);
  auto slow = hub.stub().Watch(context.get(), {});
  pb::WatchResponse bookmark;
  ASSERT_TRUE(slow->Read(&bookmark));
  hub.Publish(kMoreThanItTakes);
  EXPECT_TRUE(WaitUntil([&] { return hub.watch().watchers() == 0; }));
  while (slow->Read(&bookmark)) {
  }
  EXPECT_FALSE(slow->Finish().ok());
}

TEST(WatchLimitsTest, AWatcherThatTheRingHasOvertakenIsToldSo) {
  Hub hub({.ring_size = 64, .write_timeout = absl::Seconds(60)});
  auto context = Hub::As(ROLE_SERVICE);
  auto slow = hub.stub().Watch(context.get(), {});
  pb::WatchResponse bookmark;
  ASSERT_TRUE(slow->Read(&bookmark));
  // Far more than fits into what is under way and the ring together.
  hub.Publish(10 * kMoreThanItTakes);
  std::string last = bookmark.cursor();
  pb::WatchResponse response;
  int seen = 0;
  Cursor before = *ParseCursor(last);
  while (slow->Read(&response)) {
    const Cursor cursor = *ParseCursor(response.cursor());
    if (response.has_event()) {
      // No gap up to the end.
      EXPECT_EQ(cursor.position, before.position + 1);
      ++seen;
    }
    before = cursor;
  }
  EXPECT_EQ(ReasonOf(FromWire(slow->Finish())), "WATCHER_TOO_SLOW");
  EXPECT_LT(seen, 10 * kMoreThanItTakes);
  // It comes back with its cursor, and misses nothing.
  pb::WatchRequest request;
  request.set_after(before.ToString());
  auto again_context = Hub::As(ROLE_SERVICE);
  auto again = hub.stub().Watch(again_context.get(), request);
  EXPECT_EQ(ReadEvents(*again, 10 * kMoreThanItTakes - seen), 10 * kMoreThanItTakes - seen);
  again_context->TryCancel();
}

TEST(WatchLimitsTest, OneWatcherTooManyIsToldWhenToComeAgain) {
  Hub hub({.watchers_max = 2});
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<pb::WatchResponse>>> readers;
  pb::WatchResponse response;
  for (int i = 0; i < 2; ++i) {
    contexts.push_back(Hub::As(ROLE_STAFF));
    readers.push_back(hub.stub().Watch(contexts.back().get(), {}));
    ASSERT_TRUE(readers.back()->Read(&response));
  }
  auto context = Hub::As(ROLE_STAFF);
  auto reader = hub.stub().Watch(context.get(), {});
  EXPECT_FALSE(reader->Read(&response));
  const absl::Status end = FromWire(reader->Finish());
  EXPECT_EQ(end.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(end), "TOO_MANY_WATCHERS");
  contexts[0]->TryCancel();
  EXPECT_TRUE(WaitUntil([&] { return hub.watch().watchers() == 1; }));
  auto next_context = Hub::As(ROLE_STAFF);
  auto next = hub.stub().Watch(next_context.get(), {});
  EXPECT_TRUE(next->Read(&response));
  next_context->TryCancel();
  contexts[1]->TryCancel();
}

TEST(WatchLimitsTest, AnIdleWatcherHearsABookmark) {
  Hub hub({.bookmark = absl::Seconds(2)});
  auto context = Hub::As(ROLE_STAFF);
  pb::WatchRequest request;
  request.add_types("mestring.test.v1.NoteHidden");
  auto reader = hub.stub().Watch(context.get(), request);
  pb::WatchResponse first, second;
  ASSERT_TRUE(reader->Read(&first));
  hub.Publish(7);
  // One on the way may still be of before.
  do {
    ASSERT_TRUE(reader->Read(&second));
    EXPECT_FALSE(second.has_event());
  } while (second.cursor() == first.cursor());
  EXPECT_EQ(ParseCursor(second.cursor())->position, ParseCursor(first.cursor())->position + 7);
  context->TryCancel();
}

TEST(WatchLimitsTest, ManyWhoComeBackTogetherAllCatchUp) {
  constexpr int kWatchers = 200, kEvents = 300;
  Hub hub({.ring_size = 64});
  hub.Publish(kEvents);
  pb::WatchRequest request;
  request.set_after("0-0");
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<pb::WatchResponse>>> readers;
  for (int i = 0; i < kWatchers; ++i) {
    contexts.push_back(Hub::As(ROLE_SERVICE));
    readers.push_back(hub.stub().Watch(contexts.back().get(), request));
  }
  for (auto& reader : readers) EXPECT_EQ(ReadEvents(*reader, kEvents + 1), kEvents + 1);  // and EpochStarted
  for (auto& context : contexts) context->TryCancel();
  EXPECT_TRUE(WaitUntil([&] { return hub.watch().watchers() == 0; }));
}

}  // namespace
}  // namespace mestring
