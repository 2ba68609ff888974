// The rules of the agenda: who raises a matter and by when, when the council advises on it, and what becomes of what is
// postponed.
//
// Pure, as council_rules.h, with the same tags.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/rpc/token.h"
#include "mestring/council/v1/council.pb.h"
#include "services/council/council_rules.h"

namespace mestring::council {

// Who speaks for the council: who keeps its business, and who holds a seat in it. `own_seat_id`: "" if they hold none.
bool HasAVoice(const Caller& caller, std::string_view own_seat_id);
// It is on the agenda of a meeting, and nothing has come of it yet.
bool IsUp(pb::AgendaItemState state);
bool IsSettled(const pb::AgendaItem& item);
absl::Status MayAddItem(const Caller& caller, const pb::Meeting& meeting, const pb::AddAgendaItemRequest& request,
                        std::string_view own_seat_id, std::string_view today);
pb::AgendaItem NewItem(std::string id, const Caller& caller, const pb::Meeting& meeting,
                       const pb::AddAgendaItemRequest& request, std::string_view own_seat_id, int position);
absl::Status MaySchedule(const pb::Meeting& meeting, const pb::AgendaItem& item);
// `agenda`: all items of the meeting.
absl::Status MayDiscuss(const pb::Meeting& meeting, const pb::AgendaItem& item,
                        absl::Span<const pb::AgendaItem> agenda);
absl::Status MayAdvise(const pb::Meeting& meeting, const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda,
                       const pb::RecordAdviceRequest& request);
absl::Status MaySettle(const Caller& caller, const pb::Meeting& meeting, const pb::AgendaItem& item,
                       const pb::SettleAgendaItemRequest& request, std::string_view own_seat_id);
// Whether the caller postpones items to a meeting.
absl::Status MayPostponeTo(const Caller& caller, const pb::Meeting& meeting, std::string_view today);
void ApplySettlement(const pb::SettleAgendaItemRequest& request, pb::AgendaItem* item);
// The item's new self in the meeting to which the caller postponed it.
pb::AgendaItem NewFromPostponed(std::string id, const Caller& caller, const pb::AgendaItem& item, const pb::Meeting& to,
                                int position);
// Whether the papers of the meeting go with an item that was settled. `agenda`: all items of the meeting, as they are
// now.
bool TakesPapersAlong(const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda);

}  // namespace mestring::council
