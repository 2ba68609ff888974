// The rules of attendance: who apologises, who is summoned, who is entitled and present, and who represents a seat on
// an item.
//
// The functions are pure; the tags are those of council_rules.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/rpc/token.h"
#include "mestring/council/v1/council.pb.h"
#include "services/council/council_rules.h"

namespace mestring::council {

bool WasThere(pb::Presence presence);
// The holders of a seat on a day.
struct Holders {
  std::optional<pb::SeatHolder> principal, deputy;
  // The terms of the seat that have ended.
  std::vector<pb::SeatHolder> ended = {};
  const std::optional<pb::SeatHolder>& Of(pb::HolderRole role) const;
  // Whether the term `holder_id` belongs to the person who has the role now: their current term or an earlier one.
  bool IsTermOf(pb::HolderRole role, std::string_view holder_id) const;
};
// Whether the person who has the role now has apologised for this meeting.
bool HasApologised(const pb::Meeting& meeting, const Holders& holders, pb::HolderRole role,
                   absl::Span<const pb::Apology> apologies);
// `holder`: the person who has the role for which the caller apologises.
absl::Status MayApologise(const Caller& caller, const pb::Meeting& meeting,
                          const std::optional<pb::SeatHolder>& holder);
// The copy of a seat that the opening of a meeting makes.
pb::VotingSeat NewVotingSeat(std::string id, const pb::Meeting& meeting, const pb::Seat& seat, const Holders& holders,
                             absl::Span<const pb::Apology> apologies);
// Why the deputy of a seat is summoned to a meeting before its opening; UNSPECIFIED if they are not.
pb::SummonsCause WhySummoned(const pb::Meeting& meeting, const Holders& holders,
                             absl::Span<const pb::Apology> apologies);
// Whether a summons to a meeting that has not begun is still needed.
bool HoldsStill(const pb::Summons& summons, const pb::Meeting& meeting, const pb::Seat& seat, const Holders& holders,
                absl::Span<const pb::Apology> apologies);
// `entitled`: the opening of the meeting copied this seat.
absl::Status CheckEntitled(bool entitled);
// `representations`: those that the advice of this meeting has stored so far.
absl::Status MayMarkPresence(const pb::Meeting& meeting, const pb::VotingSeat& seat, pb::HolderRole role,
                             pb::Presence presence, absl::Span<const pb::SeatRepresentation> representations);
void ApplyPresence(pb::HolderRole role, pb::Presence presence, pb::VotingSeat* seat);
absl::Status MaySummon(const pb::Meeting& meeting, const pb::VotingSeat& seat);
absl::Status MayDisqualify(const pb::Meeting& meeting, const pb::AgendaItem& item, const pb::VotingSeat& seat,
                           pb::HolderRole role);
// Removes what the caller may not see.
void ShowTo(const Caller& caller, pb::Disqualification* disqualification);

// Who represents a seat on an item, and why; it names no holder if nobody does.
pb::SeatRepresentation RepresentationOf(const pb::VotingSeat& seat, const pb::AgendaItem& item,
                                        absl::Span<const pb::Disqualification> disqualifications);
// The representations that an advice stores: those with a holder, with the vote of each if the council voted.
absl::StatusOr<std::vector<pb::SeatRepresentation>> Represented(absl::Span<const pb::SeatRepresentation> possible,
                                                                const pb::RecordAdviceRequest& request);

}  // namespace mestring::council
