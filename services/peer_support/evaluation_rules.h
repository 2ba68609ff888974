// The rules of evaluation: when a round is open, what counts as an answer, and what of the answers is published.
//
// Pure, as peer_support_rules.h, with the same tags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "services/peer_support/peer_support_rules.h"

namespace mestring::peer_support {

// `another_open`: a round is.
absl::Status MayOpenRound(std::string_view close_by, bool another_open, std::string_view today);
// Of a round to which people are invited, or which is closed.
absl::Status CheckOpen(const pb::EvaluationRound& round);
// Each question of the round is answered once, and nothing else.
absl::Status CheckScores(const pb::EvaluationRound& round,
                         const google::protobuf::RepeatedPtrField<pb::EvaluationScore>& scores);

// What one group answered to one question, added up.
struct ScoreSum {
  pb::Stakeholder stakeholder;
  std::string question_code;
  int64_t answers, score_sum;
};
// Closes the round with what may be published of the sums. `invited`: the groups that were asked.
void ApplyClose(const std::vector<pb::Stakeholder>& invited, const std::vector<ScoreSum>& sums, std::string_view today,
                pb::EvaluationRound* round);
// The figures of EvaluationClosed.
std::vector<common::v1::Figure> FiguresOf(const pb::EvaluationRound& round);
// Before and after, where both rounds published.
std::vector<pb::EvaluationChange> ChangesBetween(const pb::EvaluationRound& before, const pb::EvaluationRound& after);

}  // namespace mestring::peer_support
