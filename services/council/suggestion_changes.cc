#include "services/council/suggestion_changes.h"

#include <vector>

#include "common/store/records.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/reads.h"
#include "services/council/suggestion_rules.h"

namespace mestring::council {

absl::Status FollowActions(Tx& tx, std::string_view suggestion_id) {
  ASSIGN(pb::Suggestion suggestion, Load<pb::Suggestion>(tx, suggestion_id));
  ASSIGN(const std::vector<pb::Action> actions, ActionsOf(tx, suggestion_id));
  const pb::SuggestionState state = StateAfterProgress(suggestion, actions);
  if (state == suggestion.state()) return absl::OkStatus();
  suggestion.set_state(state);
  TRY(Save(tx, suggestion));
  pb::SuggestionProgressed event;
  event.set_suggestion_id(suggestion.id());
  event.set_state(state);
  return tx.Publish(event, suggestion);
}

}  // namespace mestring::council
