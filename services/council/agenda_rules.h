// The rules of the agenda: who may add an item and until when, when the council advises on it, and how an item is
// settled or postponed.
//
// The functions are pure; the tags are those of council_rules.h.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/rpc/token.h"
#include "mestring/council/v1/council.pb.h"
#include "services/council/council_rules.h"

namespace mestring::council {

// Whether the caller keeps the council's business or holds a seat in it. `own_seat_id`: "" if they hold none.
bool HasAVoice(const Caller& caller, std::string_view own_seat_id);
// Whether the item is on the agenda of a meeting and not settled.
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
// Whether the caller may postpone an item to this meeting.
absl::Status MayPostponeTo(const Caller& caller, const pb::Meeting& meeting, std::string_view today);
void ApplySettlement(const pb::SettleAgendaItemRequest& request, pb::AgendaItem* item);
// The new item in the meeting to which the caller postponed this one.
pb::AgendaItem NewFromPostponed(std::string id, const Caller& caller, const pb::AgendaItem& item, const pb::Meeting& to,
                                int position);
// Whether the papers of the meeting move with an item that was just settled. `agenda`: all items of the meeting, as
// they are now.
bool TakesPapersAlong(const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda);

}  // namespace mestring::council
