// Rounds of evaluation: the same questions for five groups of stakeholders, who answer with one-time codes.
//
// What makes an answer impossible to link (P11):
// - the service never sees a code before it is used: the inviter makes the codes and sends digests only;
// - an answer deletes the invitation and adds the scores to sums, in one transaction. No row stores an answer, so
//   neither content nor order nor time can be compared with anything;
// - the request has no request_id, so no response and no fingerprint of the scores is stored; it names no person, so no
//   row of the access log is written; and it publishes no event;
// - closing the round deletes the sums, published or not, and the remaining invitations.
// Rows of anonymous answers would allow more statistics, and would show the order in which they came.

#include <utility>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/peer_support/evaluation_changes.h"
#include "services/peer_support/evaluation_rules.h"
#include "services/peer_support/peer_support.h"
#include "services/peer_support/reads.h"

namespace mestring::peer_support {

absl::Status PeerSupport::OpenEvaluation(Tx& tx, Call&, const pb::OpenEvaluationRequest& request,
                                         pb::OpenEvaluationResponse* response) {
  TRY(Check(request));
  ASSIGN(const bool one_is_open,
         Exists<pb::EvaluationRound>(tx, absl::StrCat("WHERE ", InState(pb::EVALUATION_ROUND_STATE_OPEN))));
  TRY(MayOpenRound(request.close_by(), one_is_open, Today(tx)));
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  ASSIGN(const auto before, tx.Query<std::string>("SELECT MAX(id) FROM evaluation_rounds"));
  pb::EvaluationRound round;
  round.set_id(NewId(tx.now()));
  round.set_state(pb::EVALUATION_ROUND_STATE_OPEN);
  round.set_name(request.name());
  *round.mutable_questions() = request.questions();
  round.set_answers_min(rules.evaluation_answers_min());
  round.set_before_round_id(std::get<0>(before.front()));
  round.set_open_date(Today(tx));
  round.set_close_by(request.close_by());
  TRY(Insert(tx, round));
  TRY(tx.Schedule(kEvaluationTimer, round.id(), EndOf(tx, round.close_by())));
  pb::EvaluationOpened event;
  event.set_evaluation_round_id(round.id());
  event.set_close_by(round.close_by());
  TRY(tx.Publish(event, round));
  *response->mutable_round() = std::move(round);
  return absl::OkStatus();
}

absl::Status PeerSupport::InviteToEvaluation(Tx& tx, Call&, const pb::InviteToEvaluationRequest& request,
                                             pb::InviteToEvaluationResponse*) {
  TRY(Check(request));
  ASSIGN(const pb::EvaluationRound round, Load<pb::EvaluationRound>(tx, request.evaluation_round_id()));
  TRY(CheckOpen(round));
  const std::string& group = pb::Stakeholder_Name(request.stakeholder());
  for (const std::string& digest : request.code_digests()) {
    ASSIGN(const int64_t added, tx.Exec("INSERT INTO evaluation_invitations (code_digest, evaluation_round_id, "
                                        "stakeholder) VALUES (:digest, :round, :group) ON CONFLICT DO NOTHING",
                                        digest, round.id(), group));
    if (added == 0) return AlreadyExists("invitation");
  }
  // [P11] The event has the number that was added, and neither event nor answer has the number that is open: two such
  // numbers would show how many answers came between them.
  pb::EvaluationInvited event;
  event.set_evaluation_round_id(round.id());
  event.set_stakeholder(request.stakeholder());
  event.set_invitations(request.code_digests_size());
  return tx.Publish(event, NewId(tx.now()), 1);
}

absl::Status PeerSupport::SubmitAnswer(Tx& tx, Call&, const pb::SubmitAnswerRequest& request,
                                       pb::SubmitAnswerResponse*) {
  const std::string digest = Sha256Hex(request.code());
  ASSIGN(const auto invitation, (tx.Query<std::string, std::string>(
                                    "SELECT evaluation_round_id, stakeholder FROM evaluation_invitations WHERE "
                                    "code_digest = :digest",
                                    digest)));
  if (invitation.empty()) return NotFound("invitation");
  const auto& [round_id, group] = invitation.front();
  ASSIGN(const pb::EvaluationRound round, Load<pb::EvaluationRound>(tx, round_id));
  TRY(CheckScores(round, request.scores()));
  TRY(tx.Exec("DELETE FROM evaluation_invitations WHERE code_digest = :digest", digest).status());
  for (const pb::EvaluationScore& score : request.scores()) {
    TRY(tx.Exec("INSERT INTO evaluation_sums (evaluation_round_id, stakeholder, question_code, answers, score_sum) "
                "VALUES (:round, :group, :question, 1, :score) ON CONFLICT (evaluation_round_id, stakeholder, "
                "question_code) DO UPDATE SET answers = evaluation_sums.answers + 1, score_sum = "
                "evaluation_sums.score_sum + excluded.score_sum",
                round_id, group, score.question_code(), score.score())
            .status());
  }
  return absl::OkStatus();
}

absl::Status PeerSupport::CloseEvaluation(Tx& tx, Call&, const pb::CloseEvaluationRequest& request,
                                          pb::CloseEvaluationResponse* response) {
  ASSIGN(pb::EvaluationRound round,
         AtVersion(request.expected_version(), Load<pb::EvaluationRound>(tx, request.evaluation_round_id())));
  TRY(CheckOpen(round));
  TRY(CloseRound(tx, Today(tx), &round));
  *response->mutable_round() = std::move(round);
  return absl::OkStatus();
}

absl::Status PeerSupport::GetEvaluation(Tx& tx, Call&, const pb::GetEvaluationRequest& request,
                                        pb::GetEvaluationResponse* response) {
  ASSIGN(*response->mutable_round(), Load<pb::EvaluationRound>(tx, request.evaluation_round_id()));
  if (response->round().before_round_id().empty()) return absl::OkStatus();
  ASSIGN(const pb::EvaluationRound before, Load<pb::EvaluationRound>(tx, response->round().before_round_id()));
  for (pb::EvaluationChange& change : ChangesBetween(before, response->round())) {
    *response->add_changes() = std::move(change);
  }
  return absl::OkStatus();
}

absl::Status PeerSupport::ListEvaluations(Tx& tx, Call&, const pb::ListEvaluationsRequest& request,
                                          pb::ListEvaluationsResponse* response) {
  return ListPage(tx, Filter(), request, response->mutable_rounds(), response, {.descending = true});
}

}  // namespace mestring::peer_support
