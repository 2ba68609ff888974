// The edge of an RPC: everything between gRPC and a use case, for all services.
//
// A use case is a function of its service (use_case.h); its handler calls it through the edge.
//
// The edge verifies the token and the roles (token.h, audience.h), checks size, fields (field_rules.h) and page token,
// and runs the use case in a Write or Read. The transaction of a Write also stores the response under its request_id
// and the rows of the access log. Then the edge logs one line, counts the call, and makes the wire form of the status.
// It rolls back a write whose request_id has an answer already, and returns the stored first response, or
// INVALID_ARGUMENT on request_id if the request differs.
//
// A write that changes a row and publishes no event, or that gives a resource a version that no event names (moves.h),
// is a mistake of the program: the edge rolls it back and answers INTERNAL. So a caller who lists and then watches
// misses nothing. An RPC that breaks this on purpose says why in its contract (no_event_because, access.proto).
//
// A refusal with a reason that neither every service gives nor the contract of the RPC names (reasons.h) is a mistake
// of the program, too: it is logged as an error, and a test build answers INTERNAL.
//
// The edge serves an RPC that the contract calls anonymous without its caller: it checks the token, and then neither
// the use case nor anything that is stored, logged or published knows who called (access.proto). Rows and events have
// the day, not the moment (Tx::ForgetTheMoment).
//
// The access log gets a row for every person that the request, the response or call.RecordAccess() names, for refusals
// too. A use case that loads a person's data calls RecordAccess() before it may refuse. A read is answered only when
// its rows are durable. Rows are stored for Options::access_log_retention.
//
// The gate comes before the edge and sees the token and the method of every call. Its refusals have a code and a text
// only. So it leaves calls to the edge if their handler is known to ask it (RpcPipeline::Asks), and to NewUnknownCalls
// (refusals.h) if they have no handler; it checks every other call itself.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "common/base/job_queue.h"
#include "common/base/mutex.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/security/auth_metadata_processor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "grpcpp/support/status.h"

namespace mestring {

class Metrics;

// Thread-safe.
class RpcPipeline {
 public:
  using UseCase = std::function<absl::Status(Tx&, Call&)>;

  struct Options {
    std::string domain;    // "mestring.housing"
    std::string hash_key;  // keys the hash under which a caller appears in log lines
    absl::Duration access_log_retention = absl::InfiniteDuration();
    int calls_max = 2048;     // that are at work or wait; beyond them RESOURCE_EXHAUSTED at once
    bool reflection = false;  // its methods are open to anybody who can connect
    // The service's own check of every request of a write; runs before the use case, in its transaction.
    std::function<absl::Status(Tx&, const google::protobuf::Message& request)> check_write = nullptr;
  };

  // Declares that the handler of the RPC with this request asks the edge who calls before it does anything. The macros
  // below write and declare such handlers; declare a handler written by hand beside it.
  struct Asks {
    explicit Asks(const google::protobuf::Descriptor* (*request)());
  };

  RpcPipeline(Database& db, Metrics& metrics, TokenVerifier& verifier, Options options);
  ~RpcPipeline();

  // For the handlers of unary RPCs: begins the call, which another thread ends. Context, request and response are
  // gRPC's, which keeps them until then.
  grpc::ServerUnaryReactor* Write(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                  google::protobuf::Message* response, UseCase use_case);
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                 google::protobuf::Message* response, UseCase use_case);
  // For work that opens transactions of its own, or none, and may take long: on one thread for all calls of this kind.
  grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                  google::protobuf::Message* response, std::function<absl::Status(Call&)> work);

  // For streaming RPCs: returns the verified caller, or an error if they have none of the roles that the RPC allows, or
  // if a request of so many bytes is too large.
  absl::StatusOr<std::shared_ptr<const Caller>> CallerOf(const grpc::ServerContextBase& context,
                                                         const google::protobuf::Descriptor& request,
                                                         size_t request_bytes);
  // For the end of a streaming RPC: logs its line, counts it, and returns the wire form.
  grpc::Status Ended(const grpc::ServerContextBase& context, const google::protobuf::Descriptor& request,
                     const Caller* caller, const absl::Status& status, absl::Duration took);

  // The gate, for the credentials of the server. It lets no call through to a handler that does not ask the edge,
  // unless signature and role are right. Health, and reflection where it is on, need no token. The edge must outlive
  // it.
  std::shared_ptr<grpc::AuthMetadataProcessor> NewAuthGate();
  // Opens the gate, once; `services`: the full names of the services that the server has.
  void Open(std::vector<std::string> services);
  // The answer to a call of a path that has no handler: UNIMPLEMENTED, UNKNOWN_SERVICE or UNKNOWN_METHOD.
  grpc::Status Unknown(std::string_view path) const;
  // Whether the path has a handler that asks the edge.
  bool Handles(std::string_view path);
  // The answer to a call whose bytes the library could not read; a caller who may not call gets the refusal for that.
  grpc::Status Unreadable(std::string_view path, const grpc::ServerContextBase& context);

  // Refuses new calls with UNAVAILABLE (reason DRAINING); calls at work go on.
  void Drain() { draining_ = true; }
  // Calls that are at work or wait.
  int calls() const { return calls_; }

  Database& db() { return db_; }

 private:
  class AuthGate;
  class UnaryCall;
  struct Method;
  enum class Kind { kWrite, kRead, kServe };

  grpc::ServerUnaryReactor* Start(Kind kind, grpc::CallbackServerContext* context,
                                  const google::protobuf::Message& request, google::protobuf::Message* response,
                                  UseCase use_case, std::function<absl::Status(Call&)> work);
  // Counts the call as one at work, unless it is one too many or the service stops.
  absl::Status TakeSlot();
  static void ServeAll(absl::Span<Job* const> calls);
  absl::Status LogAccess(Tx& tx, const Call& call, const std::set<std::string>& persons, const std::string& outcome);
  const Method* MethodOf(const google::protobuf::Descriptor& request);
  const Method* MethodAt(std::string_view path);
  bool HasHandler(std::string_view path);
  absl::StatusOr<std::shared_ptr<const Caller>> Admit(const grpc::ServerContextBase& context, const Method& method,
                                                      size_t request_bytes);
  absl::StatusOr<std::shared_ptr<const Caller>> CallerFrom(
      const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const Method& method);
  static bool MayRefuseWith(const Method& method, std::string_view reason);
  grpc::Status Finish(const Method& method, const Caller* caller, std::string_view request_id,
                      std::string_view traceparent, absl::Status status, absl::Duration took);
  std::string HashOf(const Caller* caller);

  Database& db_;
  Metrics& metrics_;
  TokenVerifier& verifier_;
  const Options options_;
  std::atomic<int> calls_{0};
  std::atomic<bool> draining_{false};
  std::atomic<bool> open_{false};
  std::set<std::string, std::less<>> services_;  // set before open_, and never again
  std::atomic<int64_t> writes_{0}, accesses_{0};
  Mutex mutex_;
  absl::flat_hash_map<const google::protobuf::Descriptor*, std::unique_ptr<Method>> methods_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, const Method*> paths_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::string> hashes_ ABSL_GUARDED_BY(mutex_);
  JobQueue serve_queue_;
};

// gRPC's classes declare each RPC in two forms. A handler overrides the callback and hides the other, which is meant.
#pragma GCC diagnostic ignored "-Woverloaded-virtual"

// Declares an RPC whose handler is written by hand and asks the edge by CallerOf.
#define MESTRING_ASKS(pb, Method) \
  static inline const ::mestring::RpcPipeline::Asks Method##_asks_ { &pb::Method##Request::descriptor }

// The last arguments: what the handler hands to RpcPipeline::kind.
#define MESTRING_HANDLER_(kind, pb, Method, ...)                                                             \
  MESTRING_ASKS(pb, Method);                                                                                 \
  grpc::ServerUnaryReactor* Method(grpc::CallbackServerContext* context, const pb::Method##Request* request, \
                                   pb::Method##Response* response) override {                                \
    return edge_.kind(context, *request, response, __VA_ARGS__);                                             \
  }

#define MESTRING_USE_CASE_HANDLER_(kind, pb, Method)                                                    \
  MESTRING_HANDLER_(kind, pb, Method, [request, response](::mestring::Tx& tx, ::mestring::Call& call) { \
    return UseCases::Method(tx, call, *request, response);                                              \
  })
// The handler of an RPC whose use case UseCases declares (use_case.h).
#define MESTRING_WRITE_HANDLER(pb, Method) MESTRING_USE_CASE_HANDLER_(Write, pb, Method)
#define MESTRING_READ_HANDLER(pb, Method) MESTRING_USE_CASE_HANDLER_(Read, pb, Method)

// The handler, and the use case as a member of the same class.
#define MESTRING_RPC_(kind, pb, Method)                                                                       \
  MESTRING_HANDLER_(kind, pb, Method, [this, request, response](::mestring::Tx& tx, ::mestring::Call& call) { \
    return Method(tx, call, *request, response);                                                              \
  })                                                                                                          \
  absl::Status Method([[maybe_unused]] ::mestring::Tx& tx, [[maybe_unused]] ::mestring::Call& call,           \
                      [[maybe_unused]] const pb::Method##Request& request,                                    \
                      [[maybe_unused]] pb::Method##Response* response)

// Declares an RPC that changes something (runs in a write transaction), and its use case.
#define MESTRING_WRITE_RPC(pb, Method) MESTRING_RPC_(Write, pb, Method)
// Declares an RPC that only reads (runs on a snapshot), and its use case.
#define MESTRING_READ_RPC(pb, Method) MESTRING_RPC_(Read, pb, Method)
// Declares an RPC that needs no transaction of its own, and its use case.
#define MESTRING_SERVE_RPC(pb, Method)                                                                              \
  MESTRING_HANDLER_(Serve, pb, Method,                                                                              \
                    [this, request, response](::mestring::Call& call) { return Method(call, *request, response); }) \
  absl::Status Method([[maybe_unused]] ::mestring::Call& call, [[maybe_unused]] const pb::Method##Request& request, \
                      [[maybe_unused]] pb::Method##Response* response)

}  // namespace mestring
