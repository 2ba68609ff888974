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
// Overload: the edge counts the calls at work and refuses one too many at once, with a time after which to try again.
// The thread pool is a little larger, so that a thread is free to refuse.

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
// Every kPruneEvery-th write removes old answers, and every kPruneEvery-th call that adds rows to the access log
// removes old ones.
constexpr int kPruneEvery = 64;
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

std::string CodeName(const absl::Status& status) {
  return status.ok() ? "OK" : absl::StatusCodeToString(status.code());
}

// Whether the error is a decision about somebody's data, not a failure before one was made.
bool IsVerdict(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kOutOfRange:
      return true;
    default:
      return false;
  }
}

std::set<std::string> PersonsOf(const Call& call, const Message& request, const Message& response) {
  std::set<std::string> persons = call.persons();
  for (std::string& person : PersonsIn(request)) persons.insert(std::move(person));
  for (std::string& person : PersonsIn(response)) persons.insert(std::move(person));
  return persons;
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

// Counts a call while it is at work.
class CallSlot {
 public:
  CallSlot(std::atomic<int>& calls, int max) : calls_(calls), taken_(calls.fetch_add(1) < max) {}
  ~CallSlot() { calls_.fetch_sub(1); }
  CallSlot(const CallSlot&) = delete;
  CallSlot& operator=(const CallSlot&) = delete;
  bool taken() const { return taken_; }

 private:
  std::atomic<int>& calls_;
  const bool taken_;
};

}  // namespace

// What the edge reads about an RPC from the contract, once.
struct RpcPipeline::Method {
  std::string path, service, name;
  std::vector<Role> roles, oversight;
  std::vector<std::string> reasons;  // beside those of every service
  bool anonymous = false;
  bool no_event_because = false;
  bool asks = false;   // its handler asks the edge who calls
  bool pages = false;  // it is a list
  const FieldDescriptor* request_id = nullptr;
};

// One call under way.
struct RpcPipeline::CallContext {
  const Method& method;
  const Message& request;
  Message* response;
  Call& call;
  absl::Time deadline;

  absl::Status CheckTime() const { return absl::Now() < deadline ? absl::OkStatus() : DeadlinePassed(); }
};

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
    : db_(db), metrics_(metrics), verifier_(verifier), options_(std::move(options)) {}
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

grpc::Status RpcPipeline::Unreadable(std::string_view path, const grpc::ServerContextBase& context) {
  const Method* method = MethodAt(path);
  if (method == nullptr) return ToWire(UnreadableRequest(), options_.domain, "");
  const auto caller = Admit(context, *method, 0);
  const std::string traceparent = method->anonymous ? "" : TraceparentIn(context.client_metadata());
  return Finish(*method, caller.ok() && !method->anonymous ? caller->get() : nullptr, "", traceparent,
                caller.ok() ? UnreadableRequest() : caller.status(), absl::ZeroDuration());
}

grpc::Status RpcPipeline::Write(grpc::ServerContext* context, const Message& request, Message* response,
                                UseCase use_case) {
  return Run(Kind::kWrite, context, request, response, use_case, [](Call&) { return absl::OkStatus(); });
}

grpc::Status RpcPipeline::Read(grpc::ServerContext* context, const Message& request, Message* response,
                               UseCase use_case) {
  return Run(Kind::kRead, context, request, response, use_case, [](Call&) { return absl::OkStatus(); });
}

grpc::Status RpcPipeline::Serve(grpc::ServerContext* context, const Message& request, Message* response,
                                absl::FunctionRef<absl::Status(Call&)> use_case) {
  return Run(
      Kind::kServe, context, request, response, [](Tx&, Call&) { return absl::OkStatus(); }, use_case);
}

grpc::Status RpcPipeline::Run(Kind kind, grpc::ServerContext* context, const Message& request, Message* response,
                              UseCase in_transaction, absl::FunctionRef<absl::Status(Call&)> outside) {
  const absl::Time start = absl::Now();
  const Method* method = MethodOf(*request.GetDescriptor());
  if (method == nullptr) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "the contract has no such method");
  // A trace leads from the caller's device to here, so that of an anonymous call is not even read.
  const std::string traceparent = method->anonymous ? "" : TraceparentIn(context->client_metadata());
  // Admit comes before the slot, so that a caller without the right takes none from others.
  absl::StatusOr<std::shared_ptr<const Caller>> caller = Admit(*context, *method, request.ByteSizeLong());
  if (!caller.ok()) return Finish(*method, nullptr, "", traceparent, caller.status(), absl::Now() - start);
  const CallSlot slot(calls_, options_.calls_max);
  if (!slot.taken()) {
    return Finish(
        *method, nullptr, "", traceparent,
        Overloaded("TOO_MANY_CALLS", "the service handles as many calls as it can; try again", kOverloadRetry),
        absl::Now() - start);
  }
  // Checked after the slot is taken, so that a stop, which waits for calls() to reach 0, waits for this call.
  if (draining_) {
    return Finish(*method, nullptr, "", traceparent, Unavailable("DRAINING", "the service is stopping; try again"),
                  absl::Now() - start);
  }
  // Forget the caller here, before anything can be stored or logged, so that no later step has to.
  static const auto& kNobody = *new std::shared_ptr<const Caller>(std::make_shared<const Caller>());
  if (method->anonymous) caller = kNobody;

  Call call(**caller, method->path);
  call.traceparent = traceparent;
  call.oversees = call.caller.IsAny(method->oversight);
  CallContext served{*method, request, response, call,
                     std::min(absl::FromChrono(context->deadline()), start + kDeadlineMax)};
  // Check only the deadline. To ask gRPC whether a synchronous call was cancelled polls its queue, which took a tenth
  // of a write; and the call cannot have waited before this line.
  absl::Status status = served.CheckTime();
  if (status.ok()) status = CheckFields(request);
  if (status.ok() && method->pages) status = CheckPage(request);
  if (status.ok()) {
    if (method->request_id != nullptr) {
      call.request_id = request.GetReflection()->GetString(request, method->request_id);
      // Ids from devices begin with the millisecond; the digest of one finds a repeat as well.
      if (method->anonymous) call.request_id = Sha256Hex(call.request_id);
    }
    status = kind == Kind::kWrite  ? RunWrite(served, in_transaction)
             : kind == Kind::kRead ? RunRead(served, in_transaction)
                                   : outside(call);
  }
  if (status.ok() && method->pages) BindPage(request, response);
  if (method->anonymous) return Finish(*method, nullptr, "", "", status, absl::Now() - start);
  return Finish(*method, caller->get(), call.request_id, traceparent, status, absl::Now() - start);
}

// Optimistic, because nearly every request is new: the use case runs first. The edge looks for a stored answer only if
// its own insert meets the unique key, or if the use case refuses. The changes of a repeat are rolled back.
absl::Status RpcPipeline::RunWrite(CallContext& context, UseCase use_case) {
  Call& call = context.call;
  const std::string fingerprint = call.request_id.empty() ? "" : Fingerprint(call, context.request);
  const bool prune = writes_.fetch_add(1, std::memory_order_relaxed) % kPruneEvery == 0;
  const absl::Status status = db_.Write([&](Tx& tx) -> absl::Status {
    // The wait in the queue counts against the deadline.
    TRY(context.CheckTime());
    // `fn` may run a second time and must not see the response of the first.
    context.response->Clear();
    tx.set_traceparent(call.traceparent);
    if (context.method.anonymous) tx.ForgetTheMoment();
    if (options_.check_write) TRY(options_.check_write(tx, context.request));
    TRY(use_case(tx, call));
    // Checked before the edge stores anything of its own. Nobody would notice a forgotten event, and every subscriber
    // and watcher depends on it; so the first call of such an RPC fails, in a test.
    if (tx.wrote() && !tx.published() && !context.method.no_event_because) {
      return absl::InternalError(
          "the write changed a row and published no event: publish one, or say why not in the contract "
          "(mestring.access.v1.no_event_because)");
    }
    TRY(tx.moves().Check(/*new_may_have_no_event=*/context.method.no_event_because));
    if (!call.request_id.empty()) {
      // For an anonymous call the end of its day: its answer is stored as long as others, and does not show the moment.
      const absl::Time create_time = context.method.anonymous ? StartOfDay(tx.zone(), tx.today() + 1) : tx.now();
      TRY(StoreAnswer(tx, call, fingerprint, *context.response, create_time));
    }
    if (prune) TRY(PruneAnswers(tx));
    return LogAccess(tx, call, PersonsOf(call, context.request, *context.response), "OK");
  });
  if (status.ok()) return status;
  if (!call.request_id.empty() && IsVerdict(status)) {
    const absl::StatusOr<bool> repeated = Repeat(context, fingerprint);
    if (!repeated.ok()) return LogRefusal(context, repeated.status());
    if (*repeated) return absl::OkStatus();
  }
  return LogRefusal(context, status);
}

absl::Status RpcPipeline::LogAccess(Tx& tx, const Call& call, const std::set<std::string>& persons,
                                    const std::string& outcome) {
  if (persons.empty()) return absl::OkStatus();
  TRY(AddToAccessLog(tx, call, persons, outcome));
  const bool prune = accesses_.fetch_add(1, std::memory_order_relaxed) % kPruneEvery == 0;
  return prune ? PruneAccessLog(tx, tx.now() - options_.access_log_retention) : absl::OkStatus();
}

// Reads the stored answer of a repeated request and adds its rows to the access log; false if the request is new.
absl::StatusOr<bool> RpcPipeline::Repeat(CallContext& context, const std::string& fingerprint) {
  bool found = false;
  TRY(db_.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(found, FindAnswer(tx, context.call.request_id, fingerprint, context.response));
    return absl::OkStatus();
  }));
  if (!found) return false;
  const std::set<std::string> persons = PersonsOf(context.call, context.request, *context.response);
  if (!persons.empty()) {
    TRY(db_.Write([&](Tx& tx) { return LogAccess(tx, context.call, persons, "OK"); }));
  }
  return true;
}

absl::Status RpcPipeline::RunRead(CallContext& context, UseCase use_case) {
  Call& call = context.call;
  const absl::Status status = db_.Read([&](Tx& tx) -> absl::Status {
    TRY(context.CheckTime());  // after the wait for a connection
    context.response->Clear();
    return use_case(tx, call);
  });
  if (!status.ok()) return LogRefusal(context, status);
  const std::set<std::string> persons = PersonsOf(call, context.request, *context.response);
  if (persons.empty()) return absl::OkStatus();
  return db_.Write([&](Tx& tx) { return LogAccess(tx, call, persons, "OK"); });
}

// Adds the rows of a refusal to the access log. If they cannot be written, the answer is the refusal all the same.
absl::Status RpcPipeline::LogRefusal(CallContext& context, const absl::Status& refusal) {
  if (!IsVerdict(refusal)) return refusal;
  std::set<std::string> persons = context.call.persons();
  for (std::string& person : PersonsIn(context.request)) persons.insert(std::move(person));
  if (persons.empty()) return refusal;
  const absl::Status logged =
      db_.Write([&](Tx& tx) { return LogAccess(tx, context.call, persons, CodeName(refusal)); });
  if (!logged.ok()) {
    Log(Severity::kError, "access_log.refusal_not_written", {{"rpc", context.call.rpc}, {"error", logged.message()}});
  }
  return refusal;
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
  const std::string code = status.ok() || !reason.empty() ? CodeName(status) : "INTERNAL";
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
