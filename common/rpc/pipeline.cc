#include "common/rpc/pipeline.h"

// The gate and the edge.
//
// The gate is gRPC's AuthMetadataProcessor. It does not pass the caller on in properties of the AuthContext, although
// they seem made for that: the context belongs to the connection, all its calls share it, and every later call sees
// what one call adds (grpc/grpc#28809). Behind a gateway one person's call would get the name of another. So the edge
// verifies the token of each call itself; for a remembered token that costs one hash. A use case gets a Call, never the
// ServerContext: no code of a service sees the token.
//
// Two kinds of calls pass the gate unchecked. The handler of the first kind asks the edge, which can give a reason with
// its refusal. The second kind has no handler, and anybody may know that. The gate checks every call whose handler
// nobody has declared (Asks).
//
// The gate's own check runs on the transport's thread (IsBlocking is false): a remembered token costs about two
// microseconds and a new one a tenth of a millisecond, while the thread pool of gRPC costs a switch
// for each call and is not bounded.
//
// A write takes effect only once, whatever happens on the way: the transaction of its effects also stores its response
// in `requests`, and the rows of the access log. So no change of a person's data exists without the row that says who
// made it.
//
// Threads: gRPC's own two parse a request, run the gate and the edge's checks, and put the call into a queue; they
// never wait for anything of ours. The database's threads run the use case and answer (unary_call.h). No thread waits
// for a call.
//
// Overload: the edge counts the calls that are at work or wait, and refuses one too many at once, with a time after
// which to try again. So do the queues.

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/digest.h"
#include "common/base/fault.h"
#include "common/base/field_rules.h"
#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/base/reasons.h"
#include "common/rpc/access_log.h"
#include "common/rpc/answers.h"
#include "common/rpc/audience.h"
#include "common/rpc/limits.h"
#include "common/rpc/reflection.h"
#include "common/rpc/unary_call.h"
#include "common/store/records.h"

namespace mestring {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::MethodDescriptor;
using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

constexpr std::string_view kBearer = "Bearer ";
// When a caller that was refused for overload should try again; calls take some milliseconds.
constexpr absl::Duration kOverloadRetry = absl::Milliseconds(100);
// Every kPruneEvery-th call that adds rows to the access log removes old ones.
constexpr int kPruneEvery = 64;
// Calls of operators, which Serve carries; they are few.
constexpr size_t kServesMax = 64;
// Hashes of callers to remember; each costs a few microseconds to compute.
constexpr size_t kHashesMax = 20000;

std::string_view Text(grpc::string_ref text) { return std::string_view(text.data(), text.size()); }

std::optional<std::string_view> Find(const Metadata& metadata, const char* name) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) return std::nullopt;
  return Text(found->second);
}

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); });
}

// A W3C trace context of version 00, unchanged, or "" if it is not one.
std::string TraceparentIn(const Metadata& metadata) {
  const std::string_view text = Find(metadata, "traceparent").value_or("");
  const bool fits = text.size() == 55 && text.substr(0, 3) == "00-" && text[35] == '-' && text[52] == '-' &&
                    IsHex(text.substr(3, 32)) && IsHex(text.substr(36, 16)) && IsHex(text.substr(53, 2));
  return fits ? std::string(text) : "";
}

std::string_view TraceIdOf(std::string_view traceparent) {
  return traceparent.empty() ? "" : traceparent.substr(3, 32);
}

// The requests of the RPCs whose handlers ask the edge. Static initialisers fill it before main().
std::vector<const Descriptor* (*)()>& Askers() {
  static auto& askers = *new std::vector<const Descriptor* (*)()>();
  return askers;
}

// "a.B" in "/a.B/C"; "" if it is no path.
std::string_view ServiceIn(std::string_view path) {
  const size_t end = path.rfind('/');
  return path.empty() || path[0] != '/' || end == 0 ? "" : path.substr(1, end - 1);
}

// Counts as HTTP/2 does (RFC 9113, 6.5.2), without what gRPC keeps for itself, such as the path.
size_t SizeOf(const Metadata& metadata) {
  constexpr size_t kOverhead = 32;
  size_t size = 0;
  for (const auto& [name, value] : metadata) size += name.size() + value.size() + kOverhead;
  return size;
}

}  // namespace

class RpcPipeline::AuthGate : public grpc::AuthMetadataProcessor {
 public:
  explicit AuthGate(RpcPipeline& edge) : edge_(edge) {}

  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata*, OutputMetadata*) override {
    const std::string_view path = Find(metadata, ":path").value_or("");
    // Probes carry no token.
    if (ServiceIn(path) == kHealthService) return grpc::Status::OK;
    if (!edge_.open_) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the service is starting");
    // A client needs reflection before it knows that it needs a token.
    if (edge_.options_.reflection && IsReflection(ServiceIn(path))) return grpc::Status::OK;
    if (!edge_.HasHandler(path)) return grpc::Status::OK;
    const Method* method = edge_.MethodAt(path);
    if (method == nullptr) return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "nobody may call this");
    if (method->asks) return grpc::Status::OK;
    const absl::StatusOr<std::shared_ptr<const Caller>> caller = edge_.CallerFrom(metadata, *method);
    if (caller.ok()) return grpc::Status::OK;
    return edge_.Finish(*method, nullptr, "", method->anonymous ? "" : TraceparentIn(metadata), caller.status(),
                        absl::ZeroDuration());
  }

 private:
  RpcPipeline& edge_;
};

RpcPipeline::RpcPipeline(Database& db, Metrics& metrics, TokenVerifier& verifier, Options options)
    : db_(db),
      metrics_(metrics),
      verifier_(verifier),
      options_(std::move(options)),
      serve_queue_({.threads = 1,
                    .length_max = kServesMax,
                    .full =
                        [] {
                          return Overloaded("TOO_MANY_CALLS", "too many calls of this kind wait; try again",
                                            kOverloadRetry);
                        }},
                   [](size_t, absl::Span<Job* const> share) { ServeAll(share); }) {}
RpcPipeline::~RpcPipeline() = default;

RpcPipeline::Asks::Asks(const Descriptor* (*request)()) { Askers().push_back(request); }

std::shared_ptr<grpc::AuthMetadataProcessor> RpcPipeline::NewAuthGate() { return std::make_shared<AuthGate>(*this); }

void RpcPipeline::Open(std::vector<std::string> services) {
  services_.insert(services.begin(), services.end());
  open_ = true;
}

grpc::Status RpcPipeline::Unknown(std::string_view path) const {
  const bool served = services_.contains(ServiceIn(path));
  return ToWire(served ? UnknownMethod() : UnknownService(), options_.domain, "");
}

bool RpcPipeline::Handles(std::string_view path) {
  const Method* method = MethodAt(path);
  return method != nullptr && method->asks;
}

grpc::Status RpcPipeline::Unreadable(std::string_view path, const grpc::ServerContextBase& context) {
  const Method* method = MethodAt(path);
  if (method == nullptr) return ToWire(UnreadableRequest(), options_.domain, "");
  const auto caller = Admit(context, *method, 0);
  const std::string traceparent = method->anonymous ? "" : TraceparentIn(context.client_metadata());
  return Finish(*method, caller.ok() && !method->anonymous ? caller->get() : nullptr, "", traceparent,
                caller.ok() ? UnreadableRequest() : caller.status(), absl::ZeroDuration());
}

grpc::ServerUnaryReactor* RpcPipeline::Write(grpc::CallbackServerContext* context, const Message& request,
                                             Message* response, UseCase use_case) {
  return Start(Kind::kWrite, context, request, response, std::move(use_case), nullptr);
}

grpc::ServerUnaryReactor* RpcPipeline::Read(grpc::CallbackServerContext* context, const Message& request,
                                            Message* response, UseCase use_case) {
  return Start(Kind::kRead, context, request, response, std::move(use_case), nullptr);
}

grpc::ServerUnaryReactor* RpcPipeline::Serve(grpc::CallbackServerContext* context, const Message& request,
                                             Message* response, std::function<absl::Status(Call&)> work) {
  return Start(Kind::kServe, context, request, response, nullptr, std::move(work));
}

grpc::ServerUnaryReactor* RpcPipeline::Start(Kind kind, grpc::CallbackServerContext* context, const Message& request,
                                             Message* response, UseCase use_case,
                                             std::function<absl::Status(Call&)> work) {
  const absl::Time start = absl::Now();
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const Method* method = MethodOf(*request.GetDescriptor());
  if (method == nullptr) {
    reactor->Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "the contract has no such method"));
    return reactor;
  }
  // A trace leads from the caller's device to here, so that of an anonymous call is not even read.
  std::string traceparent = method->anonymous ? "" : TraceparentIn(context->client_metadata());
  // Admit comes before the slot, so that a caller without the right takes none from others.
  absl::StatusOr<std::shared_ptr<const Caller>> caller = Admit(*context, *method, request.ByteSizeLong());
  const absl::Status admitted = caller.ok() ? TakeSlot() : caller.status();
  if (!admitted.ok()) {
    reactor->Finish(Finish(*method, nullptr, "", traceparent, admitted, absl::Now() - start));
    return reactor;
  }
  // Forget the caller here, before anything can be stored or logged, so that no later step has to.
  static const auto& kNobody = *new std::shared_ptr<const Caller>(std::make_shared<const Caller>());
  if (method->anonymous) caller = kNobody;
  // The call owns itself until it has answered.
  auto* const call = new UnaryCall(*this, *method, kind, *context, *reactor, request, response, *std::move(caller),
                                   std::move(traceparent), start);
  call->Begin(std::move(use_case), std::move(work));
  return reactor;
}

absl::Status RpcPipeline::TakeSlot() {
  absl::Status refusal;
  if (calls_.fetch_add(1) >= options_.calls_max) {
    refusal = Overloaded("TOO_MANY_CALLS", "the service handles as many calls as it can; try again", kOverloadRetry);
  } else if (draining_) {
    // Checked after the slot is taken, so that a stop, which waits for calls() to reach 0, waits for this call.
    refusal = Unavailable("DRAINING", "the service is stopping; try again");
  }
  if (!refusal.ok()) calls_.fetch_sub(1);
  return refusal;
}

void RpcPipeline::ServeAll(absl::Span<Job* const> calls) {
  std::vector<JobQueue::Ending> endings;
  for (Job* call : calls) endings.push_back({call, static_cast<UnaryCall*>(call)->Serve()});
  JobQueue::End(absl::MakeSpan(endings));
}

absl::Status RpcPipeline::LogAccess(Tx& tx, const Call& call, const std::set<std::string>& persons,
                                    const std::string& outcome) {
  if (persons.empty()) return absl::OkStatus();
  TRY(AddToAccessLog(tx, call, persons, outcome));
  const bool prune = accesses_.fetch_add(1, std::memory_order_relaxed) % kPruneEvery == 0;
  return prune ? PruneAccessLog(tx, tx.now() - options_.access_log_retention) : absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Caller>> RpcPipeline::CallerOf(const grpc::ServerContextBase& context,
                                                                    const Descriptor& request, size_t request_bytes) {
  const Method* method = MethodOf(request);
  if (method == nullptr) return absl::InternalError("the contract has no such method");
  return Admit(context, *method, request_bytes);
}

absl::StatusOr<std::shared_ptr<const Caller>> RpcPipeline::Admit(const grpc::ServerContextBase& context,
                                                                 const Method& method, size_t request_bytes) {
  if (SizeOf(context.client_metadata()) > kMetadataBytesMax) return MetadataTooLarge(kMetadataBytesMax);
  ASSIGN(std::shared_ptr<const Caller> caller, CallerFrom(context.client_metadata(), method));
  if (request_bytes > kRequestBytesMax) return RequestTooLarge(kRequestBytesMax);
  return caller;
}

grpc::Status RpcPipeline::Ended(const grpc::ServerContextBase& context, const Descriptor& request, const Caller* caller,
                                const absl::Status& status, absl::Duration took) {
  const Method* method = MethodOf(request);
  if (method == nullptr) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "the contract has no such method");
  return Finish(*method, caller, "", TraceparentIn(context.client_metadata()), status, took);
}

absl::StatusOr<std::shared_ptr<const Caller>> RpcPipeline::CallerFrom(const Metadata& metadata, const Method& method) {
  const auto [first, last] = metadata.equal_range("authorization");
  if (first == last) return Unauthenticated("send a token in the metadata: authorization: Bearer <token>");
  // With two tokens, nobody knows which one counts.
  if (std::next(first) != last) return Unauthenticated("send exactly one token");
  std::string_view token = Text(first->second);
  if (!absl::StartsWithIgnoreCase(token, kBearer)) {
    return Unauthenticated("the metadata authorization must have the form: Bearer <token>");
  }
  token.remove_prefix(kBearer.size());
  ASSIGN(std::shared_ptr<const Caller> caller, verifier_.Verify(token, absl::Now()));
  if (!caller->IsAny(method.roles)) return Forbidden("none of your roles may call this");
  return caller;
}

const RpcPipeline::Method* RpcPipeline::MethodOf(const Descriptor& request) {
  {
    MutexLock lock(mutex_);
    const auto found = methods_.find(&request);
    if (found != methods_.end()) return found->second.get();
  }
  // buf's STANDARD rules give each RPC its own request, in the file of its service.
  const MethodDescriptor* found = nullptr;
  for (int i = 0; found == nullptr && i < request.file()->service_count(); ++i) {
    const auto& service = *request.file()->service(i);
    for (int j = 0; found == nullptr && j < service.method_count(); ++j) {
      if (service.method(j)->input_type() == &request) found = service.method(j);
    }
  }
  if (found == nullptr) return nullptr;
  auto method = std::make_unique<Method>();
  method->service = found->service()->full_name();
  method->name = found->name();
  method->path = absl::StrCat("/", method->service, "/", method->name);
  // Nobody may call an RPC without roles.
  method->roles = AllowedRoles(*found).value_or(std::vector<Role>());
  method->oversight = OversightRoles(*found).value_or(std::vector<Role>());
  method->reasons = ReasonsOf(*found);
  method->anonymous = found->options().GetExtension(access::v1::anonymous);
  method->no_event_because = !found->options().GetExtension(access::v1::no_event_because).empty();
  method->asks = std::any_of(Askers().begin(), Askers().end(), [&](auto asker) { return asker() == &request; });
  method->pages = request.FindFieldByName("page_token") != nullptr;
  const FieldDescriptor* request_id = request.FindFieldByName("request_id");
  if (request_id != nullptr && request_id->type() == FieldDescriptor::TYPE_STRING && !request_id->is_repeated()) {
    method->request_id = request_id;
  }
  MutexLock lock(mutex_);
  return methods_.try_emplace(&request, std::move(method)).first->second.get();
}

const RpcPipeline::Method* RpcPipeline::MethodAt(std::string_view path) {
  {
    MutexLock lock(mutex_);
    const auto found = paths_.find(path);
    if (found != paths_.end()) return found->second;
  }
  if (path.empty() || path[0] != '/') return nullptr;
  std::string name(path.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  const MethodDescriptor* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  const Method* method = descriptor == nullptr ? nullptr : MethodOf(*descriptor->input_type());
  // Compare the whole path: "/a.B.C" and "/a/B/C" lead to the same name.
  if (method == nullptr || method->path != path) return nullptr;
  MutexLock lock(mutex_);
  paths_.try_emplace(std::string(path), method);
  return method;
}

// A service that is not served has no handler, and neither has a method that the contract of its service lacks: before
// the server opens, CheckContracts has found every contract that it serves.
bool RpcPipeline::HasHandler(std::string_view path) {
  const std::string_view service = ServiceIn(path);
  if (!services_.contains(service)) return false;
  if (MethodAt(path) != nullptr) return true;
  return google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string(service)) == nullptr;
}

std::string RpcPipeline::HashOf(const Caller* caller) {
  if (caller == nullptr) return "";
  const std::string name = NameOf(*caller);
  {
    MutexLock lock(mutex_);
    const auto found = hashes_.find(name);
    if (found != hashes_.end()) return found->second;
  }
  std::string hash = KeyedHash(options_.hash_key, name);
  MutexLock lock(mutex_);
  if (hashes_.size() >= kHashesMax) hashes_.clear();
  hashes_[name] = hash;
  return hash;
}

bool RpcPipeline::MayRefuseWith(const Method& method, std::string_view reason) {
  return reason.empty() || IsOfEveryService(reason) ||
         std::find(method.reasons.begin(), method.reasons.end(), reason) != method.reasons.end();
}

// Ends every call: logs its line, counts it, makes its wire form.
grpc::Status RpcPipeline::Finish(const Method& method, const Caller* caller, std::string_view request_id,
                                 std::string_view traceparent, absl::Status status, absl::Duration took) {
  std::string reason = ReasonOf(status);
  if (!MayRefuseWith(method, reason)) {
    Log(Severity::kError, "rpc.reason_not_in_contract", {{"rpc", method.path}, {"reason", reason}});
    if (MistakesFail()) {
      status = absl::InternalError(
          absl::StrCat("refused with ", reason, ", which the RPC does not name (mestring.common.v1.reasons)"));
      reason.clear();
    }
  }
  std::string error_id;
  if (!status.ok() && reason.empty()) {
    error_id = NewId(absl::Now());
    const std::string text(status.message());
    Log(Severity::kError, "rpc.internal_error",
        {{"error_id", error_id},
         {"rpc", method.path},
         // The text of a library may repeat a value.
         {"error", HoldsNationalId(text) ? std::string_view("withheld: it holds a national identity number") : text}});
  }
  const std::string code = status.ok() || !reason.empty() ? absl::StatusCodeToString(status.code()) : "INTERNAL";
  const std::string roles = caller == nullptr ? "" : RoleNames(caller->roles);
  Log(Severity::kInfo, "rpc",
      {{"method", method.path},
       {"code", code},
       {"reason", reason},
       {"duration_ms", absl::ToDoubleMilliseconds(took)},
       {"roles", roles},
       {"caller", HashOf(caller)},
       {"request_id", request_id},
       {"trace_id", TraceIdOf(traceparent)}});
  metrics_.RpcHandled(method.service, method.name, code, took);
  return ToWire(status, options_.domain, error_id);
}

}  // namespace mestring
