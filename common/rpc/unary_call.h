// One unary RPC, from the edge's checks of it to its answer. For RpcPipeline.
//
// Its stages after the checks are jobs:
//
//   write   the use case; then, if it refuses or if its request_id is taken, a look for a stored answer
//   read    the use case; then, if it shows a person's data, the rows of the access log
//   serve   the work, on the edge's own thread
//
// and the rows of the access log for a refusal. All but the read and the work are writes, because an answer leaves only
// when its rows are durable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/rpc/pipeline.h"
#include "common/store/tx_job.h"

namespace mestring {

// What the edge reads about an RPC from the contract, once.
struct RpcPipeline::Method {
  std::string path, service, name;
  std::vector<Role> roles, oversight;
  std::vector<std::string> reasons;  // beside those of every service
  bool anonymous = false;
  bool no_event_because = false;
  bool asks = false;   // its handler asks the edge who calls
  bool pages = false;  // it is a list
  const google::protobuf::FieldDescriptor* request_id = nullptr;
};

// Belongs to one thread at a time: gRPC's, then that of the queue it is in.
class RpcPipeline::UnaryCall final : public TxJob {
 public:
  // `reactor` is the default one of the context, which gives it only once.
  UnaryCall(RpcPipeline& edge, const Method& method, Kind kind, grpc::CallbackServerContext& context,
            grpc::ServerUnaryReactor& reactor, const google::protobuf::Message& request,
            google::protobuf::Message* response, std::shared_ptr<const Caller> caller, std::string traceparent,
            absl::Time start);

  // Checks the request and posts the first stage. The call may be gone when it returns.
  void Begin(UseCase use_case, std::function<absl::Status(Call&)> work);

  absl::Status Run(Tx& tx) override;
  absl::Status Serve() { return work_(call_); }
  bool Done(absl::Status status) override;
  void Answer() override;

 private:
  enum class Stage { kWrite, kRepeat, kRead, kLogAccess, kLogRefusal, kServe };

  absl::Status Check();
  absl::Status CheckTime() const;
  // Hands the call to the queue of that stage. True if it is finished instead, because the queue is full.
  bool Post(Stage stage);
  absl::Status RunWrite(Tx& tx);
  absl::Status RunRepeat(Tx& tx);
  // The persons that the request names or the use case recorded; and with those that the response names.
  std::set<std::string> PersonsAsked() const;
  std::set<std::string> PersonsShown() const;
  // What may follow a stage; each returns what Done returns.
  bool Refuse(absl::Status refusal);
  bool End(absl::Status status);

  RpcPipeline& edge_;
  const Method& method_;
  const Kind kind_;
  grpc::CallbackServerContext& context_;
  grpc::ServerUnaryReactor& reactor_;
  const google::protobuf::Message& request_;
  google::protobuf::Message* const response_;
  const std::shared_ptr<const Caller> caller_;
  const absl::Time start_;
  Call call_;
  UseCase use_case_;
  std::function<absl::Status(Call&)> work_;
  Stage stage_ = Stage::kServe;
  std::string fingerprint_;        // of a write
  bool prune_ = false;             // this write also removes old answers
  bool found_ = false;             // an answer to the same request
  std::set<std::string> persons_;  // of the rows of the access log that are to be added
  absl::Status refusal_;           // the answer, once its rows are added
  grpc::Status wire_;
};

}  // namespace mestring
