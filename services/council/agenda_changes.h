// Changes of agenda items that more than one RPC makes.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "mestring/council/v1/council.pb.h"
#include "mestring/council/v1/council_events.pb.h"

namespace mestring::council {

namespace pb = v1;

// The position after the last item of a meeting.
absl::StatusOr<int> NextPosition(Tx& tx, std::string_view meeting_id);
// Saves a new item and publishes AgendaItemAdded.
absl::Status AddItem(Tx& tx, pb::AgendaItem* item);
// Saves an item with its meeting and position, and publishes AgendaItemScheduled. `former_meeting_id`: the meeting that
// the item leaves, if it moves to another one.
absl::Status SavePlaced(Tx& tx, pb::AgendaItem* item, std::string_view former_meeting_id = "");
// Saves a settled item and publishes `event`, whose other fields the caller has filled in. If the council did not
// advise on the item, its suggestion waits for a meeting again and SuggestionReturned says so.
absl::Status SettleItem(Tx& tx, pb::AgendaItem* item, pb::AgendaItemSettled event = {});
// Puts the approval of earlier minutes first on the agenda, and makes figures that are on no agenda yet the papers of
// this meeting. (C11)
absl::Status PrepareAgenda(Tx& tx, const pb::Meeting& meeting);

}  // namespace mestring::council
