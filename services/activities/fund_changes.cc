#include "services/activities/fund_changes.h"

#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "services/activities/events.h"
#include "services/activities/fund_rules.h"
#include "services/activities/tables.h"

namespace mestring::activities {

absl::StatusOr<pb::LedgerEntry> PostLedgerEntry(Tx& tx, pb::LedgerKind kind, int64_t amount_ore,
                                                std::string_view grant_id, pb::Fund* fund) {
  pb::LedgerEntry entry = ApplyEntry(kind, amount_ore, fund);
  TRY(Save(tx, *fund));
  ASSIGN(const auto last,
         tx.Query<int64_t>("SELECT MAX(number) FROM ledger_entries WHERE fund_id = :fund", fund->id()));
  entry.set_id(NewId(tx.now()));
  entry.set_number(std::get<0>(last.front()) + 1);
  entry.set_grant_id(std::string(grant_id));
  entry.set_entry_date(Today(tx));
  TRY(Insert(tx, entry));
  return entry;
}

absl::Status EndGrants(Tx& tx, std::string_view session_id, std::string_view person_ref, std::string_view reason_code) {
  const std::string open_of_session = absl::StrCat("WHERE session_id = :session AND ", InStates(IsOpen));
  ASSIGN(std::vector<pb::Grant> grants,
         person_ref.empty()
             ? Select<pb::Grant>(tx, absl::StrCat(open_of_session, " ORDER BY id"), session_id)
             : Select<pb::Grant>(tx, absl::StrCat(open_of_session, " AND person_ref = :person ORDER BY id"), session_id,
                                 person_ref));
  for (pb::Grant& grant : grants) {
    grant.set_reason_code(std::string(reason_code));
    if (grant.state() == pb::GRANT_STATE_REQUESTED) {
      grant.set_state(pb::GRANT_STATE_REFUSED);
      TRY(Save(tx, grant));
      auto event = About<pb::GrantDecided>(grant);
      event.set_state(grant.state());
      TRY(tx.Publish(event, grant));
      continue;
    }
    ASSIGN(pb::Fund fund, Load<pb::Fund>(tx, grant.fund_id()));
    ASSIGN(const pb::LedgerEntry entry,
           PostLedgerEntry(tx, pb::LEDGER_KIND_RELEASE, grant.amount_ore(), grant.id(), &fund));
    grant.set_state(pb::GRANT_STATE_RELEASED);
    TRY(Save(tx, grant));
    auto event = About<pb::GrantReleased>(grant);
    event.set_ledger_entry_id(entry.id());
    TRY(tx.Publish(event, grant));
  }
  return absl::OkStatus();
}

}  // namespace mestring::activities
