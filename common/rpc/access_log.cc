#include "common/rpc/access_log.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/errors.h"

namespace mestring {
namespace {

// Rows removed at once: more than are added between two removals on average (a list can add a page of persons; quiet
// hours catch up), and few enough not to delay a call.
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

absl::StatusOr<std::vector<access::v1::AccessLogEntry>> ReadAccessLog(Tx& tx, std::string_view person_ref,
                                                                      absl::Time until, bool hidden, int limit,
                                                                      int64_t skip) {
  ASSIGN(const auto rows,
         (tx.Query<int64_t, std::string, std::string, std::string, std::string, std::string, std::string>(
             absl::StrCat("SELECT time, caller, roles, organisation_id, rpc, outcome, issuer FROM access_log "
                          "WHERE person_ref = :person AND time <= :time ",
                          hidden ? "" : "AND hidden = 0 ",
                          "ORDER BY time DESC, issuer, caller, rpc, outcome LIMIT :limit OFFSET :skip"),
             person_ref, until, limit, skip)));
  std::vector<access::v1::AccessLogEntry> entries;
  for (const auto& [time, caller, roles, organisation, rpc, outcome, issuer] : rows) {
    access::v1::AccessLogEntry& entry = entries.emplace_back();
    *entry.mutable_time() = ToProto(absl::FromUnixMicros(time));
    entry.set_caller(caller);
    for (absl::string_view name : absl::StrSplit(roles, ',', absl::SkipEmpty())) {
      if (const Role role = RoleNamed(name); role != access::v1::ROLE_UNSPECIFIED) entry.add_roles(role);
    }
    entry.set_organisation_id(organisation);
    entry.set_rpc(rpc);
    entry.set_outcome(outcome);
    entry.set_issuer(issuer);
  }
  return entries;
}

absl::Status PruneAccessLog(Tx& tx, absl::Time before) {
  ASSIGN(const auto last, tx.Query<int64_t>("SELECT MAX(time) FROM (SELECT time FROM access_log WHERE time < :before "
                                            "ORDER BY time LIMIT :limit) AS old",
                                            before, kPruneMax));
  return tx.Exec("DELETE FROM access_log WHERE time <= :last", std::get<0>(last.at(0))).status();
}

}  // namespace mestring
