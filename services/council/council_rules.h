// The rules of the council: who sits in it and when it meets. Its secretary can read this file together with
// council_rules.cc. The rules of who is there stand in attendance_rules.h, of the agenda in agenda_rules.h, of minutes
// in minutes_rules.h, of what was said and what came of it (actions, figures, indicators and fees) in
// suggestion_rules.h.
//
// Pure functions over the messages of the contract: no clock, no database. May… says whether a caller
// may do a thing to a thing; Check… whether a thing is as it must be; Apply… carries a permitted
// change out; New… makes what comes into being. Dates are ISO text, which compares as dates do.
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

// A term that ran out, was followed by another's, or ended with its seat.
inline constexpr OwnCode<pb::CodeListKind> kTermOver{pb::CODE_LIST_KIND_END_REASON, "TERM_OVER", "Perioden er ute"};
inline constexpr OwnCode<pb::CodeListKind> kSucceeded{pb::CODE_LIST_KIND_END_REASON, "SUCCEEDED",
                                                      "En annen har tatt over"};
inline constexpr OwnCode<pb::CodeListKind> kSeatRetired{pb::CODE_LIST_KIND_END_REASON, "SEAT_RETIRED",
                                                        "Plassen er nedlagt"};
inline constexpr OwnCode<pb::CodeListKind> kOwnCodes[] = {kTermOver, kSucceeded, kSeatRetired};

// ---- Who -------------------------------------------------------------------------------------------

// The secretary and the unit leader, who keep the council's business.
bool KeepsCouncil(const Caller& caller);
// Staff, members, and those who keep its business.
bool WorksWithCouncil(const Caller& caller);
// A service that hears the council's events, and takes a snapshot when it has missed some.
bool IsSubscriber(const Caller& caller);

// ---- Mandate and seats -----------------------------------------------------------------------------

absl::Status Check(const pb::SetMandateRequest& request);
absl::Status Check(const pb::RegisterSeatRequest& request);
// `of_kind`: seats of that kind there are. `has_seat`: the organisation is on the council already.
absl::Status MayRegisterSeat(const pb::Mandate& mandate, pb::SeatKind kind, int of_kind, bool has_seat);
pb::Seat NewSeat(std::string id, const pb::RegisterSeatRequest& request);
absl::Status MayRetire(const pb::Seat& seat);
// `holds_another`: the person is an active holder of any role of any seat but this one.
absl::Status MayAppoint(const pb::Seat& seat, bool holds_another);
pb::SeatHolder NewHolder(std::string id, const pb::AppointHolderRequest& request, const pb::Mandate& mandate,
                         std::string_view today);
absl::Status MayEndTerm(const Caller& caller, const pb::SeatHolder& holder);
void ApplyEnd(std::string_view reason_code, std::string_view today, pb::SeatHolder* holder);

// ---- The year and its meetings ---------------------------------------------------------------------

absl::Status CheckPlan(std::string_view field, const pb::PlannedMeeting& plan, int year);
absl::Status CheckWheel(const pb::SetAnnualPlanRequest& request, const pb::Mandate& mandate);
// `has_wheel`: the year has one.
absl::Status MaySetWheel(bool has_wheel);
pb::Meeting NewMeeting(std::string id, pb::MeetingKind kind, const pb::AnnualPlan& annual_plan,
                       const pb::PlannedMeeting& plan, const pb::Mandate& mandate);
// When it begins, in the municipality's zone.
absl::Time StartOf(const pb::Meeting& meeting, absl::TimeZone zone);
// Sets the date and the deadlines that follow from it.
void ApplyDate(std::string_view meeting_date, const pb::Mandate& mandate, pb::Meeting* meeting);
// The meeting of the annual plan in whose place a meeting is: itself, or the one that it replaces.
const std::string& PlaceOf(const pb::Meeting& meeting);
// Whether `plan`, of the year of `annual_plan`, may take the place of a meeting. `replaced`: another has it.
absl::Status MayReplace(const pb::Meeting& meeting, const pb::AnnualPlan& annual_plan, const pb::PlannedMeeting& plan,
                        bool replaced);
// The sitting is over: what was recorded stands, or is put right.
bool NotBegun(pb::MeetingState state);
inline bool NotBegun(const pb::Meeting& meeting) { return NotBegun(meeting.state()); }
bool WasHeld(pb::MeetingState state);
// Whether the notice, or the minutes, are still to come.
bool AwaitsNotice(pb::MeetingState state);
bool AwaitsMinutes(pb::MeetingState state);
// Whether a meeting can have deadlines: it is neither over nor cancelled.
bool HasDeadlines(pb::MeetingState state);
// What is still due for a meeting. `minutes_sent`: its members have a version of its minutes.
std::vector<pb::Deadline> DeadlinesOf(const pb::Meeting& meeting, bool minutes_sent, std::string_view today);
// Whether a meeting may have `moved` as its new self.
absl::Status MayMove(const pb::Meeting& meeting, const pb::Meeting& moved, std::string_view today);
absl::Status MayCall(const pb::Meeting& meeting, std::string_view today);
absl::Status MayCancel(const pb::Meeting& meeting);
absl::Status MayOpen(const pb::Meeting& meeting, std::string_view today);
absl::Status MayEnd(const pb::Meeting& meeting);
// `newest`: the newest minutes of the meeting, if there are any. `agenda`: its items as they are now.
absl::Status MayClose(const pb::Meeting& meeting, absl::Span<const pb::AgendaItem> agenda,
                      const std::optional<pb::Minutes>& newest);
// `newer_closed`: a meeting of a later date is closed. `approved`: a version of its minutes is.
absl::Status MayReopen(const pb::Meeting& meeting, bool newer_closed, bool approved);

}  // namespace mestring::council
