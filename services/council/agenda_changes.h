// What becomes of the items of an agenda.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "mestring/council/v1/council.pb.h"
#include "mestring/council/v1/council_events.pb.h"

namespace mestring::council {

namespace pb = v1;

// Where the next item of a meeting goes.
absl::StatusOr<int> NextPosition(Tx& tx, std::string_view meeting_id);
// Saves a new item and tells of it.
absl::Status AddItem(Tx& tx, pb::AgendaItem* item);
// Saves an item at its place in an agenda and tells of it; `former_meeting_id`: whose agenda it leaves, if another's.
absl::Status SavePlaced(Tx& tx, pb::AgendaItem* item, std::string_view former_meeting_id = "");
// Saves a settled item and tells of it; a suggestion that it took up and did not advise on waits again, which is told.
// `event` names what came with it.
absl::Status SettleItem(Tx& tx, pb::AgendaItem* item, pb::AgendaItemSettled event = {});
// Minutes of earlier meetings that wait for approval become the first items, and figures that lie on no
// agenda yet become the papers of this meeting. (C11)
absl::Status PrepareAgenda(Tx& tx, const pb::Meeting& meeting);

}  // namespace mestring::council
