// The rules of evaluation: when a round is open, which answers are complete, and which results are published.
//
// The functions are pure; the tags are those of peer_support_rules.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "services/peer_support/peer_support_rules.h"

namespace mestring::peer_support {

// `another_open`: another round is open.
absl::Status MayOpenRound(std::string_view close_by, bool another_open, std::string_view today);
// WRONG_STATE unless the round is open.
absl::Status CheckOpen(const pb::EvaluationRound& round);
// Whether each question of the round is answered once, and nothing else.
absl::Status CheckScores(const pb::EvaluationRound& round,
                         const google::protobuf::RepeatedPtrField<pb::EvaluationScore>& scores);

// The sum of the answers of one group to one question.
struct ScoreSum {
  pb::Stakeholder stakeholder;
  std::string question_code;
  int64_t answers, score_sum;
};
// Closes the round with the results that may be published. `invited`: the groups that have open invitations.
void ApplyClose(const std::vector<pb::Stakeholder>& invited, const std::vector<ScoreSum>& sums, std::string_view today,
                pb::EvaluationRound* round);
// The figures of EvaluationClosed.
std::vector<common::v1::Figure> FiguresOf(const pb::EvaluationRound& round);
// The change of each result that both rounds published.
std::vector<pb::EvaluationChange> ChangesBetween(const pb::EvaluationRound& before, const pb::EvaluationRound& after);

}  // namespace mestring::peer_support
