// The rules of contacts, which store that a contact happened and never what was said, and of seats in groups.
//
// The functions are pure; the tags are those of peer_support_rules.h.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "services/peer_support/peer_support_rules.h"

namespace mestring::peer_support {

absl::Status MayLog(const pb::Match& match, std::string_view contact_date, std::string_view today);
pb::Contact NewContact(std::string id, const pb::LogContactRequest& request, const pb::Match& match,
                       const pb::Peer& peer, std::string_view contact_date);
absl::Status MayWithdraw(const pb::Contact& contact);

absl::Status MayClose(const pb::SelfHelpGroup& group);
bool IsLive(pb::GroupSeatState state);
// NotFound unless the match is that person's. `seated`: the person has a live seat of this match.
absl::Status MaySeat(const pb::Match& match, std::string_view person_ref, bool seated);
absl::Status MayJoin(const pb::SelfHelpGroup& group, const pb::Peer& leader, std::string_view person_ref, bool seated);
absl::Status MayLeave(const pb::GroupSeat& seat);
void ApplySeatEnd(std::string_view today, pb::GroupSeat* seat);

}  // namespace mestring::peer_support
