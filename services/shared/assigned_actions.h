// Actions that the council assigned to a service, for every service that can own one.
//
// A service that links this library needs `.shared_schema = kAssignedActionsSchema` in its definition, a member
// `AssignedActions assigned_actions_{kernel};`, and `&assigned_actions_` among its GrpcServices(). Without a council in
// the installation (MESTRING_OWNERS) the list stays empty.
#pragma once

#include "absl/types/span.h"
#include "common/process/server.h"
#include "common/rpc/pipeline.h"
#include "mestring/common/v1/assigned_actions.grpc.pb.h"
#include "mestring/common/v1/assigned_actions.pb.h"

namespace mestring {

extern const absl::Span<const Migration> kAssignedActionsSchema;

// From ASSIGNED to IN_PROGRESS or DONE, from IN_PROGRESS to DONE; WRONG_STATE otherwise.
absl::Status MayProgress(const common::v1::AssignedAction& action, common::v1::AssignedActionState state);

// Thread-safe: holds no state of its own.
class AssignedActions final : public common::v1::AssignedActionService::CallbackService {
 public:
  explicit AssignedActions(Kernel& kernel);

  MESTRING_READ_RPC(common::v1, ListAssignedActions);
  MESTRING_WRITE_RPC(common::v1, RecordActionProgress);

 private:
  RpcPipeline& edge_;
};

}  // namespace mestring
