#include "common/server.h"

// A service as a process: what is started in which order, and stopped in which.
//
// Up: configuration and files that can be wrong first, so that a bad start says so and has touched
// nothing; then the database and its schema; the relay's term, before which no event may be written;
// the service's own code; what listens on its behalf; and the ports last. When a port answers,
// everything behind it works.
//
// Down, the other way round: first nobody new comes (health), then the watches end, then the RPCs under
// way finish, and only then stop relay, timers and subscriptions, so that what the last RPC wrote still
// goes out if there is time. Nothing depends on there being time: SIGKILL at any moment loses nothing
// that was answered.
//
// Unary handlers run on gRPC's own bounded threads: they block in the database, and blocking a callback
// thread would stop everything, probes included. Only Watch and health are callbacks.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/audience.h"
#include "common/http.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/operations.h"
#include "common/outbox.h"
#include "common/random.h"
#include "common/reflection.h"
#include "common/refusals.h"
#include "common/relay.h"
#include "common/stream.h"
#include "common/token.h"
#include "common/watch.h"
#include "common/worker.h"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/impl/server_builder_option.h"
#include "grpcpp/impl/server_builder_plugin.h"
#include "grpcpp/impl/server_initializer.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "mestring/events/v1/events.grpc.pb.h"

extern char** environ;

namespace mestring {
namespace {

constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// Threads beyond those for RPCs at work: to refuse one too many.
constexpr int kSpareThreads = 16;
// gRPC ends a thread when more than this many wait for work, and starts one when none does; with its
// default of 2 nearly every call that waits for a commit pays for a new thread (writes: a fifth less).
constexpr int kIdleThreadsMax = 64;
// For answers and the ends of watches that are written but not sent, when the last RPC is done.
constexpr absl::Duration kLastWords = absl::Milliseconds(100);
constexpr absl::Duration kHealthEvery = absl::Seconds(5);
// How often certificate files are looked at.
constexpr int kCertificateEverySeconds = 1;
// Of a call to the owner of a stream.
constexpr absl::Duration kOwnerDeadline = absl::Seconds(5);
// As long as the hash that it keys.
constexpr size_t kHashKeyBytes = 32;
constexpr size_t kTokenFileBytesMax = 16 << 10;

absl::Status CannotStart(std::string_view sentence) { return absl::FailedPreconditionError(sentence); }

bool IsLoopback(std::string_view address) {
  const std::string_view host = address.substr(0, address.rfind(':'));
  return host == "localhost" || host == "[::1]" || absl::StartsWith(host, "127.");
}

absl::Status CheckReadable(std::string_view variable, const std::string& path) {
  if (path.empty() || ::access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return CannotStart(absl::StrCat("the file of ", variable, ", ", path, ", cannot be read"));
}

// TLS, mutual if there is a client CA; else plain text, which only a loopback address may speak.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsFor(const Config& config) {
  if (config.tls_certificate_file.empty()) {
    if (!IsLoopback(config.listen)) {
      return CannotStart(absl::StrCat("plain text is spoken on a loopback address only, and MESTRING_LISTEN is ",
                                      config.listen, ": set MESTRING_TLS_CERTIFICATE_FILE and MESTRING_TLS_KEY_FILE"));
    }
    return grpc::experimental::LocalServerCredentials(LOCAL_TCP);
  }
  TRY(CheckReadable("MESTRING_TLS_CERTIFICATE_FILE", config.tls_certificate_file));
  TRY(CheckReadable("MESTRING_TLS_KEY_FILE", config.tls_key_file));
  TRY(CheckReadable("MESTRING_TLS_CLIENT_CA_FILE", config.tls_client_ca_file));
  const bool mutual = !config.tls_client_ca_file.empty();
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          config.tls_key_file, config.tls_certificate_file, config.tls_client_ca_file, kCertificateEverySeconds));
  options.watch_identity_key_cert_pairs();
  if (mutual) options.watch_root_certs();
  options.set_cert_request_type(mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                       : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

// How we speak to the owners of streams: as they speak to us.
std::shared_ptr<grpc::ChannelCredentials> ClientCredentialsFor(const Config& config) {
  if (config.tls_certificate_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      config.tls_key_file, config.tls_certificate_file, config.tls_client_ca_file, kCertificateEverySeconds));
  options.watch_identity_key_cert_pairs();
  if (!config.tls_client_ca_file.empty()) options.watch_root_certs();
  return grpc::experimental::TlsCredentials(options);
}

// Asks the owner of a stream for what comes after a cursor. The token is read anew each time: whoever
// renews it writes the file.
Subscription::Owner OwnerAt(const std::string& address, const Config& config) {
  auto stub = std::shared_ptr<events::v1::EventService::Stub>(
      events::v1::EventService::NewStub(grpc::CreateChannel(address, ClientCredentialsFor(config))));
  return
      [stub, token_file = config.token_file](Cursor after, int page_size) -> absl::StatusOr<events::v1::ListResponse> {
        grpc::ClientContext context;
        context.set_deadline(absl::ToChronoTime(absl::Now() + kOwnerDeadline));
        std::ifstream file(token_file);
        std::string token(std::istreambuf_iterator<char>(file), {});
        if (token.size() > kTokenFileBytesMax) return Unauthenticated("the token file is too large");
        absl::StripAsciiWhitespace(&token);
        context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
        events::v1::ListRequest request;
        if (after != Cursor()) request.set_after(after.ToString());
        request.set_page_size(page_size);
        events::v1::ListResponse response;
        TRY(FromWire(stub->List(&context, request, &response)));
        return response;
      };
}

// Notes the names of the services that a server really has.
class Listing : public grpc::ServerBuilderPlugin {
 public:
  explicit Listing(std::vector<std::string>* services) : services_(services) {}
  std::string name() override { return "mestring.listing"; }
  void InitServer(grpc::ServerInitializer*) override {}
  void Finish(grpc::ServerInitializer* initializer) override { *services_ = *initializer->GetServiceList(); }
  void ChangeArguments(const std::string&, void*) override {}
  // A server with nothing but the library's own health service would get no thread that polls.
  bool has_sync_methods() const override { return true; }

 private:
  std::vector<std::string>* const services_;
};

// Takes the note.
class ListingOption : public grpc::ServerBuilderOption {
 public:
  explicit ListingOption(std::vector<std::string>* services) : services_(services) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->push_back(std::make_unique<Listing>(services_));
  }

 private:
  std::vector<std::string>* const services_;
};

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

std::string EscapeHtml(std::string text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

}  // namespace

struct Server::Impl {
  Config config;
  std::unique_ptr<Clock> own_clock;
  absl::Time start = absl::Now();
  Metrics metrics;
  std::unique_ptr<Database> db;
  std::unique_ptr<TokenVerifier> verifier;
  std::unique_ptr<Edge> edge;
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
  int port = 0, health_port = 0;
  std::unique_ptr<grpc::Server> server, health_server;
  std::unique_ptr<HttpServer> http;

  std::atomic<bool> ready{false};
  absl::Mutex mutex;
  // As they were when health was last looked at. A scrape asks no database: it must answer above all when that hangs.
  struct Seen {
    events::v1::RelayStatus relay;
    std::vector<events::v1::SubscriptionStatus> subscriptions;
    int64_t timers_overdue = 0;
  };
  Seen seen ABSL_GUARDED_BY(mutex);
  auto Sampled(auto field) {
    return [this, field] {
      absl::MutexLock lock(&mutex);
      return double(field(seen));
    };
  }
  bool draining ABSL_GUARDED_BY(mutex) = false;
  bool stopped ABSL_GUARDED_BY(mutex) = false;

  Worker health{[this] { return WatchHealth(); }};  // goes first

  absl::Status OpenAll(const ServiceDefinition& definition);
  absl::Status MakeService(const ServiceDefinition& definition);
  Subscription& Subscribe(std::string_view service_name);
  absl::Status StartServer();
  absl::Status StartHealthServer();
  absl::Status StartHttp();
  void RegisterMetrics();
  void RegisterSubscriptionMetrics();
  Operated Parts() { return {*edge, config, *relay, *timers, *watch, subscriptions, start}; }
  void Look();
  absl::StatusOr<absl::Duration> WatchHealth();
  void FinishCalls();
  void SetHealth();
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
  if (!absl::LoadTimeZone(config.time_zone, &options.zone)) return CannotStart("MESTRING_TIME_ZONE is not known here");
  options.event_source = absl::StrCat("/municipalities/", config.municipality, "/", config.service);
  ASSIGN(db, Database::Open(std::move(options), definition.schema, definition.shared_schema));

  Edge::Options edge_options;
  edge_options.domain = absl::StrCat("mestring.", config.service);
  edge_options.hash_key = config.log_hash_key.empty() ? RandomBytes(kHashKeyBytes) : config.log_hash_key;
  edge_options.access_log_retention = config.access_log_retention;
  edge_options.calls_max = config.threads;
  edge_options.reflection = config.reflection;
  edge = std::make_unique<Edge>(*db, metrics, *verifier, std::move(edge_options));
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
  ASSIGN(const std::shared_ptr<grpc::ServerCredentials> credentials, CredentialsFor(config));
  credentials->SetAuthMetadataProcessor(edge->NewGate());
  grpc::ServerBuilder builder;
  builder.AddListeningPort(config.listen, credentials, &port);
  for (grpc::Service* own : service->GrpcServices()) builder.RegisterService(own);
  common_services.push_back(NewOperationsService(Parts()));
  common_services.push_back(NewAccessLogService(*edge));
  if (config.reflection) {
    for (auto& reflection : NewReflectionServices(service_names)) common_services.push_back(std::move(reflection));
  }
  for (const auto& common : common_services) builder.RegisterService(common.get());
  builder.RegisterService(watch->service());
  unknown_calls = NewUnknownCalls(*edge);
  builder.RegisterCallbackGenericService(unknown_calls.get());
  builder.SetOption(std::make_unique<ListingOption>(&service_names));
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(NewUnreadableRequests(*edge));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));

  builder.SetMaxReceiveMessageSize(kTransportRequestBytesMax);
  builder.SetResourceQuota(
      grpc::ResourceQuota("mestring").SetMaxThreads(config.threads + kSpareThreads).Resize(kTransportMemoryMax));
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, kIdleThreadsMax);
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
  // Until here the gate has let nobody through.
  edge->Open(service_names);
  return absl::OkStatus();
}

absl::Status Server::Impl::StartHealthServer() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(config.health_listen, grpc::InsecureServerCredentials(), &health_port);
  std::vector<std::string> only_health;
  builder.SetOption(std::make_unique<ListingOption>(&only_health));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.SetMaxReceiveMessageSize(kMetadataBytesMax);
  health_server = builder.BuildAndStart();
  if (health_server != nullptr && health_port != 0) return absl::OkStatus();
  return CannotStart(absl::StrCat("cannot listen on ", config.health_listen,
                                  " (MESTRING_HEALTH_LISTEN): is something else using it?"));
}

absl::Status Server::Impl::StartHttp() {
  std::map<std::string, std::function<HttpServer::Page()>> pages;
  pages["/metrics"] = [this] {
    return HttpServer::Page{200, "text/plain; version=0.0.4; charset=utf-8", metrics.Text()};
  };
  pages["/healthz"] = [this] {
    return ready ? HttpServer::Page{200, "text/plain; charset=utf-8", "ok\n"}
                 : HttpServer::Page{503, "text/plain; charset=utf-8", "not ready\n"};
  };
  pages["/status"] = [this] {
    events::v1::GetStatusResponse status;
    if (!DescribeStatus(Parts(), &status).ok()) status.set_service(config.service);
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    options.preserve_proto_field_names = true;
    // Also what has its default: that Redis is down must not be a line that is missing.
    options.always_print_primitive_fields = true;
    std::string json;
    (void)google::protobuf::util::MessageToJsonString(status, &json, options);
    return HttpServer::Page{
        200, "text/html; charset=utf-8",
        absl::StrCat("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>", config.service, "</title><h1>",
                     config.service, "</h1><p>", ready ? "ready" : "not ready", "</p><pre>", EscapeHtml(json),
                     "</pre></html>\n")};
  };
  ASSIGN(http, HttpServer::Start(config.metrics_listen, std::move(pages)));
  return absl::OkStatus();
}

void Server::Impl::RegisterMetrics() {
  const auto relay_status = [this](auto field) { return Sampled([field](const Seen& s) { return field(s.relay); }); };
  using RelayStatus = events::v1::RelayStatus;
  metrics.Gauge("mestring_redis_up", "1 if Redis answered last time; of the replica that leads.",
                relay_status([](const RelayStatus& s) { return s.redis_up(); }));
  metrics.Gauge("mestring_relay_leading", "1 if this process holds the relay's lease.",
                relay_status([](const RelayStatus& s) { return s.leading(); }));
  metrics.Gauge("mestring_relay_lag_events", "Events in the log that are not on the stream.",
                relay_status([](const RelayStatus& s) { return s.lag_events(); }));
  metrics.Gauge("mestring_relay_lag_seconds", "Age of the oldest event that is not on the stream.",
                relay_status([](const RelayStatus& s) { return s.lag_seconds(); }));
  metrics.Counter("mestring_stream_rebuilds_total", "How often the stream was filled again from the log.",
                  relay_status([](const RelayStatus& s) { return s.rebuilds(); }));
  metrics.Counter("mestring_stream_orphans_removed_total",
                  "Entries removed from the stream that the log does not know.",
                  relay_status([](const RelayStatus& s) { return s.orphans_removed(); }));
  metrics.Counter("mestring_stream_holes_total",
                  "How often entries were missing in the middle or at the front of the stream.",
                  relay_status([](const RelayStatus& s) { return s.holes(); }));
  metrics.Gauge("mestring_epoch", "The current epoch of the log; it grows with each term of the relay.",
                relay_status([](const RelayStatus& s) { return ParseCursor(s.head()).value_or(Cursor()).epoch; }));
  metrics.Counter("mestring_commits_total", "Commits of the database.",
                  [this] { return double(db->counts().commits); });
  metrics.Counter("mestring_writes_total", "Writes in them; writes per commit is the size of a group.",
                  [this] { return double(db->counts().writes); });
  metrics.Counter("mestring_events_total", "Events published.", [this] { return double(db->counts().events); });
  metrics.Gauge("mestring_write_queue_length", "Writes that wait.", [this] { return double(db->queue_length()); });
  metrics.Gauge("mestring_database_up", "1 if the database answered last time.",
                [this] { return db->healthy() ? 1.0 : 0.0; });
  metrics.Gauge("mestring_timers_overdue", "Timers due for more than 5 seconds.",
                Sampled([](const Seen& s) { return s.timers_overdue; }));
  metrics.Gauge("mestring_watchers", "Open watches.", [this] { return double(watch->watchers()); });
  metrics.Gauge("mestring_calls", "Unary RPCs at work.", [this] { return double(edge->calls()); });
  metrics.Gauge("mestring_ready", "1 if the service is ready.", [this] { return ready ? 1.0 : 0.0; });
  RegisterSubscriptionMetrics();
}

void Server::Impl::RegisterSubscriptionMetrics() {
  using Status = events::v1::SubscriptionStatus;
  const auto sum = [this](auto field) {
    return Sampled([field](const Seen& s) {
      double total = 0;
      for (const Status& subscription : s.subscriptions) total += field(subscription);
      return total;
    });
  };
  metrics.Gauge("mestring_subscription_lag_events", "Events of other services not applied yet.",
                sum([](const Status& s) { return double(std::max<int64_t>(0, s.lag_events())); }));
  metrics.Gauge("mestring_parked_events", "Events that could not be applied.",
                sum([](const Status& s) { return double(s.parked_events()); }));
  metrics.Gauge("mestring_subscriptions_forked", "Subscriptions stopped because the owner's past changed.",
                sum([](const Status& s) { return s.state() == Status::STATE_FORKED ? 1.0 : 0.0; }));
  metrics.Gauge("mestring_subscriptions_pruned",
                "Subscriptions stopped because the owner's log no longer reaches back.",
                sum([](const Status& s) { return s.state() == Status::STATE_PRUNED ? 1.0 : 0.0; }));
  metrics.Gauge("mestring_subscriptions_stale", "Subscriptions whose owner shows no sign of life.",
                sum([](const Status& s) { return s.state() == Status::STATE_STALE ? 1.0 : 0.0; }));
}

void Server::Impl::SetHealth() {
  bool serving = db->healthy();
  {
    absl::MutexLock lock(&mutex);
    serving = serving && !draining;
  }
  ready = serving;
  for (grpc::Server* each : {server.get(), health_server.get()}) {
    grpc::HealthCheckServiceInterface* health = each->GetHealthCheckService();
    health->SetServingStatus("", serving);
    health->SetServingStatus("readiness", serving);
    // That it can be said at all is what liveness means.
    health->SetServingStatus("liveness", true);
    for (const std::string& name : service_names) {
      if (!IsOfGrpc(name)) health->SetServingStatus(name, serving);
    }
  }
}

// Ends with the first read that does not reach the database: health is said again after one wait, not after all.
void Server::Impl::Look() {
  Seen now;
  now.relay = relay->Status();
  for (const auto& [key, subscription] : subscriptions) {
    if (!db->healthy()) return;
    now.subscriptions.push_back(subscription->Status());
  }
  if (!db->healthy()) return;
  const absl::StatusOr<Timers::Counts> counts = timers->Count();
  if (!counts.ok()) return;
  now.timers_overdue = counts->overdue;
  absl::MutexLock lock(&mutex);
  seen = std::move(now);
}

absl::StatusOr<absl::Duration> Server::Impl::WatchHealth() {
  if (const absl::Status ping = db->Ping(); ping.ok()) {
    Look();
  } else {
    Log(Severity::kError, "database.unreachable", {{"error", ping.message()}});
  }
  SetHealth();
  return kHealthEvery;
}

// Lets the RPCs under way end. Not by Shutdown's own deadline alone: it also waits for every idle
// connection whose client does not happen to read, and a stop would always take all of the deadline.
void Server::Impl::FinishCalls() {
  edge->Drain();
  const absl::Time deadline = absl::Now() + config.drain_deadline;
  while (edge->calls() > 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(2));
  server->Shutdown(absl::ToChronoTime(absl::Now() + kLastWords));
}

void Server::Impl::Stop() {
  {
    absl::MutexLock lock(&mutex);
    if (stopped) return;
    stopped = true;
    draining = true;
  }
  health.Stop();
  if (server != nullptr && health_server != nullptr) {
    SetHealth();
    absl::SleepFor(config.drain_delay);
  }
  if (watch != nullptr) watch->Drain();
  if (server != nullptr) FinishCalls();
  if (timers != nullptr) timers->Stop();
  for (const auto& [key, subscription] : subscriptions) subscription->Stop();
  if (relay != nullptr) relay->Stop();
  if (health_server != nullptr) health_server->Shutdown(absl::ToChronoTime(absl::Now()));
  http.reset();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { Stop(); }
int Server::port() const { return impl_->port; }
int Server::metrics_port() const { return impl_->http->port(); }
int Server::health_port() const { return impl_->health_port; }
Kernel& Server::kernel() { return *impl_->kernel; }
void Server::Stop() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServiceDefinition& definition, Config config) {
  grpc::EnableDefaultHealthCheckService(true);
  // Debian's abseil, on which gRPC stands too, looks for lock cycles at every lock, as in a debug build.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  auto server = std::unique_ptr<Server>(new Server(std::make_unique<Impl>()));
  Impl& impl = *server->impl_;
  impl.config = std::move(config);
  TRY(CredentialsFor(impl.config).status());
  TRY(impl.OpenAll(definition));
  TRY(impl.MakeService(definition));
  impl.RegisterMetrics();
  TRY(impl.StartHealthServer());
  TRY(impl.StartHttp());
  TRY(impl.StartServer());
  impl.SetHealth();
  impl.health.Start();
  return server;
}

int RunService(int argc, char** argv, const ServiceDefinition& definition) {
  const std::string program = absl::StrCat("mestring-", definition.name);
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "--help=markdown") {
      const std::string help = Config::Help(definition.name, definition.port, argument == "--help=markdown");
      fputs(help.c_str(), stdout);
      return 0;
    }
    fprintf(stderr, "%s: %s is not an option; see --help\n", program.c_str(), argv[i]);
    return 2;
  }
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  absl::StatusOr<Config> config = Config::FromEnvironment(definition.name, definition.port, environment);
  if (!config.ok()) {
    fprintf(stderr, "%s: %s\n", program.c_str(), std::string(config.status().message()).c_str());
    return 2;
  }

  // Blocked before the first thread, so that no thread ever takes one: only the wait below does.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // What protobuf has to say of bytes that callers send (the name of a field, no value) is a line like others.
  google::protobuf::SetLogHandler([](google::protobuf::LogLevel, const char*, int, const std::string& text) {
    Log(Severity::kWarning, "protobuf", {{"error", text}});
  });

  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(definition, *std::move(config));
  if (!server.ok()) {
    fprintf(stderr, "%s: %s\n", program.c_str(), std::string(server.status().message()).c_str());
    return 1;
  }
  Log(Severity::kInfo, "service.started",
      {{"service", definition.name},
       {"port", int64_t{(*server)->port()}},
       {"metrics_port", int64_t{(*server)->metrics_port()}},
       {"health_port", int64_t{(*server)->health_port()}}});
  int received = 0;
  sigwait(&signals, &received);
  // A second signal ends the process as it always does: everything answered is safe.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  Log(Severity::kInfo, "service.stopping", {{"signal", int64_t{received}}});
  (*server)->Stop();
  Log(Severity::kInfo, "service.stopped", {{"service", definition.name}});
  return 0;
}

}  // namespace mestring
