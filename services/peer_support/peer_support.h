// The peer support service. Each RPC of peer_support.proto is a use case that reads: check, load, rule, apply, save,
// publish. The rules are in the …_rules.h. What happens when time passes is in timers.cc, what the service learns
// from other services in subscriptions.cc.
#pragma once

#include "common/rpc/use_case.h"
#include "mestring/peer_support/v1/peer_support.pb.h"

namespace mestring {

struct ServiceDefinition;

namespace peer_support {

namespace pb = v1;

struct PeerSupport {
  // Rules and guides
  MESTRING_WRITE(pb, SetPeerRules);
  MESTRING_READ(pb, GetPeerRules);
  MESTRING_WRITE(pb, RegisterGuide);
  MESTRING_WRITE(pb, ChangeGuideState);
  MESTRING_READ(pb, ListGuides);
  MESTRING_WRITE(pb, AssignGuide);
  MESTRING_WRITE(pb, LogGuidance);

  // Peers
  MESTRING_WRITE(pb, RegisterPeer);
  MESTRING_WRITE(pb, UpdatePeer);
  MESTRING_WRITE(pb, RecordRequirement);
  MESTRING_WRITE(pb, ApprovePeer);
  MESTRING_WRITE(pb, RenewApproval);
  MESTRING_WRITE(pb, PausePeer);
  MESTRING_WRITE(pb, ResumePeer);
  MESTRING_WRITE(pb, OptOut);
  MESTRING_WRITE(pb, StopPeer);
  MESTRING_WRITE(pb, ReinstatePeer);
  MESTRING_READ(pb, GetPeer);
  MESTRING_READ(pb, ListPeers);
  MESTRING_READ(pb, ListAvailablePeers);
  MESTRING_READ(pb, GetCaseload);

  // Requests and conflicts of interest
  MESTRING_WRITE(pb, RequestPeer);
  MESTRING_WRITE(pb, WithdrawRequest);
  MESTRING_WRITE(pb, CloseRequest);
  MESTRING_READ(pb, GetRequest);
  MESTRING_READ(pb, ListRequests);
  MESTRING_WRITE(pb, NameConflict);
  MESTRING_WRITE(pb, LiftConflict);

  // Proposals and matches
  MESTRING_WRITE(pb, ProposeMatch);
  MESTRING_WRITE(pb, AnswerProposal);
  MESTRING_WRITE(pb, StartMatch);
  MESTRING_WRITE(pb, EndMatch);
  MESTRING_WRITE(pb, HandOverMatch);
  MESTRING_READ(pb, GetMatch);
  MESTRING_READ(pb, ListProposals);
  MESTRING_READ(pb, ListMatches);
  MESTRING_READ(pb, ListHandOverTasks);

  // Contacts and groups
  MESTRING_WRITE(pb, LogContact);
  MESTRING_WRITE(pb, WithdrawContact);
  MESTRING_READ(pb, ListContacts);
  MESTRING_WRITE(pb, OpenGroup);
  MESTRING_WRITE(pb, CloseGroup);
  MESTRING_READ(pb, ListGroups);
  MESTRING_WRITE(pb, JoinGroup);
  MESTRING_WRITE(pb, LeaveGroup);
  MESTRING_READ(pb, ListGroupSeats);

  // Evaluation and numbers
  MESTRING_WRITE(pb, OpenEvaluation);
  MESTRING_WRITE(pb, InviteToEvaluation);
  MESTRING_WRITE(pb, SubmitAnswer);
  MESTRING_WRITE(pb, CloseEvaluation);
  MESTRING_READ(pb, GetEvaluation);
  MESTRING_READ(pb, ListEvaluations);
  MESTRING_READ(pb, GetStatistics);
};

}  // namespace peer_support

// Name, ports, schema and maker: what RunService and the tests start.
ServiceDefinition PeerSupportDefinition();

}  // namespace mestring
