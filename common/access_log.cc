#include "common/access_log.h"

#include "common/errors.h"

namespace mestring {
namespace {

// Removed at once: more than were added since the last time (a list can add a page of persons; the nights make up for
// it), few enough to go unnoticed.
constexpr int kPruneMax = 512;

}  // namespace

absl::Status AddToAccessLog(Tx& tx, const Call& call, const std::set<std::string>& persons,
                            const std::string& outcome) {
  const std::string roles = RoleNames(call.caller.roles);
  for (const std::string& person : persons) {
    TRY(tx.InsertLater("access_log (time, caller, roles, organisation_id, rpc, person_ref, outcome, hidden, issuer)",
                       tx.now(), call.caller.subject, roles, call.caller.organisation_id, call.rpc, person, outcome,
                       call.IsHiddenFrom(person), call.caller.issuer));
  }
  return absl::OkStatus();
}

absl::Status PruneAccessLog(Tx& tx, absl::Time before) {
  ASSIGN(const auto last, tx.Query<int64_t>("SELECT MAX(time) FROM (SELECT time FROM access_log WHERE time < :before "
                                            "ORDER BY time LIMIT :limit) AS old",
                                            before, kPruneMax));
  return tx.Exec("DELETE FROM access_log WHERE time <= :last", std::get<0>(last.at(0))).status();
}

}  // namespace mestring
