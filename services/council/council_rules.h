// The rules of the council: who sits in it and when it meets. Its secretary can read this file together with
// council_rules.cc. Other rules: attendance_rules.h (who attends), agenda_rules.h, minutes_rules.h, and
// suggestion_rules.h (suggestions, actions, figures, indicators and fees).
//
// Pure functions over the messages of the contract: no clock, no database. May… says whether a caller may do
// something to a resource; Check… whether a value is valid; Apply… makes a permitted change; New… makes a new
// resource. Dates are ISO text, which sorts as dates do.
//
// Tags of invariants and of their sources, such as [C1], are explained in INVARIANTS.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/rpc/audience.h"
#include "common/rpc/token.h"
#include "mestring/council/v1/council.pb.h"
#include "services/shared/own_codes.h"

namespace mestring::council {

namespace pb = v1;

// ---- Codes that the service itself sets ------------------------------------------------------------

// Why a term ended by itself: it ran out, a successor was appointed, or its seat was retired.
inline constexpr OwnCode<pb::CodeListKind> kTermOver{pb::CODE_LIST_KIND_END_REASON, "TERM_OVER", "Perioden er ute"};
inline constexpr OwnCode<pb::CodeListKind> kSucceeded{pb::CODE_LIST_KIND_END_REASON, "SUCCEEDED",
                                                      "En annen har tatt over"};
inline constexpr OwnCode<pb::CodeListKind> kSeatRetired{pb::CODE_LIST_KIND_END_REASON, "SEAT_RETIRED",
                                                        "Plassen er nedlagt"};
inline constexpr OwnCode<pb::CodeListKind> kOwnCodes[] = {kTermOver, kSucceeded, kSeatRetired};

// ---- Who -------------------------------------------------------------------------------------------

// The secretary and the unit leader, who keep the council's business.
bool KeepsCouncil(const Caller& caller);
// Staff, members, and those who keep the council's business.
bool WorksWithCouncil(const Caller& caller);
// A service that subscribes to the council's events, and reads a snapshot when it has missed some.
bool IsSubscriber(const Caller& caller);

// ---- Mandate and seats -----------------------------------------------------------------------------

absl::Status Check(const pb::SetMandateRequest& request);
absl::Status Check(const pb::RegisterSeatRequest& request);
// Whether the mandate limits the seats of a kind, so that they must be counted.
bool LimitsSeats(const pb::Mandate& mandate, pb::SeatKind kind);
// `of_kind`: how many active seats of that kind there are, if the mandate limits them. `has_seat`: the organisation has
// a seat already.
absl::Status MayRegisterSeat(const pb::Mandate& mandate, pb::SeatKind kind, int of_kind, bool has_seat);
pb::Seat NewSeat(std::string id, const pb::RegisterSeatRequest& request);
absl::Status MayRetire(const pb::Seat& seat);
// `holds_another`: the person holds another role or seat than this one.
absl::Status MayAppoint(const pb::Seat& seat, bool holds_another);
pb::SeatHolder NewHolder(std::string id, const pb::AppointHolderRequest& request, const pb::Mandate& mandate,
                         std::string_view today);
absl::Status MayEndTerm(const Caller& caller, const pb::SeatHolder& holder);
void ApplyEnd(std::string_view reason_code, std::string_view today, pb::SeatHolder* holder);

// ---- The year and its meetings ---------------------------------------------------------------------

absl::Status CheckPlan(std::string_view field, const pb::PlannedMeeting& plan, int year);
absl::Status CheckAnnualPlan(const pb::SetAnnualPlanRequest& request, const pb::Mandate& mandate);
// `has_plan`: the year has one.
absl::Status MaySetAnnualPlan(bool has_plan);
pb::Meeting NewMeeting(std::string id, pb::MeetingKind kind, const pb::AnnualPlan& annual_plan,
                       const pb::PlannedMeeting& plan, const pb::Mandate& mandate);
// When the meeting begins, in the municipality's zone.
absl::Time StartOf(const pb::Meeting& meeting, absl::TimeZone zone);
// Sets the date of a meeting, and its deadlines.
void ApplyDate(std::string_view meeting_date, const pb::Mandate& mandate, pb::Meeting* meeting);
// The id of the meeting of the annual plan that this meeting stands for: its own, or that of the one that it replaces.
const std::string& PlaceOf(const pb::Meeting& meeting);
// Whether a meeting after `plan`, in the year of `annual_plan`, may replace this meeting. `replaced`: another one does
// already.
absl::Status MayReplace(const pb::Meeting& meeting, const pb::AnnualPlan& annual_plan, const pb::PlannedMeeting& plan,
                        bool replaced);
// Before the opening; and after the end of the sitting, whether or not the record is final.
bool NotBegun(pb::MeetingState state);
inline bool NotBegun(const pb::Meeting& meeting) { return NotBegun(meeting.state()); }
bool WasHeld(pb::MeetingState state);
// Whether the notice, or the minutes, are still due.
bool AwaitsNotice(pb::MeetingState state);
bool AwaitsMinutes(pb::MeetingState state);
// Whether a meeting can have deadlines: it has not begun, or its minutes are still due.
bool HasDeadlines(pb::MeetingState state);
// The deadlines of a meeting that are still ahead or were missed. `minutes_sent`: its members have a version of its
// minutes.
std::vector<pb::Deadline> DeadlinesOf(const pb::Meeting& meeting, bool minutes_sent, std::string_view today);
// Whether a meeting may change to `moved`.
absl::Status MayMove(const pb::Meeting& meeting, const pb::Meeting& moved, std::string_view today);
absl::Status MayCall(const pb::Meeting& meeting, std::string_view today);
absl::Status MayCancel(const pb::Meeting& meeting);
absl::Status MayOpen(const pb::Meeting& meeting, std::string_view today);
absl::Status MayEnd(const pb::Meeting& meeting);
// `newest`: the newest minutes of the meeting, if there are any. `agenda`: its items as they are now.
absl::Status MayClose(const pb::Meeting& meeting, absl::Span<const pb::AgendaItem> agenda,
                      const std::optional<pb::Minutes>& newest);
// `newer_closed`: a meeting of a later date is finalised. `approved`: a version of its minutes is approved.
absl::Status MayReopen(const pb::Meeting& meeting, bool newer_closed, bool approved);

}  // namespace mestring::council
