#include "common/process/server.h"

// A service as a process: the order in which its parts start and stop.
//
// Start: first configuration and files, which can be wrong, so that a failed start has changed nothing; then the
// database and its schema; the relay's term, before which no event may be written; the service's own code; what works
// in the background; and the gRPC port last. When it answers, everything behind it works. The ports of health and
// metrics open before and say "not ready" until then.
//
// Stop, in the other order: health turns new callers away, the watches end, the RPCs under way finish, and then timers,
// subscriptions and the relay stop, so that events of the last RPC still go out if there is time. Correctness needs no
// time: SIGKILL at any moment loses nothing that was answered.
//
// Every handler is a callback on one of gRPC's two threads, and none of them blocks: that would stop everything, probes
// included. What waits for the database runs on threads of the database, whose number is fixed.

#include <atomic>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/metrics.h"
#include "common/base/random.h"
#include "common/events/relay.h"
#include "common/events/stream.h"
#include "common/process/gauges.h"
#include "common/process/health.h"
#include "common/process/http.h"
#include "common/process/listing.h"
#include "common/process/operations.h"
#include "common/process/owner_client.h"
#include "common/process/pages.h"
#include "common/process/tls.h"
#include "common/rpc/audience.h"
#include "common/rpc/limits.h"
#include "common/rpc/reflection.h"
#include "common/rpc/refusals.h"
#include "common/rpc/token.h"
#include "common/rpc/watch.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/resource_quota.h"

namespace mestring {
namespace {

constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// Time for answers and the ends of watches that are written but not sent when the last RPC is done.
constexpr absl::Duration kShutdownGrace = absl::Milliseconds(100);
// As long as the hash that it keys.
constexpr size_t kHashKeyBytes = 32;

absl::Status CannotStart(std::string_view sentence) { return absl::FailedPreconditionError(sentence); }

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

}  // namespace

struct Server::Impl {
  Config config;
  std::unique_ptr<Clock> own_clock;
  absl::Time start = absl::Now();
  Metrics metrics;
  std::unique_ptr<Database> db;
  std::unique_ptr<TokenVerifier> verifier;
  std::unique_ptr<RpcPipeline> edge;
  std::unique_ptr<Watch> watch;
  std::unique_ptr<Relay> relay;
  std::unique_ptr<Timers> timers;
  std::map<std::string, std::unique_ptr<Subscription>> subscriptions;  // by the key of the stream
  absl::Status subscribing;                                            // the first Subscribe that could not be
  std::unique_ptr<Kernel> kernel;
  std::unique_ptr<Service> service;
  std::vector<std::unique_ptr<grpc::Service>> common_services;
  std::unique_ptr<grpc::CallbackGenericService> unknown_calls;
  std::vector<std::string> service_names;
  std::unique_ptr<ServiceParts> parts;
  std::unique_ptr<Health> health;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<HttpServer> http;

  std::atomic<bool> stopped{false};

  absl::Status OpenAll(const ServiceDefinition& definition);
  absl::Status MakeService(const ServiceDefinition& definition);
  Subscription& Subscribe(std::string_view service_name);
  absl::Status StartServer();
  void FinishCalls();
  void Stop();
};

absl::Status Server::Impl::OpenAll(const ServiceDefinition& definition) {
  if (config.clock == nullptr) {
    own_clock = std::make_unique<SystemClock>(config.clock_offset_file);
    config.clock = own_clock.get();
  }
  ASSIGN(verifier,
         TokenVerifier::Make(
             {.jwks_file = config.jwks_file, .issuer = config.token_issuer, .audience = config.token_audience}));
  Database::Options options;
  options.url = config.database;
  options.clock = config.clock;
  if (!absl::LoadTimeZone(config.time_zone, &options.zone))
    return CannotStart("MESTRING_TIME_ZONE must be a time zone of this machine, such as Europe/Oslo");
  options.event_source =
      absl::StrCat(config.event_source, "/municipalities/", config.municipality, "/", config.service);
  ASSIGN(db, Database::Open(std::move(options), definition.schema, definition.shared_schema));

  RpcPipeline::Options edge_options;
  edge_options.domain = absl::StrCat("mestring.", config.service);
  edge_options.hash_key = config.log_hash_key.empty() ? RandomBytes(kHashKeyBytes) : config.log_hash_key;
  edge_options.access_log_retention = config.access_log_retention;
  edge_options.calls_max = config.calls_max;
  edge_options.reflection = config.reflection;
  edge_options.check_write = definition.check_write;
  edge = std::make_unique<RpcPipeline>(*db, metrics, *verifier, std::move(edge_options));
  watch = std::make_unique<Watch>(*db, *edge, Watch::Options());

  Relay::Options relay_options;
  relay_options.redis.url = config.redis_url;
  relay_options.key = StreamKey(config.municipality, config.service);
  relay_options.window = config.stream_window;
  relay_options.retention = config.log_retention;
  relay_options.holder = NewId(absl::Now());
  relay = std::make_unique<Relay>(*db, std::move(relay_options));
  timers = std::make_unique<Timers>(*db);
  return absl::OkStatus();
}

absl::Status Server::Impl::MakeService(const ServiceDefinition& definition) {
  TRY(relay->Start());
  kernel = std::make_unique<Kernel>(
      Kernel{*db, *timers, *edge, config,
             [this](std::string_view service_name) -> Subscription& { return Subscribe(service_name); }});
  service = definition.make(*kernel);
  TRY(subscribing);
  for (const auto& [key, subscription] : subscriptions) TRY(subscription->Start());
  timers->Start([this] { return relay->leading(); });
  parts = std::make_unique<ServiceParts>(ServiceParts{*edge, config, *relay, *timers, *watch, subscriptions, start});
  health = std::make_unique<Health>(*parts, service_names);
  return watch->Start();
}

Subscription& Server::Impl::Subscribe(std::string_view service_name) {
  const std::string address = config.OwnerOf(service_name);
  if (address.empty() && subscribing.ok()) {
    subscribing = CannotStart(
        absl::StrCat("MESTRING_OWNERS does not say where ", service_name, " answers, whose events this service needs"));
  }
  Subscription::Options options;
  options.redis.url = config.redis_url;
  options.key = StreamKey(config.municipality, service_name);
  options.owner = OwnerAt(address, config);
  std::unique_ptr<Subscription>& subscription = subscriptions[options.key];
  if (subscription == nullptr) subscription = std::make_unique<Subscription>(*db, options);
  return *subscription;
}

absl::Status Server::Impl::StartServer() {
  ASSIGN(const std::shared_ptr<grpc::ServerCredentials> credentials, ServerCredentialsFor(config));
  credentials->SetAuthMetadataProcessor(edge->NewAuthGate());
  grpc::ServerBuilder builder;
  builder.AddListeningPort(config.listen, credentials, &port);
  for (grpc::Service* own : service->GrpcServices()) builder.RegisterService(own);
  common_services.push_back(NewOperationsService(*parts));
  common_services.push_back(NewAccessLogService(*edge));
  if (config.reflection) {
    for (auto& reflection : NewReflectionServices(service_names)) common_services.push_back(std::move(reflection));
  }
  for (const auto& common : common_services) builder.RegisterService(common.get());
  builder.RegisterService(watch->service());
  unknown_calls = NewUnknownCalls(*edge);
  builder.RegisterCallbackGenericService(unknown_calls.get());
  builder.SetOption(NewListing(&service_names));
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(NewUnreadableRequests(*edge));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));

  builder.SetMaxReceiveMessageSize(kTransportRequestBytesMax);
  builder.SetResourceQuota(grpc::ResourceQuota("mestring").Resize(kTransportMemoryMax));
  // Without this a second process could listen on the same port and take half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kTransportMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(kConnectionAge));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(kConnectionGrace));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, Milliseconds(kPingIntervalMin));
  server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return CannotStart(
        absl::StrCat("cannot listen on ", config.listen, " (MESTRING_LISTEN): is something else using it?"));
  }
  TRY(CheckContracts(service_names, *access::v1::Role_descriptor()));
  // Until here the gate has refused every call.
  edge->Open(service_names);
  return absl::OkStatus();
}

// Waits for the RPCs under way. The deadline of Shutdown alone does not do: it also waits for every idle connection
// whose client does not read, so a stop would always take all of it.
void Server::Impl::FinishCalls() {
  edge->Drain();
  const absl::Time deadline = absl::Now() + config.drain_deadline;
  while (edge->calls() > 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(2));
  server->Shutdown(absl::ToChronoTime(absl::Now() + kShutdownGrace));
}

void Server::Impl::Stop() {
  if (stopped.exchange(true)) return;
  if (health != nullptr) health->Drain();
  if (server != nullptr) absl::SleepFor(config.drain_delay);
  if (watch != nullptr) watch->Drain();
  if (server != nullptr) FinishCalls();
  if (timers != nullptr) timers->Stop();
  for (const auto& [key, subscription] : subscriptions) subscription->Stop();
  if (relay != nullptr) relay->Stop();
  if (health != nullptr) health->Close();
  http.reset();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { Stop(); }
int Server::port() const { return impl_->port; }
int Server::metrics_port() const { return impl_->http->port(); }
int Server::health_port() const { return impl_->health->port(); }
Kernel& Server::kernel() { return *impl_->kernel; }
void Server::Stop() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServiceDefinition& definition, Config config) {
  grpc::EnableDefaultHealthCheckService(true);
  // The abseil of Debian, which gRPC uses too, searches for lock cycles at every lock, as in a debug build.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  auto server = std::unique_ptr<Server>(new Server(std::make_unique<Impl>()));
  Impl& impl = *server->impl_;
  impl.config = std::move(config);
  TRY(ServerCredentialsFor(impl.config).status());
  TRY(impl.OpenAll(definition));
  TRY(impl.MakeService(definition));
  RegisterGauges(impl.metrics, *impl.parts, *impl.health);
  TRY(impl.health->Listen());
  ASSIGN(impl.http, HttpServer::Start(impl.config.metrics_listen, PagesOf(*impl.parts, impl.metrics, *impl.health)));
  TRY(impl.StartServer());
  impl.health->Start(*impl.server);
  return server;
}

}  // namespace mestring
