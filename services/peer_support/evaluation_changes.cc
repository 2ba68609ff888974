#include "services/peer_support/evaluation_changes.h"

#include <string>
#include <utility>
#include <vector>

#include "common/store/records.h"
#include "common/store/stored_enum.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/peer_support/evaluation_rules.h"
#include "services/peer_support/tables.h"

namespace mestring::peer_support {

absl::Status CloseRound(Tx& tx, std::string_view day, pb::EvaluationRound* round) {
  ASSIGN(const auto invited,
         tx.Query<std::string>(
             "SELECT DISTINCT stakeholder FROM evaluation_invitations WHERE evaluation_round_id = :id", round->id()));
  std::vector<pb::Stakeholder> groups;
  for (const auto& [name] : invited) {
    ASSIGN(groups.emplace_back(), StoredEnum<pb::Stakeholder>(tx, name));
  }
  ASSIGN(const auto rows, (tx.Query<std::string, std::string, int64_t, int64_t>(
                              "SELECT stakeholder, question_code, answers, score_sum FROM evaluation_sums WHERE "
                              "evaluation_round_id = :id ORDER BY stakeholder, question_code",
                              round->id())));
  std::vector<ScoreSum> sums;
  for (const auto& [name, question, answers, sum] : rows) {
    ASSIGN(const pb::Stakeholder group, StoredEnum<pb::Stakeholder>(tx, name));
    sums.push_back({group, question, answers, sum});
  }
  ApplyClose(groups, sums, day, round);
  TRY(tx.Exec("DELETE FROM evaluation_invitations WHERE evaluation_round_id = :id", round->id()).status());
  TRY(tx.Exec("DELETE FROM evaluation_sums WHERE evaluation_round_id = :id", round->id()).status());
  TRY(Save(tx, *round));
  TRY(tx.CancelTimer(kEvaluationTimer, round->id()));
  pb::EvaluationClosed event;
  event.set_evaluation_round_id(round->id());
  event.set_closed_date(round->close_date());
  for (common::v1::Figure& figure : FiguresOf(*round)) *event.add_figures() = std::move(figure);
  return tx.Publish(event, *round);
}

}  // namespace mestring::peer_support
