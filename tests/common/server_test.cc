// A service as a process: what it refuses to start with, what its ports say, how it stops, and what it
// does when there is too much.
#include "common/process/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/rpc/limits.h"
#include "google/protobuf/descriptor_database.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/test/v1/test.grpc.pb.h"
#include "tests/support/certificates.h"
#include "tests/support/contract_checks.h"
#include "tests/support/running_service.h"
#include "tests/support/test_service.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

namespace tpb = test::v1;
using access::v1::ROLE_STAFF;

// A unary call of a method that we have no stub for, with the request's bytes.
grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                     const std::string& request, std::string* response, grpc::ClientContext* context) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const grpc::Slice slice(request);
  auto call = stub.PrepareUnaryCall(context, method, grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer bytes;
  grpc::Status status;
  call->Finish(&bytes, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  std::vector<grpc::Slice> slices;
  if (status.ok() && bytes.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) response->append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return status;
}

// grpc.health.v1: "SERVING", "NOT_SERVING", or the code of a failure. A HealthCheckRequest has the name
// as its field 1, a HealthCheckResponse the state as its field 1.
std::string Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& name) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  const std::string request = name.empty() ? "" : absl::StrCat("\x0a", std::string(1, char(name.size())), name);
  std::string response;
  const grpc::Status status = CallRaw(channel, "/grpc.health.v1.Health/Check", request, &response, &context);
  if (!status.ok()) return absl::StrCat("code ", status.error_code());
  return response == "\x08\x01" ? "SERVING" : "NOT_SERVING";
}

std::shared_ptr<grpc::Channel> Plain(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments);
}

absl::Status Empty(const std::shared_ptr<grpc::Channel>& channel, std::unique_ptr<grpc::ClientContext> context) {
  tpb::EmptyResponse response;
  return FromWire(tpb::EmptyService::NewStub(channel)->Empty(context.get(), {}, &response));
}

// Why a service with this configuration does not start.
std::string WhyNot(const ServiceDefinition& definition, const std::function<void(Config&)>& adjust) {
  TempFolder folder;
  ReplaceFile(folder.path() + "/jwks.json", TestKeySet());
  Config config = Config::Defaults("test", {});
  config.database = "sqlite:" + folder.path() + "/test.db";
  config.redis_url = "";
  config.listen = config.metrics_listen = config.health_listen = "127.0.0.1:0";
  config.jwks_file = folder.path() + "/jwks.json";
  adjust(config);
  const auto server = Server::Start(definition, config);
  return server.ok() ? "it started" : std::string(server.status().message());
}

TEST(ServerTest, AnRpcWithoutRolesStopsTheStart) {
  EXPECT_EQ(WhyNot(UnguardedServiceDefinition(), [](Config&) {}),
            "the contract does not say who may call mestring.test.v1.UnguardedService.Unguarded");
}

TEST(ServerTest, ATakenPortIsSaidInOneSentence) {
  RunningService other(TestServiceDefinition());
  for (std::string Config::*field : {&Config::listen, &Config::metrics_listen, &Config::health_listen}) {
    const std::string why = WhyNot(TestServiceDefinition(), [&](Config& config) { config.*field = other.address(); });
    EXPECT_NE(why.find(absl::StrCat("cannot listen on ", other.address())), std::string::npos) << why;
  }
}

TEST(ServerTest, PlainTextIsForLoopbackOnly) {
  const std::string why = WhyNot(TestServiceDefinition(), [](Config& config) { config.listen = "0.0.0.0:0"; });
  EXPECT_NE(why.find("MESTRING_TLS_CERTIFICATE_FILE"), std::string::npos) << why;
}

TEST(ServerTest, AMissingKeyFileIsNamed) {
  const std::string why =
      WhyNot(TestServiceDefinition(), [](Config& config) { config.jwks_file = "/nowhere/jwks.json"; });
  EXPECT_NE(why.find("/nowhere/jwks.json"), std::string::npos) << why;
  const std::string tls = WhyNot(TestServiceDefinition(), [](Config& config) {
    config.tls_certificate_file = "/nowhere/tls.crt";
    config.tls_key_file = "/nowhere/tls.key";
  });
  EXPECT_NE(tls.find("/nowhere/tls.crt"), std::string::npos) << tls;
}

TEST(ServerTest, AKeyFileWithoutAUsableKeyStopsTheStart) {
  for (const std::string text :
       {"", "{}", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"c2VjcmV0\"}]}"}) {
    const std::string why = WhyNot(TestServiceDefinition(),
                                   [&](Config& config) { std::ofstream(config.jwks_file, std::ios::trunc) << text; });
    EXPECT_NE(why.find("cannot be used"), std::string::npos) << why;
  }
}

TEST(ServerTest, AnUnreachableDatabaseStopsTheStart) {
  const std::string why = WhyNot(TestServiceDefinition(), [](Config& config) {
    config.database = "postgresql:host=127.0.0.1 port=1 dbname=none connect_timeout=2";
  });
  EXPECT_NE(why, "it started");
  EXPECT_FALSE(why.empty());
}

TEST(ServerTest, HealthIsSaidOnBothPortsUnderEachName) {
  RunningService running(TestServiceDefinition());
  const auto probe = Plain(running.server().health_port());
  for (const auto& channel : {running.channel(), probe}) {
    for (const char* name : {"", "liveness", "readiness", "mestring.test.v1.NoteService",
                             "mestring.events.v1.EventService", "mestring.access.v1.AccessLogService"}) {
      EXPECT_EQ(Health(channel, name), "SERVING") << name;
    }
    EXPECT_EQ(Health(channel, "mestring.no.v1.Service"), absl::StrCat("code ", grpc::StatusCode::NOT_FOUND));
  }
  // The health port has nothing else.
  EXPECT_EQ(Empty(probe, running.As({ROLE_STAFF})).code(), absl::StatusCode::kUnimplemented);
}

TEST(ServerTest, TheHttpPortShowsMetricsHealthAndStatus) {
  RunningService running(TestServiceDefinition());
  tpb::WriteNoteRequest request;
  request.set_request_id(NewId(absl::Now()));
  request.set_person_ref(NewId(absl::Now()));
  tpb::WriteNoteResponse response;
  auto context = running.As({ROLE_STAFF});
  ASSERT_TRUE(tpb::NoteService::NewStub(running.channel())->WriteNote(context.get(), request, &response).ok());
  const int port = running.server().metrics_port();
  const std::string metrics = HttpGet(port, "/metrics");
  EXPECT_EQ(metrics.find("HTTP/1.1 200 OK\r\n"), 0u);
  for (const char* line :
       {"grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"WriteNote\",grpc_service=\"mestring.test.v1."
        "NoteService\"} 1",
        "grpc_server_handling_seconds_count{grpc_method=\"WriteNote\",grpc_service=\"mestring.test.v1.NoteService\"} 1",
        "mestring_relay_lag_events", "mestring_redis_up 0", "mestring_watchers 0", "mestring_timers_overdue 0",
        "mestring_parked_events 0", "mestring_ready 1", "mestring_events_total"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(metrics.find(request.person_ref()), std::string::npos);
  EXPECT_NE(HttpGet(port, "/healthz").find("\r\n\r\nok\n"), std::string::npos);
  EXPECT_NE(HttpGet(port, "/status").find("\"municipality\""), std::string::npos);
  // S6: no Redis runs here, which is exactly when it must be said.
  EXPECT_NE(HttpGet(port, "/status").find("\"redis_up\": false"), std::string::npos) << HttpGet(port, "/status");
  const std::string other = HttpGet(port, "/etc/passwd");
  EXPECT_EQ(other.find(" 404 "), 8u) << other;
}

TEST(ServerTest, MetricsAnswerWhileTheDatabaseHangs) {
  RunningService running(TestServiceDefinition(), "postgresql");
  std::string metrics;
  const absl::Status status = running.db().Write([&](Tx& tx) -> absl::Status {
    TRY(tx.Exec("LOCK TABLE stream_head, subscription, parked_event IN ACCESS EXCLUSIVE MODE").status());
    metrics = HttpGet(running.server().metrics_port(), "/metrics");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_NE(metrics.find("mestring_database_up"), std::string::npos);
}

// One talk with a server's reflection, under either name.
template <class Service, class Request, class Response>
class Reflection {
 public:
  explicit Reflection(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(Service::NewStub(channel)), talk_(stub_->ServerReflectionInfo(context_.get())) {}

  std::vector<std::string> Services() {
    Request request;
    request.set_list_services("*");
    std::vector<std::string> names;
    const Response response = Ask(request);
    for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
    return names;
  }
  // Whether the files that come with the answer are all that is needed to build `symbol`.
  bool Describes(const std::string& symbol) {
    Request request;
    request.set_file_containing_symbol(symbol);
    google::protobuf::SimpleDescriptorDatabase files;
    const Response response = Ask(request);
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      EXPECT_TRUE(files.Add(file)) << file.name() << " comes twice";
    }
    google::protobuf::DescriptorPool pool(&files);
    return pool.FindFileContainingSymbol(symbol) != nullptr;
  }
  Response Ask(const Request& request) {
    Response response;
    EXPECT_TRUE(talk_->Write(request));
    EXPECT_TRUE(talk_->Read(&response));
    EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
    return response;
  }
  grpc::Status End() {
    talk_->WritesDone();
    return talk_->Finish();
  }

 private:
  std::unique_ptr<grpc::ClientContext> context_ = RunningService::Nobody();
  std::unique_ptr<typename Service::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> talk_;
};
namespace r1 = grpc::reflection::v1;
namespace r1alpha = grpc::reflection::v1alpha;
using ReflectionV1 = Reflection<r1::ServerReflection, r1::ServerReflectionRequest, r1::ServerReflectionResponse>;
using ReflectionV1Alpha =
    Reflection<r1alpha::ServerReflection, r1alpha::ServerReflectionRequest, r1alpha::ServerReflectionResponse>;

TEST(ServerTest, ReflectionAnswersUnderBothNamesAndDescribesAllThatItLists) {
  RunningService running(TestServiceDefinition(), "sqlite", [](Config& config) { config.reflection = true; });
  ReflectionV1 v1(running.channel());
  ReflectionV1Alpha v1alpha(running.channel());
  const std::vector<std::string> services = v1.Services();
  EXPECT_EQ(v1alpha.Services(), services);
  for (const char* name : {"mestring.test.v1.NoteService", "mestring.events.v1.EventService",
                           "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}) {
    EXPECT_THAT(services, testing::Contains(name));
  }
  for (const std::string& name : services) {
    EXPECT_TRUE(v1.Describes(name)) << name;
    EXPECT_TRUE(v1alpha.Describes(name)) << name;
  }
  EXPECT_TRUE(v1.Describes("mestring.test.v1.NoteService.GetNote"));
  EXPECT_EQ(v1.End().error_code(), grpc::StatusCode::OK);
  EXPECT_EQ(v1alpha.End().error_code(), grpc::StatusCode::OK);
}

TEST(ServerTest, ReflectionSaysWhatItDoesNotKnowAndGoesOn) {
  RunningService running(TestServiceDefinition(), "sqlite", [](Config& config) { config.reflection = true; });
  ReflectionV1 reflection(running.channel());
  r1::ServerReflectionRequest request;
  request.set_host("here");
  request.set_file_containing_symbol("mestring.no.v1.Service");
  EXPECT_EQ(reflection.Ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_file_by_filename("no.proto");
  EXPECT_EQ(reflection.Ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_file_by_filename("mestring/test/v1/test.proto");
  EXPECT_GE(reflection.Ask(request).file_descriptor_response().file_descriptor_proto_size(), 4);
  request.mutable_file_containing_extension()->set_containing_type("google.protobuf.MethodOptions");
  request.mutable_file_containing_extension()->set_extension_number(access::v1::allow.number());
  EXPECT_GE(reflection.Ask(request).file_descriptor_response().file_descriptor_proto_size(), 2);
  request.mutable_file_containing_extension()->set_extension_number(1);
  EXPECT_EQ(reflection.Ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  EXPECT_THAT(reflection.Ask(request).all_extension_numbers_response().extension_number(),
              testing::Contains(access::v1::allow.number()));
  request.set_all_extension_numbers_of_type("mestring.no.v1.Message");
  EXPECT_EQ(reflection.Ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  request.clear_message_request();
  const r1::ServerReflectionResponse response = reflection.Ask(request);
  EXPECT_EQ(response.error_response().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(response.valid_host(), "here");
}

TEST(ServerTest, ReflectionIsOpenOnlyWhereItIsSwitchedOnAndNeverOnTheHealthPort) {
  for (const auto& [on, health] : {std::pair(true, false), std::pair(false, false), std::pair(true, true)}) {
    RunningService running(TestServiceDefinition(), "sqlite", [on = on](Config& config) { config.reflection = on; });
    for (const char* version : {"v1", "v1alpha"}) {
      const auto context = RunningService::Nobody();
      std::string response;
      // A ServerReflectionRequest with list_services = "*" (field 7).
      const grpc::Status status =
          CallRaw(health ? Plain(running.server().health_port()) : running.channel(),
                  absl::StrCat("/grpc.reflection.", version, ".ServerReflection/ServerReflectionInfo"), "\x3a\x01*",
                  &response, context.get());
      EXPECT_EQ(response.find("mestring.test.v1.NoteService") != std::string::npos, on && !health) << version;
      EXPECT_EQ(status.error_code(), on && !health ? grpc::StatusCode::OK : grpc::StatusCode::UNIMPLEMENTED);
      EXPECT_EQ(ReasonOnWire(status), on || health ? "" : "UNKNOWN_SERVICE");
    }
  }
}

TEST(ServerTest, OneCallTooManyIsRefusedAtOnceAndProbesAreAnswered) {
  RunningService running(TestServiceDefinition(), "sqlite", [](Config& config) { config.calls_max = 4; });
  const auto notes = tpb::NoteService::NewStub(running.channel());
  ReleaseHold(false);
  std::vector<std::thread> holders;
  for (int i = 0; i < 4; ++i) {
    holders.emplace_back([&] {
      auto context = running.As({ROLE_STAFF});
      tpb::HoldResponse response;
      EXPECT_TRUE(notes->Hold(context.get(), {}, &response).ok());
    });
  }
  EXPECT_TRUE(WaitUntil([&] { return running.server().kernel().edge.calls() == 4; }));
  // Answered while the others are held, not after them.
  auto context = running.As({ROLE_STAFF});
  tpb::HoldResponse response;
  const grpc::Status wire = notes->Hold(context.get(), {}, &response);
  EXPECT_EQ(Health(running.channel(), "readiness"), "SERVING");
  ReleaseHold(true);
  for (std::thread& holder : holders) holder.join();

  EXPECT_EQ(wire.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(FromWire(wire)), "TOO_MANY_CALLS");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(wire.error_details()));
  google::rpc::RetryInfo retry;
  EXPECT_TRUE(details.details(1).UnpackTo(&retry));
}

TEST(ServerTest, AStopLetsCallsFinishAndTurnsNewOnesAway) {
  auto running = std::make_unique<RunningService>(TestServiceDefinition(), "sqlite",
                                                  [](Config& config) { config.drain_deadline = absl::Seconds(10); });
  const auto channel = running->channel();
  const auto probe = Plain(running->server().health_port());
  const auto notes = tpb::NoteService::NewStub(channel);
  ReleaseHold(false);
  std::thread holder([&, context = running->As({ROLE_STAFF})] {
    tpb::HoldResponse response;
    EXPECT_EQ(FromWire(notes->Hold(context.get(), {}, &response)), absl::OkStatus());
  });
  ASSERT_TRUE(WaitUntil([] { return Held() == 1; }));
  auto late = running->As({ROLE_STAFF});
  std::thread stopper([&] { running->server().Stop(); });
  EXPECT_TRUE(WaitUntil([&] { return Health(probe, "readiness") == "NOT_SERVING"; }));
  EXPECT_EQ(Health(probe, "liveness"), "SERVING");
  tpb::HoldResponse response;
  EXPECT_TRUE(WaitUntil([&] {
    auto context = running->As({ROLE_STAFF});
    tpb::GetNoteRequest request;
    request.set_id(NewId(absl::Now()));
    tpb::GetNoteResponse note;
    return ReasonOf(FromWire(notes->GetNote(context.get(), request, &note))) == "DRAINING";
  }));
  ReleaseHold(true);
  holder.join();
  stopper.join();
}

// S11: what is refused before a use case runs has its reason on the wire.
TEST(ServerTest, ARequestOverOurLimitHasItsReasonAndOneOverGrpcsHasNone) {
  RunningService running(TestServiceDefinition());
  const auto write = [&](size_t bytes, std::unique_ptr<grpc::ClientContext> context) {
    tpb::WriteNoteRequest request;
    request.set_request_id(NewId(absl::Now()));
    request.set_text(std::string(bytes, 'x'));
    tpb::WriteNoteResponse response;
    return tpb::NoteService::NewStub(running.channel())->WriteNote(context.get(), request, &response);
  };
  const grpc::Status ours = write(kRequestBytesMax, running.As({ROLE_STAFF}));
  EXPECT_EQ(ours.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << "a repeat cannot succeed";
  EXPECT_EQ(ReasonOnWire(ours), "REQUEST_TOO_LARGE");
  EXPECT_EQ(MetadataOf(FromWire(ours))["max_bytes"], absl::StrCat(kRequestBytesMax));
  EXPECT_EQ(ReasonOnWire(write(kRequestBytesMax, RunningService::Nobody())), "UNAUTHENTICATED");
  // Within the limit: here the text is too long.
  EXPECT_EQ(ReasonOnWire(write(kRequestBytesMax - 100, running.As({ROLE_STAFF}))), "INVALID_FIELD");
  const grpc::Status grpcs = write(kTransportRequestBytesMax, running.As({ROLE_STAFF}));
  EXPECT_EQ(grpcs.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOnWire(grpcs), "") << "README.md says so";
}

TEST(ServerTest, AWatchOverOurLimitHasItsReason) {
  RunningService running(TestServiceDefinition());
  events::v1::WatchRequest request;
  request.add_types(std::string(kRequestBytesMax, 'x'));
  const auto context = running.As({ROLE_STAFF});
  const auto watch = events::v1::EventService::NewStub(running.channel())->Watch(context.get(), request);
  events::v1::WatchResponse response;
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(ReasonOnWire(watch->Finish()), "REQUEST_TOO_LARGE");
}

TEST(ServerTest, MetadataOverOurLimitHasItsReason) {
  RunningService running(TestServiceDefinition());
  const auto get = [&](size_t bytes) {
    auto context = running.As({ROLE_STAFF});
    context->AddMetadata("baggage", std::string(bytes, 'x'));
    tpb::GetNoteRequest request;
    request.set_id(NewId(absl::Now()));
    tpb::GetNoteResponse response;
    return tpb::NoteService::NewStub(running.channel())->GetNote(context.get(), request, &response);
  };
  EXPECT_EQ(ReasonOnWire(get(kMetadataBytesMax / 2)), "NOT_FOUND");
  EXPECT_EQ(ReasonOnWire(get(kMetadataBytesMax)), "METADATA_TOO_LARGE");
  EXPECT_EQ(get(kTransportMetadataBytesMax).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(ServerTest, ATokenThatIsNotAcceptedHasItsReason) {
  RunningService running(TestServiceDefinition());
  const auto try_with = [&](const std::string& authorization) {
    const auto context = RunningService::Nobody();
    if (!authorization.empty()) context->AddMetadata("authorization", authorization);
    tpb::HoldResponse response;
    return tpb::NoteService::NewStub(running.channel())->Hold(context.get(), {}, &response);
  };
  for (const std::string& authorization :
       {std::string(), std::string("Basic eA=="), std::string("Bearer a.b.c"),
        absl::StrCat("Bearer ", std::string(TokenVerifier::kTokenBytesMax + 1, 'x'))}) {
    const grpc::Status status = try_with(authorization);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(ReasonOnWire(status), "UNAUTHENTICATED") << authorization.substr(0, 20);
  }
  EXPECT_EQ(ReasonOnWire(try_with(absl::StrCat("Bearer ", Token({access::v1::ROLE_NAV})))), "FORBIDDEN");
}

// The gate refuses by itself, with a text only, what no handler is known to ask the edge about.
TEST(ServerTest, AHandlerThatAsksNoEdgeStandsBehindTheGate) {
  RunningService running(TestServiceDefinition());
  const auto empty = tpb::EmptyService::NewStub(running.channel());
  tpb::EmptyResponse response;
  const grpc::Status nobody = empty->Empty(RunningService::Nobody().get(), {}, &response);
  EXPECT_EQ(nobody.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(empty->Empty(running.As({access::v1::ROLE_OPERATOR}).get(), {}, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(empty->Empty(running.As({ROLE_STAFF}).get(), {}, &response).ok());
}

TEST(ServerTest, BytesThatAreNoMessageAreTheCallersFault) {
  RunningService running(TestServiceDefinition());
  // A request_id of one byte that is no UTF-8; and a field that is torn.
  for (const std::string bytes : {"\x0a\x01\xff", "\x0a\x09x"}) {
    std::string ignored;
    const auto context = running.As({ROLE_STAFF});
    const absl::Status status =
        FromWire(CallRaw(running.channel(), "/mestring.test.v1.NoteService/WriteNote", bytes, &ignored, context.get()));
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(ReasonOf(status), "UNREADABLE_REQUEST");
  }
  // Who may not call learns nothing of it.
  std::string ignored;
  const auto nobody = RunningService::Nobody();
  EXPECT_EQ(ReasonOnWire(CallRaw(running.channel(), "/mestring.test.v1.NoteService/WriteNote", "\x0a\x01\xff", &ignored,
                                 nobody.get())),
            "UNAUTHENTICATED");
}

TEST(ServerTest, APathThatNobodyServesSaysSo) {
  RunningService running(TestServiceDefinition());
  for (const auto& [method, reason] : {std::pair("/mestring.test.v1.NoteService/Burn", "UNKNOWN_METHOD"),
                                       std::pair("/mestring.test.v1.NoteService.WriteNote", "UNKNOWN_SERVICE"),
                                       std::pair("/mestring.test.v1.UnguardedService/Unguarded", "UNKNOWN_SERVICE"),
                                       std::pair("/mestring.no.v1.Service/Get", "UNKNOWN_SERVICE"),
                                       std::pair("/x", "UNKNOWN_SERVICE"), std::pair("/", "UNKNOWN_SERVICE")}) {
    for (const bool known : {true, false}) {
      const auto context = known ? running.As({ROLE_STAFF}) : RunningService::Nobody();
      std::string response;
      const grpc::Status status = CallRaw(running.channel(), method, "x", &response, context.get());
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
      EXPECT_EQ(ReasonOnWire(status), reason) << method;
    }
  }
}

TEST(ServerTest, AWithdrawnKeyStopsWorking) {
  RunningService running(TestServiceDefinition());
  EXPECT_EQ(Empty(running.channel(), running.As({ROLE_STAFF})), absl::OkStatus());
  ReplaceFile(running.jwks_file(), TestKeySetOf("rs256"));
  EXPECT_TRUE(WaitUntil(
      [&] { return Empty(running.channel(), running.As({ROLE_STAFF})).code() == absl::StatusCode::kUnauthenticated; }));
  ReplaceFile(running.jwks_file(), TestKeySet());
  EXPECT_TRUE(WaitUntil([&] { return Empty(running.channel(), running.As({ROLE_STAFF})).ok(); }));
}

// --- TLS ---------------------------------------------------------------------------------------------

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    Install(NewCertificate(authority_, "server"));
    ReplaceFile(Path("ca.crt"), authority_.certificate);
  }
  std::string Path(const std::string& name) { return folder_.path() + "/" + name; }
  void Install(const CertifiedKey& server) {
    ReplaceFile(Path("tls.key"), server.key);
    ReplaceFile(Path("tls.crt"), server.certificate);
  }
  std::function<void(Config&)> Adjust(bool mutual) {
    return [this, mutual](Config& config) {
      config.tls_certificate_file = Path("tls.crt");
      config.tls_key_file = Path("tls.key");
      if (mutual) config.tls_client_ca_file = Path("ca.crt");
    };
  }
  static std::shared_ptr<grpc::Channel> Channel(const std::string& address, const std::string& authority,
                                                const CertifiedKey& own = {}) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = authority;
    options.pem_cert_chain = own.certificate;
    options.pem_private_key = own.key;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
  }
  static absl::Status Try(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    context.AddMetadata("authorization", "Bearer " + Token({ROLE_STAFF}));
    tpb::EmptyResponse response;
    return FromWire(tpb::EmptyService::NewStub(channel)->Empty(&context, {}, &response));
  }

  TempFolder folder_;
  const CertifiedKey authority_ = NewAuthority();
};

TEST_F(TlsTest, ACallerOverTlsStillNeedsAToken) {
  RunningService running(TestServiceDefinition(), "sqlite", Adjust(false));
  const auto channel = Channel(running.address(), authority_.certificate);
  EXPECT_EQ(Try(channel), absl::OkStatus());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  tpb::EmptyResponse response;
  EXPECT_EQ(tpb::EmptyService::NewStub(channel)->Empty(&context, {}, &response).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_FALSE(Try(Channel(running.address(), NewAuthority().certificate)).ok());
  EXPECT_FALSE(Try(Plain(running.server().port())).ok());
}

TEST_F(TlsTest, MutualTlsTurnsAwayWhoShowsNoCertificateOfTheAuthority) {
  RunningService running(TestServiceDefinition(), "sqlite", Adjust(true));
  EXPECT_EQ(Try(Channel(running.address(), authority_.certificate, NewCertificate(authority_, "gateway"))),
            absl::OkStatus());
  EXPECT_FALSE(Try(Channel(running.address(), authority_.certificate)).ok());
  EXPECT_FALSE(Try(Channel(running.address(), authority_.certificate, NewCertificate(NewAuthority(), "gateway"))).ok());
}

TEST_F(TlsTest, ANewCertificateIsTakenUpWhileConnectionsLive) {
  RunningService running(TestServiceDefinition(), "sqlite", Adjust(false));
  const auto before = Channel(running.address(), authority_.certificate);
  EXPECT_EQ(Try(before), absl::OkStatus());
  const CertifiedKey next = NewAuthority();
  Install(NewCertificate(next, "server"));
  EXPECT_TRUE(WaitUntil([&] { return Try(Channel(running.address(), next.certificate)).ok(); }));
  EXPECT_EQ(Try(before), absl::OkStatus());
}

}  // namespace
}  // namespace mestring
