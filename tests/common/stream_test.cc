// What we rely on in Redis, on a real Redis: this is the conformance suite of the bus seam. If a new
// version of Redis, or another server that speaks its protocol, passes it, the relay's proof holds.
#include "common/events/stream.h"

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/redis.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

using events::v1::Event;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Event Row(Cursor cursor, std::string data = "bytes\0and more") {
  Event event;
  event.set_cursor(cursor.ToString());
  event.set_id(absl::StrCat("id-", cursor.ToString()));
  event.set_source("https://mestring.local/municipalities/1108/test");
  event.set_type("mestring.test.v1.Happened");
  event.set_subject("a-subject");
  event.set_subject_version(7);
  *event.mutable_time() = ToProto(absl::FromUnixMicros(1795417200'123456));
  event.set_data(std::move(data));
  event.set_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  return event;
}

std::vector<Event> Rows(int64_t epoch, int64_t first, int64_t last) {
  std::vector<Event> rows;
  for (int64_t position = first; position <= last; ++position) rows.push_back(Row({epoch, position}));
  return rows;
}

std::vector<std::string> Cursors(const std::vector<Event>& events) {
  std::vector<std::string> cursors;
  for (const Event& event : events) cursors.push_back(event.cursor());
  return cursors;
}

class StreamTest : public testing::Test {
 protected:
  static RedisServer& server() { return *server_; }
  static void SetUpTestSuite() { server_ = std::make_unique<RedisServer>(); }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override { server().Do({"FLUSHALL"}); }
  std::vector<std::string> Ids() {
    auto entries = stream_.NewestFirst("+", 1000);
    std::vector<std::string> ids;
    for (const Stream::Entry& entry : *entries) ids.insert(ids.begin(), entry.id);
    return ids;
  }

  static inline std::unique_ptr<RedisServer> server_;
  const std::string key_ = StreamKey("1108", "test");
  Stream stream_{server().options(), key_};
};

TEST_F(StreamTest, AnEntryComesBackAsItWasAppended) {
  EXPECT_EQ(key_, "mestring:{1108}:test");
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 2)).ok());
  const auto events = stream_.Read({5, 1}, 10, absl::ZeroDuration());
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 1);
  EXPECT_EQ(events->front().SerializeAsString(), Row({5, 2}).SerializeAsString());
  // As any other language sees it.
  EXPECT_THAT(server().Do({"XRANGE", key_, "5-2", "5-2"}),
              HasSubstr("specversion\n1.0\nid\nid-5-2\nsource\nhttps://mestring.local/municipalities/1108/"
                        "test\ntype\nmestring.test.v1.Happened\n"
                        "subject\na-subject\nsubjectversion\n7\ntime\n2026-11-23T07:00:00.123456Z\n"
                        "datacontenttype\napplication/protobuf\ndataschema\nhttps://mestring.local/schemas/"
                        "mestring.test.v1.Happened\n"
                        "traceparent\n00-"));
}

TEST_F(StreamTest, AnEntryWithoutSubjectOrTraceIsStillOurs) {
  Event row = Row({5, 1});
  row.clear_subject();
  row.clear_traceparent();
  row.clear_data();
  ASSERT_TRUE(stream_.Append({0, 0}, {row}).ok());
  EXPECT_EQ(stream_.Read({0, 0}, 10, absl::ZeroDuration())->front().SerializeAsString(), row.SerializeAsString());
}

TEST_F(StreamTest, NothingIsAppendedUnlessTheLastIdIsTheExpectedOne) {
  EXPECT_EQ(*stream_.LastId(), Cursor());
  EXPECT_EQ(*stream_.Append({5, 1}, Rows(5, 2, 3)), Cursor());
  EXPECT_EQ(*stream_.Append({0, 0}, Rows(5, 1, 3)), (Cursor{5, 3}));
  EXPECT_EQ(*stream_.Append({5, 2}, Rows(5, 3, 9)), (Cursor{5, 3}));
  EXPECT_EQ(*stream_.Append({5, 4}, Rows(5, 5, 9)), (Cursor{5, 3}));
  EXPECT_EQ(*stream_.Append({5, 3}, Rows(5, 4, 4)), (Cursor{5, 4}));
  EXPECT_THAT(Ids(), ElementsAre("5-1", "5-2", "5-3", "5-4"));
}

TEST_F(StreamTest, TheLastIdOutlivesItsEntry) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 3)).ok());
  ASSERT_TRUE(stream_.Delete({5, 3}).ok());
  EXPECT_EQ(*stream_.LastId(), (Cursor{5, 3}));
  EXPECT_EQ(*stream_.Trim({6, 0}), 2);
  EXPECT_EQ(*stream_.LastId(), (Cursor{5, 3}));
  EXPECT_EQ(*stream_.Append({5, 3}, Rows(5, 4, 4)), (Cursor{5, 4}));
}

TEST_F(StreamTest, BatchesThatAreUnderWayTogetherStandOrFallInOrder) {
  ASSERT_TRUE(stream_.SendAppend({0, 0}, Rows(5, 1, 100)).ok());
  ASSERT_TRUE(stream_.SendAppend({5, 100}, Rows(5, 101, 200)).ok());
  EXPECT_EQ(*stream_.TakeAppended(), (Cursor{5, 100}));
  EXPECT_EQ(*stream_.TakeAppended(), (Cursor{5, 200}));
  ASSERT_TRUE(stream_.SendAppend({5, 199}, Rows(5, 200, 201)).ok());
  ASSERT_TRUE(stream_.SendAppend({5, 201}, Rows(5, 202, 202)).ok());
  EXPECT_EQ(*stream_.TakeAppended(), (Cursor{5, 200}));
  EXPECT_EQ(*stream_.TakeAppended(), (Cursor{5, 200}));
}

TEST_F(StreamTest, OrphansAreRemovedInTheSameStepThatAppends) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 4)).ok());
  Stream::Repair repair;
  repair.orphans = {"5-4", "5-3"};
  repair.valid_last = Cursor{5, 2};
  EXPECT_EQ(*stream_.Append({5, 3}, Rows(7, 2, 3), repair), (Cursor{5, 4}));
  EXPECT_THAT(Ids(), ElementsAre("5-1", "5-2", "5-3", "5-4"));
  EXPECT_EQ(*stream_.Append({5, 4}, Rows(7, 2, 3), repair), (Cursor{7, 3}));
  EXPECT_THAT(Ids(), ElementsAre("5-1", "5-2", "7-2", "7-3"));
}

TEST_F(StreamTest, AStrangersEntryCanBeTakenOutAndTheIdSetBack) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 2)).ok());
  server().Do({"XGROUP", "CREATE", key_, "ahead", "$"});
  server().Do({"XGROUP", "CREATE", key_, "behind", "5-1"});
  const std::string stray = server().Do({"XADD", key_, "*", "field", "value"});
  server().Do({"XREADGROUP", "GROUP", "ahead", "me", "STREAMS", key_, ">"});
  EXPECT_GT(stream_.LastId()->epoch, 1'000'000'000'000);
  const auto newest = stream_.NewestFirst("+", 1);
  EXPECT_EQ(newest->front().id, stray);
  EXPECT_EQ(newest->front().event_id, "");
  const auto read = stream_.Read({5, 2}, 10, absl::ZeroDuration());
  EXPECT_EQ(read->front().cursor(), stray);
  EXPECT_EQ(read->front().type(), "");

  Stream::Repair repair;
  repair.orphans = {stray};
  repair.valid_last = Cursor{5, 2};
  EXPECT_EQ(*stream_.Append(*stream_.LastId(), Rows(5, 3, 3), repair), (Cursor{5, 3}));
  // Nobody who reads as a group misses what follows, and nobody sees again what they had.
  EXPECT_THAT(server().Do({"XREADGROUP", "GROUP", "ahead", "me", "STREAMS", key_, ">"}),
              testing::AllOf(HasSubstr("5-3"), testing::Not(HasSubstr("5-2"))));
  EXPECT_THAT(server().Do({"XREADGROUP", "GROUP", "behind", "me", "STREAMS", key_, ">"}),
              testing::AllOf(HasSubstr("5-2"), HasSubstr("5-3")));
}

TEST_F(StreamTest, TheIdIsSetBackAlsoWhenTheStrangersEntryIsGoneAlready) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 2)).ok());
  server().Do({"XDEL", key_, server().Do({"XADD", key_, "*", "field", "value"})});
  Stream::Repair repair;
  repair.valid_last = Cursor{5, 2};
  EXPECT_EQ(*stream_.Append(*stream_.LastId(), {}, repair), (Cursor{5, 2}));
}

TEST_F(StreamTest, AnImpossiblyLargeIdReadsAsTheLargest) {
  server().Do({"XADD", key_, "18446744073709551615-18446744073709551615", "field", "value"});
  EXPECT_EQ(stream_.LastId()->ToString(), "9223372036854775807-9223372036854775807");
}

TEST_F(StreamTest, AResetJumpsOverWhatIsNoLongerRetainedAndKeepsTheGroups) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 3)).ok());
  server().Do({"XGROUP", "CREATE", key_, "group", "5-1"});
  Stream::Repair repair;
  repair.reset = true;
  EXPECT_EQ(*stream_.Append({5, 3}, Rows(5, 50, 51), repair), (Cursor{5, 51}));
  EXPECT_THAT(Ids(), ElementsAre("5-50", "5-51"));
  EXPECT_THAT(server().Do({"XREADGROUP", "GROUP", "group", "me", "STREAMS", key_, ">"}), HasSubstr("5-50"));
  // Also backwards, when nothing that stands there is ours.
  repair.valid_last = Cursor{5, 9};
  EXPECT_EQ(*stream_.Append({5, 51}, Rows(5, 10, 10), repair), (Cursor{5, 10}));
  EXPECT_THAT(Ids(), ElementsAre("5-10"));
}

TEST_F(StreamTest, ABatchIsRefusedWholeWhenRedisIsFull) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 1)).ok());
  server().Do({"CONFIG", "SET", "maxmemory", "1mb"});
  const auto refused = stream_.Append({5, 1}, Rows(5, 2, 100));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("OOM"));
  server().Do({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(*stream_.LastId(), (Cursor{5, 1}));
}

// R6b: what a full Redis needs before it can be trimmed.
TEST_F(StreamTest, AFullRedisIsRepairedAllTheSame) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 3)).ok());
  ASSERT_TRUE(stream_.Delete({5, 3}).ok());
  server().Do({"CONFIG", "SET", "maxmemory", "1mb"});
  EXPECT_THAT(server().Do({"XSETID", key_, "5-2"}), HasSubstr("OOM"));
  Stream::Repair repair;
  repair.valid_last = Cursor{5, 2};
  EXPECT_EQ(*stream_.Append({5, 3}, {}, repair), (Cursor{5, 2}));
  EXPECT_EQ(*stream_.Trim({5, 2}), 1);
  EXPECT_TRUE(stream_.Delete({5, 2}).ok());
  server().Do({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(*stream_.Append({5, 2}, Rows(5, 3, 3)), (Cursor{5, 3}));
}

TEST_F(StreamTest, AForgottenScriptIsSentAgain) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 1)).ok());
  server().Do({"SCRIPT", "FLUSH"});
  EXPECT_EQ(*stream_.Append({5, 1}, Rows(5, 2, 2)), (Cursor{5, 2}));
  server().Do({"SCRIPT", "FLUSH"});
  ASSERT_TRUE(stream_.SendAppend({5, 2}, Rows(5, 3, 3)).ok());
  EXPECT_EQ(stream_.TakeAppended().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*stream_.Append({5, 2}, Rows(5, 3, 3)), (Cursor{5, 3}));
}

TEST_F(StreamTest, AReaderWaitsForTheNextEntryAndNoLongerThanAsked) {
  EXPECT_THAT(*stream_.Read({0, 0}, 10, absl::ZeroDuration()), IsEmpty());
  EXPECT_THAT(*stream_.Read({0, 0}, 10, absl::Milliseconds(30)), IsEmpty());
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 5)).ok());
  EXPECT_THAT(Cursors(*stream_.Read({5, 2}, 2, absl::Seconds(2))), ElementsAre("5-3", "5-4"));
  // Beyond the end, and at an entry that is gone, it is silent: that is why a reader checks successors.
  EXPECT_THAT(*stream_.Read({6, 0}, 10, absl::ZeroDuration()), IsEmpty());
  ASSERT_TRUE(stream_.Trim({5, 4}).ok());
  EXPECT_THAT(Cursors(*stream_.Read({5, 1}, 10, absl::ZeroDuration())), ElementsAre("5-4", "5-5"));
}

TEST_F(StreamTest, AWaitingReaderSurvivesAFlushAndSeesOnlyWhatIsNewToIt) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 10)).ok());
  server().FlushAll();
  Stream relay(server().options(), key_);
  ASSERT_TRUE(relay.Append({0, 0}, Rows(5, 1, 11)).ok());
  EXPECT_THAT(Cursors(*stream_.Read({5, 10}, 10, absl::Seconds(2))), ElementsAre("5-11"));
}

TEST_F(StreamTest, TrimmingIsExact) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 120)).ok());
  ASSERT_TRUE(stream_.Append({5, 120}, Rows(5, 121, 240)).ok());
  while (*stream_.Trim({5, 157}) > 0) continue;
  EXPECT_EQ(Ids().front(), "5-157");
}

TEST_F(StreamTest, TheSignOfLifeExpires) {
  EXPECT_EQ(*stream_.Heartbeat(), std::nullopt);
  ASSERT_TRUE(stream_.SetHeartbeat({5, 17}).ok());
  EXPECT_EQ(**stream_.Heartbeat(), (Cursor{5, 17}));
  const int64_t expiry = std::stoll(server().Do({"PTTL", key_ + ":head"}));
  EXPECT_GT(expiry, 5'000);
  EXPECT_LE(expiry, 10'000);
}

TEST_F(StreamTest, AnEvictionPolicyThatCouldDropTheStreamIsNoticed) {
  EXPECT_TRUE(stream_.CheckPolicy().ok());
  server().Do({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  EXPECT_EQ(stream_.CheckPolicy().code(), absl::StatusCode::kFailedPrecondition);
  server().Do({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
}

TEST_F(StreamTest, AReplicaIsNotWrittenTo) {
  ASSERT_TRUE(stream_.Append({0, 0}, Rows(5, 1, 1)).ok());
  server().Do({"REPLICAOF", "127.0.0.1", "1"});
  const auto refused = stream_.Append({5, 1}, Rows(5, 2, 2));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("READONLY"));
  server().Do({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(*stream_.Append({5, 1}, Rows(5, 2, 2)), (Cursor{5, 2}));
}

TEST_F(StreamTest, APausedRedisIsGivenUpAndComesBack) {
  RedisOptions options = server().options();
  options.command_timeout = absl::Milliseconds(100);
  Stream stream(options, key_);
  ASSERT_TRUE(stream.Append({0, 0}, Rows(5, 1, 1)).ok());
  server().Pause();
  EXPECT_EQ(stream.LastId().status().code(), absl::StatusCode::kUnavailable);
  server().Continue();
  EXPECT_TRUE(WaitUntil([&] { return stream.LastId().ok(); }));
}

TEST_F(StreamTest, AWaitingReadCanBeInterrupted) {
  RedisOptions options = server().options();
  options.command_timeout = absl::Hours(1);  // nothing but the interrupt ends a command
  Stream stream(options, key_);
  std::thread reader([&] { EXPECT_FALSE(stream.Read({0, 0}, 1, absl::Hours(1)).ok()); });
  EXPECT_TRUE(WaitUntil([&] { return server().Do({"CLIENT", "LIST"}).find("cmd=xread") != std::string::npos; }));
  stream.Interrupt();
  reader.join();
  EXPECT_FALSE(stream.LastId().ok());
}

TEST_F(StreamTest, ARedisThatIsAwayIsSaidInASentence) {
  Stream away(RedisServer::OptionsFor(absl::StrCat("redis://127.0.0.1:", FreePort())), key_);
  EXPECT_THAT(std::string(away.LastId().status().message()), HasSubstr("Redis does not answer: "));
  Stream wrong(RedisServer::OptionsFor("http://somewhere"), key_);
  EXPECT_EQ(wrong.LastId().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(StreamTest, APolicyThatOurUserMayNotLookAtIsSaidToBeUnknown) {
  server().Do({"ACL", "SETUSER", "blind", "on", ">blind", "~*", "+@all", "-info"});
  Stream blind(RedisServer::OptionsFor(server().UrlOf("blind:blind")), key_);
  EXPECT_EQ(blind.CheckPolicy().code(), absl::StatusCode::kPermissionDenied);
  server().Do({"ACL", "DELUSER", "blind"});
}

// The users of the local run: what each needs it may, and no more.
class BusUsersTest : public testing::Test {
 protected:
  Stream As(std::string_view login, const std::string& key) {
    return Stream(RedisServer::OptionsFor(server_.UrlOf(login)), key);
  }
  std::string Groups(const std::vector<std::string>& command) {
    return server_.DoAs(BusUsers::LoginOf("groups"), command);
  }

  const std::string key_ = StreamKey("1108", "test"), other_key_ = StreamKey("1108", "other");
  BusUsers users_{{"test", "other"}};
  RedisServer server_{{users_.setting()}, BusUsers::LoginOf("subscriber")};
};

TEST_F(BusUsersTest, AServiceWritesItsOwnStreamAndReadsTheOthers) {
  Stream relay = As(BusUsers::LoginOf("test"), key_);
  ASSERT_TRUE(relay.Append({0, 0}, Rows(5, 1, 3)).ok());
  Stream::Repair repair;
  repair.reset = true;
  repair.orphans = {"5-3"};
  repair.valid_last = Cursor{5, 2};
  Groups({"XGROUP", "CREATE", key_, "group", "$"});
  EXPECT_EQ(*relay.Append({5, 3}, Rows(5, 3, 4), repair), (Cursor{5, 4}));
  EXPECT_TRUE(relay.NewestFirst("+", 1).ok());
  EXPECT_TRUE(relay.SetHeartbeat({5, 3}).ok());
  EXPECT_TRUE(relay.Trim({5, 2}).ok());
  EXPECT_TRUE(relay.Delete({5, 2}).ok());
  EXPECT_TRUE(relay.CheckPolicy().ok());
  EXPECT_TRUE(relay.LastId().ok());

  Stream other = As(BusUsers::LoginOf("other"), key_);
  EXPECT_EQ(other.Read({0, 0}, 10, absl::ZeroDuration())->size(), 2);
  EXPECT_THAT(std::string(other.Append({5, 4}, Rows(5, 5, 5)).status().message()), HasSubstr("NOPERM"));
  EXPECT_FALSE(other.Delete({5, 3}).ok());
  EXPECT_FALSE(other.SetHeartbeat({5, 9}).ok());
  EXPECT_EQ(*relay.LastId(), (Cursor{5, 4}));
}

TEST_F(BusUsersTest, ASubscriberReadsAndNothingElse) {
  ASSERT_TRUE(As(BusUsers::LoginOf("test"), key_).Append({0, 0}, Rows(5, 1, 4)).ok());
  ASSERT_TRUE(As(BusUsers::LoginOf("test"), key_).SetHeartbeat({5, 4}).ok());
  Stream reader = As(BusUsers::LoginOf("subscriber"), key_);
  EXPECT_EQ(reader.Read({5, 3}, 10, absl::ZeroDuration())->size(), 1);
  EXPECT_EQ(**reader.Heartbeat(), (Cursor{5, 4}));
  EXPECT_THAT(std::string(reader.Append({5, 4}, Rows(5, 5, 5)).status().message()), HasSubstr("NOPERM"));
  EXPECT_FALSE(reader.Delete({5, 3}).ok());
  EXPECT_FALSE(reader.SetHeartbeat({5, 9}).ok());
  EXPECT_FALSE(As(BusUsers::LoginOf("subscriber"), "another:key").Read({0, 0}, 1, absl::ZeroDuration()).ok());
  EXPECT_THAT(server_.Do({"XGROUP", "CREATE", key_, "group", "0"}), HasSubstr("NOPERM"));
}

TEST_F(BusUsersTest, WhoReadsInAGroupKeepsItsPlaceInRedisAndCanWriteNoEvent) {
  Stream relay = As(BusUsers::LoginOf("test"), key_);
  ASSERT_TRUE(relay.Append({0, 0}, Rows(5, 1, 4)).ok());
  ASSERT_TRUE(relay.SetHeartbeat({5, 4}).ok());
  const std::string before = server_.Do({"XRANGE", key_, "-", "+"});

  EXPECT_EQ(Groups({"XGROUP", "CREATE", key_, "group", "5-1"}), "OK");
  EXPECT_EQ(Groups({"XGROUP", "CREATECONSUMER", key_, "group", "two"}), "1");
  EXPECT_THAT(Groups({"XREADGROUP", "GROUP", "group", "one", "COUNT", "2", "STREAMS", key_, ">"}), HasSubstr("5-3"));
  EXPECT_EQ(Groups({"XACK", key_, "group", "5-2"}), "1");
  EXPECT_THAT(Groups({"XPENDING", key_, "group"}), HasSubstr("5-3"));
  EXPECT_THAT(Groups({"XCLAIM", key_, "group", "two", "0", "5-3"}), HasSubstr("5-3"));
  EXPECT_THAT(Groups({"XAUTOCLAIM", key_, "group", "one", "0", "0"}), HasSubstr("5-3"));
  EXPECT_EQ(Groups({"XGROUP", "SETID", key_, "group", "5-2"}), "OK");
  EXPECT_THAT(Groups({"XRANGE", key_, "5-4", "5-4"}), HasSubstr("5-4"));
  EXPECT_EQ(Groups({"GET", key_ + ":head"}), "5-4");

  const std::string head = key_ + ":head", strangers = StreamKey("1108", "strangers");
  const std::vector<std::vector<std::string>> refused = {
      {"XADD", key_, "*", "field", "value"},
      {"XTRIM", key_, "MAXLEN", "0"},
      {"XDEL", key_, "5-1"},
      {"XSETID", key_, "9-9"},
      {"DEL", key_},
      {"UNLINK", key_},
      {"EXPIRE", key_, "1"},
      {"RENAME", key_, other_key_},
      {"COPY", key_, other_key_},
      {"SET", key_, "value"},
      {"SET", head, "9-9"},
      {"EVAL", "return redis.call('XADD', KEYS[1], '*', 'field', 'value')", "1", key_},
      {"XGROUP", "CREATE", head, "group", "$", "MKSTREAM"},
      {"XGROUP", "CREATE", strangers, "group", "$", "MKSTREAM"},
      {"FLUSHALL"},
      {"FLUSHDB"},
      {"CONFIG", "SET", "maxmemory", "1"},
      {"ACL", "SETUSER", "groups", "+@all"},
      {"SHUTDOWN"}};
  for (const std::vector<std::string>& command : refused) {
    EXPECT_THAT(Groups(command), testing::StartsWith("(error) NOPERM")) << command[0];
  }
  EXPECT_EQ(server_.Do({"XRANGE", key_, "-", "+"}), before);
  EXPECT_EQ(Groups({"XGROUP", "DESTROY", key_, "group"}), "1");
}

TEST_F(BusUsersTest, NobodyElseComesIn) {
  EXPECT_THAT(server_.DoAs("", {"PING"}), HasSubstr("NOAUTH"));
  Stream stranger = As("subscriber:wrong", key_);
  EXPECT_THAT(std::string(stranger.LastId().status().message()), HasSubstr("WRONGPASS"));
  // Characters that an address holds percent-encoded.
  EXPECT_TRUE(As("subscriber:password%2Dof%2Dsubscriber", key_).LastId().ok());
}

TEST(ParseEntryTest, AnythingLessThanAWholeEventIsForeign) {
  const EntryFields whole = {{"specversion", "1.0"},
                             {"id", "x"},
                             {"source", "/s"},
                             {"type", "t"},
                             {"subjectversion", "3"},
                             {"time", "2026-11-23T07:00:00.5Z"},
                             {"datacontenttype", "application/protobuf"},
                             {"data", ""}};
  EXPECT_EQ(ParseEntry("5-1", whole).id(), "x");
  for (size_t missing = 0; missing < whole.size(); ++missing) {
    EntryFields fields = whole;
    fields.erase(fields.begin() + missing);
    EXPECT_EQ(ParseEntry("5-1", fields).id(), "") << whole[missing].first;
  }
  EntryFields malformed = whole;
  malformed[4].second = "three";
  EXPECT_EQ(ParseEntry("5-1", malformed).id(), "");
  malformed = whole;
  malformed.emplace_back("ours-of-tomorrow", "passed over");
  EXPECT_EQ(ParseEntry("5-1", malformed).id(), "x");
  EXPECT_EQ(ParseEntry("5-1", {}).cursor(), "5-1");
}

// What one database would refuse and another spoil is no event of ours: a parked one must come back whole.
TEST(ParseEntryTest, AttributesThatNobodyCanKeepAreForeign) {
  const EntryFields whole = {{"specversion", "1.0"},
                             {"id", "x"},
                             {"source", "/s"},
                             {"type", "t"},
                             {"subject", "y"},
                             {"traceparent", "z"},
                             {"subjectversion", "3"},
                             {"time", "2026-11-23T07:00:00.123456789Z"},
                             {"datacontenttype", "application/protobuf"},
                             {"data", "\xff"}};
  const events::v1::Event event = ParseEntry("5-1", whole);
  EXPECT_EQ(event.subject(), "y");
  EXPECT_EQ(event.time().nanos(), 123'456'000);
  for (const char* name : {"id", "source", "type", "subject", "traceparent"}) {
    for (const std::string_view bad :
         {std::string_view("a\0b", 3), std::string_view("\xff"), std::string_view("a\n")}) {
      EntryFields fields = whole;
      fields.emplace_back(name, bad);
      EXPECT_EQ(ParseEntry("5-1", fields).id(), "") << name;
    }
  }
  for (const char* bad : {"infinite-future", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "today", ""}) {
    EntryFields fields = whole;
    fields.emplace_back("time", bad);
    EXPECT_EQ(ParseEntry("5-1", fields).id(), "") << bad;
  }
}

TEST(ParseEntryTest, ReadsWhatEntryOfWrites) {
  events::v1::Event event;
  event.set_cursor("5-1");
  event.set_id("x");
  event.set_source("/s");
  event.set_type("t");
  event.set_subject_version(-1);
  event.mutable_time()->set_seconds(-1);
  event.set_data(std::string("\0", 1));
  for (const char* more : {"", "y"}) {
    event.set_subject(more);
    event.set_traceparent(more);
    std::deque<std::string> texts;
    EXPECT_EQ(ParseEntry("5-1", EntryOf(event, texts)).SerializeAsString(), event.SerializeAsString());
  }
}

}  // namespace
}  // namespace mestring
