#include "services/peer_support/evaluation_rules.h"

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/dates.h"
#include "common/base/errors.h"
#include "services/shared/figures.h"

namespace mestring::peer_support {

// One round at a time, so that "before" and "after" are clear.
absl::Status MayOpenRound(std::string_view close_by, bool another_open, std::string_view today) {
  TRY(CheckPlannable("close_by", close_by, today));
  if (close_by < today) return Refused("DATE_OUT_OF_ORDER", "close_by must be today or later");
  return another_open ? Refused("ROUND_OPEN", "another round is open; close it first") : absl::OkStatus();
}

absl::Status CheckOpen(const pb::EvaluationRound& round) {
  if (round.state() == pb::EVALUATION_ROUND_STATE_OPEN) return absl::OkStatus();
  return WrongState(round.state(), "the round is closed already");
}

absl::Status CheckScores(const pb::EvaluationRound& round,
                         const google::protobuf::RepeatedPtrField<pb::EvaluationScore>& scores) {
  std::set<std::string_view> open;
  for (const pb::EvaluationQuestion& question : round.questions()) open.insert(question.code());
  for (const pb::EvaluationScore& score : scores) {
    if (open.erase(score.question_code()) == 0) {
      return Refused("UNKNOWN_QUESTION",
                     "each score must be for one question of the round, and each question have one score");
    }
  }
  if (open.empty()) return absl::OkStatus();
  return Refused("UNKNOWN_QUESTION", "answer each question of the round", {{"question", std::string(*open.begin())}});
}

// [P11] A group of stakeholders with fewer answers than the minimum is not published, and neither is a sum over groups
// from which it could be computed.
void ApplyClose(const std::vector<pb::Stakeholder>& invited, const std::vector<ScoreSum>& sums, std::string_view today,
                pb::EvaluationRound* round) {
  round->set_state(pb::EVALUATION_ROUND_STATE_CLOSED);
  round->set_close_date(std::string(today));
  std::set<pb::Stakeholder> silent(invited.begin(), invited.end());
  for (const ScoreSum& sum : sums) {
    silent.insert(sum.stakeholder);
    if (sum.answers < round->answers_min()) continue;
    pb::EvaluationResult* result = round->add_results();
    result->set_stakeholder(sum.stakeholder);
    result->set_question_code(sum.question_code);
    result->set_answers(static_cast<int32_t>(sum.answers));
    result->set_mean_centi(static_cast<int32_t>((100 * sum.score_sum + sum.answers / 2) / sum.answers));
  }
  for (const pb::EvaluationResult& result : round->results()) silent.erase(result.stakeholder());
  for (const pb::Stakeholder stakeholder : silent) round->add_unpublished(stakeholder);
}

std::vector<common::v1::Figure> FiguresOf(const pb::EvaluationRound& round) {
  struct Total {
    int64_t answers = 0, questions = 0, mean_sum = 0;
  };
  std::map<pb::Stakeholder, Total> totals;
  for (const pb::EvaluationResult& result : round.results()) {
    Total& total = totals[result.stakeholder()];
    total.answers = result.answers();
    total.questions += 1;
    total.mean_sum += result.mean_centi();
  }
  for (int i = 0; i < round.unpublished_size(); ++i) totals[round.unpublished(i)];
  std::vector<common::v1::Figure> figures;
  for (const auto& [stakeholder, total] : totals) {
    const std::string name = pb::Stakeholder_Name(stakeholder).substr(std::string_view("STAKEHOLDER_").size());
    SuppressedCount answers, mean;
    if (total.questions > 0) {
      answers = total.answers;
      mean = (total.mean_sum + total.questions / 2) / total.questions;
    }
    figures.push_back(MakeFigure(absl::StrCat(name, "_ANSWERS"), answers));
    figures.push_back(MakeFigure(absl::StrCat(name, "_MEAN_CENTI"), mean));
  }
  return figures;
}

// "Before and after" (før og etter): only for results that both rounds have.
std::vector<pb::EvaluationChange> ChangesBetween(const pb::EvaluationRound& before, const pb::EvaluationRound& after) {
  std::vector<pb::EvaluationChange> changes;
  for (const pb::EvaluationResult& now : after.results()) {
    for (const pb::EvaluationResult& then : before.results()) {
      if (then.stakeholder() != now.stakeholder() || then.question_code() != now.question_code()) continue;
      pb::EvaluationChange& change = changes.emplace_back();
      change.set_stakeholder(now.stakeholder());
      change.set_question_code(now.question_code());
      change.set_before_centi(then.mean_centi());
      change.set_after_centi(now.mean_centi());
    }
  }
  return changes;
}

}  // namespace mestring::peer_support
