// The rules of minutes: when they are written, sent and approved, who reads them, and what they say.
//
// Pure, as council_rules.h, with the same tags.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/rpc/token.h"
#include "mestring/council/v1/council.pb.h"
#include "services/council/council_rules.h"

namespace mestring::council {

// A mandate's own words for minutes, and the English ones where it has none.
pb::MinutesWords WordsOf(const pb::Mandate& mandate);
// All that minutes are written from.
struct Proceedings {
  pb::Meeting meeting;
  pb::Mandate mandate;  // under which it was planned
  std::vector<pb::VotingSeat> seats;
  std::vector<pb::AgendaItem> agenda;
  std::vector<pb::SeatRepresentation> representations;
  std::vector<pb::Disqualification> disqualifications;
  std::vector<pb::FigureSet> papers;
  std::vector<pb::AdviceRevision> revisions;
};
absl::Status MayWriteMinutes(const pb::Meeting& meeting, const std::optional<pb::Minutes>& newest,
                             std::string_view correction);
// The document, Markdown.
std::string MinutesText(const Proceedings& proceedings, const pb::WriteMinutesRequest& request, int version);
absl::Status MaySendMinutes(const pb::Minutes& minutes);
// Whether `meeting` approves minutes that are on the agenda of `other`, because it comes before.
bool ApprovesBefore(const pb::Meeting& meeting, const pb::Meeting& other);
// `of`: the meeting that they are of, of which a version is `approved` or not. `item`: their approval on the agenda of
// `meeting`.
absl::Status MayApproveMinutes(const pb::Minutes& minutes, const pb::Meeting& of, bool approved,
                               const pb::Meeting& meeting, const pb::AgendaItem& item);
// NotFound for those who may not, as if there were none.
absl::Status MaySee(const Caller& caller, const pb::Minutes& minutes);

}  // namespace mestring::council
