// The edge of an RPC: everything between gRPC and a use case, once for all services.
//
// A use case is a function of its service:
//
//   absl::Status Housing::EndStay(Tx& tx, Call& call, const pb::EndStayRequest& request, pb::EndStayResponse*
//   response);
//
// and its whole edge one line in the service's class:
//
//   MESTRING_WRITE(pb, EndStay)     // or MESTRING_READ
//
// The edge verifies the token and the roles (token.h, audience.h), checks size, fields (field_rules.h) and page token,
// and runs the use case in a Write or Read. In the same transaction it stores the response under its request_id and the
// rows of the access log. Then it logs one line, counts, and turns the status into its wire form. A write whose
// request_id has an answer already is rolled back: the edge gives the stored first response, or INVALID_ARGUMENT on
// request_id if the request differs.
//
// A write that has changed a row and published nothing, or that has given a resource a version that no event names
// (moves.h), is a mistake of the program: nothing of it is kept, and the answer is INTERNAL. Who lists and then
// watches misses nothing; an RPC that breaks that on purpose says so, and why, in its contract (no_event_because,
// access.proto).
//
// A refusal with a reason that neither every service gives nor the contract of the RPC names (reasons.h) is a mistake
// of the program, too: it is logged as an error, and a test build answers INTERNAL.
//
// An RPC that the contract calls anonymous is served for nobody: the token is checked, and then neither
// the use case nor anything that is stored, logged or published knows who called (access.proto). What is stored and
// published knows the day, and not the moment (Tx::ForgetTheMoment).
//
// The access log gets a row for every person named in the request, the response, or by
// call.RecordAccess(), for refusals too. A use case that loads a person's data calls RecordAccess() before
// it may refuse. A read is answered only when its rows are durable. They are kept for
// Options::access_log_retention.
//
// Before the edge stands the gate, which sees the token and the method of every call. Its refusals have a code and a
// text only, so it leaves to the edge the calls of the RPCs whose handlers are known to ask it (RpcPipeline::Asks), and
// to NewUnknownCalls (refusals.h) the calls that have no handler; every other call it checks itself.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/security/auth_metadata_processor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"

namespace mestring {

class Metrics;

// Thread-safe.
class RpcPipeline {
 public:
  using UseCase = absl::FunctionRef<absl::Status(Tx&, Call&)>;

  struct Options {
    std::string domain;    // "mestring.housing"
    std::string hash_key;  // keys the hash under which a caller appears in log lines
    absl::Duration access_log_retention = absl::InfiniteDuration();
    int calls_max = 128;      // at work at once; beyond them RESOURCE_EXHAUSTED at once
    bool reflection = false;  // its methods are open to anybody who can connect
    // What the service checks of every request that changes something, before the use case and in its transaction.
    std::function<absl::Status(Tx&, const google::protobuf::Message& request)> check_write;
  };

  // Declares that the handler of the RPC with this request asks the edge who calls, before it does anything. The
  // macros below write such handlers and declare them; a handler that is written by hand is declared beside it.
  struct Asks {
    explicit Asks(const google::protobuf::Descriptor* (*request)());
  };

  RpcPipeline(Database& db, Metrics& metrics, TokenVerifier& verifier, Options options);
  ~RpcPipeline();

  grpc::Status Write(grpc::ServerContext* context, const google::protobuf::Message& request,
                     google::protobuf::Message* response, UseCase use_case);
  grpc::Status Read(grpc::ServerContext* context, const google::protobuf::Message& request,
                    google::protobuf::Message* response, UseCase use_case);
  // As Read, for what needs no transaction of its own.
  grpc::Status Serve(grpc::ServerContext* context, const google::protobuf::Message& request,
                     google::protobuf::Message* response, absl::FunctionRef<absl::Status(Call&)> use_case);

  // For RPCs that are not unary: the verified caller, who has one of the roles that the RPC allows, and whose request
  // of so many bytes is within the limits.
  absl::StatusOr<std::shared_ptr<const Caller>> CallerOf(const grpc::ServerContextBase& context,
                                                         const google::protobuf::Descriptor& request,
                                                         size_t request_bytes);
  // Their line, count and wire form, when they end.
  grpc::Status Ended(const grpc::ServerContextBase& context, const google::protobuf::Descriptor& request,
                     const Caller* caller, const absl::Status& status, absl::Duration took);

  // Lets no call through to a handler that does not ask the edge, unless signature and role are right. Health, and
  // reflection where it is on, are open. For the credentials of the server; the edge must outlive it.
  std::shared_ptr<grpc::AuthMetadataProcessor> NewAuthGate();
  // The full names of the services that the server has. Until this is said the gate is closed; once, by the server.
  void Open(std::vector<std::string> services);
  // The answer to a call of a path that has no handler: UNIMPLEMENTED, UNKNOWN_SERVICE or UNKNOWN_METHOD.
  grpc::Status Unknown(std::string_view path) const;
  // The answer to a call whose bytes the library could not read: who may not call learns nothing of it.
  grpc::Status Unreadable(std::string_view path, const grpc::ServerContextBase& context);

  // From now on calls are refused with UNAVAILABLE (reason DRAINING); those at work go on.
  void Drain() { draining_ = true; }
  // At work now.
  int calls() const { return calls_; }

  Database& db() { return db_; }

 private:
  class AuthGate;
  struct Method;
  struct CallContext;
  enum class Kind { kWrite, kRead, kServe };

  grpc::Status Run(Kind kind, grpc::ServerContext* context, const google::protobuf::Message& request,
                   google::protobuf::Message* response, UseCase in_transaction,
                   absl::FunctionRef<absl::Status(Call&)> outside);
  absl::Status RunWrite(CallContext& context, UseCase use_case);
  absl::StatusOr<bool> Repeat(CallContext& context, const std::string& fingerprint);
  absl::Status RunRead(CallContext& context, UseCase use_case);
  absl::Status LogRefusal(CallContext& context, const absl::Status& refusal);
  absl::Status LogAccess(Tx& tx, const Call& call, const std::set<std::string>& persons, const std::string& outcome);
  const Method* MethodOf(const google::protobuf::Descriptor& request);
  const Method* MethodAt(std::string_view path);
  bool HasHandler(std::string_view path);
  absl::StatusOr<std::shared_ptr<const Caller>> Admit(const grpc::ServerContextBase& context, const Method& method,
                                                      size_t request_bytes);
  absl::StatusOr<std::shared_ptr<const Caller>> CallerFrom(
      const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const Method& method);
  static absl::Status Explained(const Method& method, const absl::Status& status);
  grpc::Status Finish(const Method& method, const Caller* caller, std::string_view request_id,
                      std::string_view traceparent, const absl::Status& outcome, absl::Duration took);
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
  absl::Mutex mutex_;
  absl::flat_hash_map<const google::protobuf::Descriptor*, std::unique_ptr<Method>> methods_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, const Method*> paths_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::string> hashes_ ABSL_GUARDED_BY(mutex_);
};

// Declares an RPC whose handler is written by hand and asks the edge by CallerOf.
#define MESTRING_ASKS(pb, Method) \
  static inline const ::mestring::RpcPipeline::Asks Method##_asks_ { &pb::Method##Request::descriptor }

#define MESTRING_RPC_(kind, pb, Method)                                                              \
  MESTRING_ASKS(pb, Method);                                                                         \
  grpc::Status Method(grpc::ServerContext* context, const pb::Method##Request* request,              \
                      pb::Method##Response* response) override {                                     \
    return edge_.kind(context, *request, response, [&](::mestring::Tx& tx, ::mestring::Call& call) { \
      return Method(tx, call, *request, response);                                                   \
    });                                                                                              \
  }                                                                                                  \
  absl::Status Method([[maybe_unused]] ::mestring::Tx& tx, [[maybe_unused]] ::mestring::Call& call,  \
                      [[maybe_unused]] const pb::Method##Request& request,                           \
                      [[maybe_unused]] pb::Method##Response* response)

// Declares an RPC that changes something (runs in Database::Write), and its use case.
#define MESTRING_WRITE(pb, Method) MESTRING_RPC_(Write, pb, Method)
// Declares an RPC that only reads (runs in Database::Read), and its use case.
#define MESTRING_READ(pb, Method) MESTRING_RPC_(Read, pb, Method)
// Declares an RPC that needs no transaction of its own, and its use case.
#define MESTRING_SERVE(pb, Method)                                                                                  \
  MESTRING_ASKS(pb, Method);                                                                                        \
  grpc::Status Method(grpc::ServerContext* context, const pb::Method##Request* request,                             \
                      pb::Method##Response* response) override {                                                    \
    return edge_.Serve(context, *request, response,                                                                 \
                       [&](::mestring::Call& call) { return Method(call, *request, response); });                   \
  }                                                                                                                 \
  absl::Status Method([[maybe_unused]] ::mestring::Call& call, [[maybe_unused]] const pb::Method##Request& request, \
                      [[maybe_unused]] pb::Method##Response* response)

}  // namespace mestring
