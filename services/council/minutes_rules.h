// The rules of minutes: when they are written, sent and approved, who may read them, and what they contain.
//
// The functions are pure; the tags are those of council_rules.h.
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

// The words of the mandate for minutes; English where the mandate has none.
pb::MinutesWords WordsOf(const pb::Mandate& mandate);
// Everything from which minutes are written.
struct Proceedings {
  pb::Meeting meeting;
  pb::Mandate mandate;  // of the meeting
  std::vector<pb::VotingSeat> seats;
  std::vector<pb::AgendaItem> agenda;
  std::vector<pb::SeatRepresentation> representations;
  std::vector<pb::Disqualification> disqualifications;
  std::vector<pb::FigureSet> papers;
  std::vector<pb::AdviceRevision> revisions;
};
absl::Status MayWriteMinutes(const pb::Meeting& meeting, const std::optional<pb::Minutes>& newest,
                             std::string_view correction);
// The document, in Markdown.
std::string MinutesText(const Proceedings& proceedings, const pb::WriteMinutesRequest& request, int version);
absl::Status MaySendMinutes(const pb::Minutes& minutes);
// Whether `meeting` takes over an approval of minutes from the agenda of `other`, because it is earlier.
bool ApprovesBefore(const pb::Meeting& meeting, const pb::Meeting& other);
// `of`: the meeting that the minutes are about. `approved`: a version of its minutes is approved. `item`: their
// approval on the agenda of `meeting`.
absl::Status MayApproveMinutes(const pb::Minutes& minutes, const pb::Meeting& of, bool approved,
                               const pb::Meeting& meeting, const pb::AgendaItem& item);
// NotFound if the caller may not see them, as if there were none.
absl::Status MaySee(const Caller& caller, const pb::Minutes& minutes);

}  // namespace mestring::council
