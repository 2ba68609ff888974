// Which table stores which message of the contract.
#pragma once

#include "common/store/rows.h"
#include "mestring/peer_support/v1/peer_support.pb.h"

namespace mestring {

MESTRING_TABLE(peer_support::v1::PeerRules, "peer_rules", "peer rules");
MESTRING_TABLE(peer_support::v1::Guide, "guides", "guide", "peers");
MESTRING_TABLE(peer_support::v1::Peer, "peers", "peer", "load");
MESTRING_TABLE(peer_support::v1::Requirement, "requirements", "requirement");
MESTRING_TABLE(peer_support::v1::Approval, "approvals", "approval");
MESTRING_TABLE(peer_support::v1::Guidance, "guidances", "guidance");
MESTRING_TABLE(peer_support::v1::Conflict, "conflicts", "conflict");
MESTRING_TABLE(peer_support::v1::PeerRequest, "peer_requests", "request");
MESTRING_TABLE(peer_support::v1::Proposal, "proposals", "proposal");
MESTRING_TABLE(peer_support::v1::Match, "matches", "match");
MESTRING_TABLE(peer_support::v1::HandOverTask, "hand_over_tasks", "task");
MESTRING_TABLE(peer_support::v1::Contact, "contacts", "contact");
MESTRING_TABLE(peer_support::v1::SelfHelpGroup, "self_help_groups", "group", "seats");
MESTRING_TABLE(peer_support::v1::GroupSeat, "group_seats", "seat");
MESTRING_TABLE(peer_support::v1::EvaluationRound, "evaluation_rounds", "evaluation round");

}  // namespace mestring
