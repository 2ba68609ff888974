// The rules of the council. Its secretary can read this file together with council_rules.cc (seats, meetings, who is
// there, the agenda), minutes_rules.cc (minutes) and suggestion_rules.cc (what was said, and what came of it:
// actions, figures, indicators and fees).
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
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/rpc/audience.h"
#include "common/rpc/token.h"
#include "mestring/common/v1/assigned_actions.pb.h"
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

// ---- Who is there ----------------------------------------------------------------------------------

bool WasThere(pb::Presence presence);
// The holders of a seat on a day.
struct Holders {
  std::optional<pb::SeatHolder> principal, deputy;
  // The terms of the seat that have ended.
  std::vector<pb::SeatHolder> ended = {};
  const std::optional<pb::SeatHolder>& Of(pb::HolderRole role) const;
  // Whether a term is that of whoever has the role now, or an earlier one of theirs in it.
  bool IsTermOf(pb::HolderRole role, std::string_view holder_id) const;
};
// Whether whoever has the role now has said that they cannot come.
bool HasApologised(const pb::Meeting& meeting, const Holders& holders, pb::HolderRole role,
                   absl::Span<const pb::Apology> apologies);
// `holder`: whoever has the role for which somebody apologises.
absl::Status MayApologise(const Caller& caller, const pb::Meeting& meeting,
                          const std::optional<pb::SeatHolder>& holder);
// A seat as a meeting freezes it.
pb::VotingSeat NewVotingSeat(std::string id, const pb::Meeting& meeting, const pb::Seat& seat, const Holders& holders,
                             absl::Span<const pb::Apology> apologies);
// Why the deputy of a seat is summoned to a meeting before its opening; UNSPECIFIED if they are not.
pb::SummonsCause WhySummoned(const pb::Meeting& meeting, const Holders& holders,
                             absl::Span<const pb::Apology> apologies);
// Whether a summons to a meeting that has not begun holds as things are now.
bool HoldsStill(const pb::Summons& summons, const pb::Meeting& meeting, const pb::Seat& seat, const Holders& holders,
                absl::Span<const pb::Apology> apologies);
// `entitled`: the seat is among those that the meeting froze.
absl::Status CheckEntitled(bool entitled);
// `representations`: what the advice of this meeting has fixed so far.
absl::Status MayMarkPresence(const pb::Meeting& meeting, const pb::VotingSeat& seat, pb::HolderRole role,
                             pb::Presence presence, absl::Span<const pb::SeatRepresentation> representations);
void ApplyPresence(pb::HolderRole role, pb::Presence presence, pb::VotingSeat* seat);
absl::Status MaySummon(const pb::Meeting& meeting, const pb::VotingSeat& seat);
absl::Status MayDisqualify(const pb::Meeting& meeting, const pb::AgendaItem& item, const pb::VotingSeat& seat,
                           pb::HolderRole role);
// Takes out what the caller is not shown.
void ShowTo(const Caller& caller, pb::Disqualification* disqualification);

// Who represents a seat on an item, with the basis; without a holder if nobody does.
pb::SeatRepresentation RepresentationOf(const pb::VotingSeat& seat, const pb::AgendaItem& item,
                                        absl::Span<const pb::Disqualification> disqualifications);
// The representations that an advice fixes: those with a holder, with their votes if there was a vote.
absl::StatusOr<std::vector<pb::SeatRepresentation>> Represented(absl::Span<const pb::SeatRepresentation> possible,
                                                                const pb::RecordAdviceRequest& request);

// ---- The agenda ------------------------------------------------------------------------------------

// Who speaks for the council: who keeps its business, and who holds a seat in it. `own_seat_id`: "" if they hold none.
bool HasAVoice(const Caller& caller, std::string_view own_seat_id);
// It is on the agenda of a meeting, and nothing has come of it yet.
bool IsUp(pb::AgendaItemState state);
bool IsSettled(const pb::AgendaItem& item);
absl::Status MayAddItem(const Caller& caller, const pb::Meeting& meeting, const pb::AddAgendaItemRequest& request,
                        std::string_view own_seat_id, std::string_view today);
pb::AgendaItem NewItem(std::string id, const Caller& caller, const pb::Meeting& meeting,
                       const pb::AddAgendaItemRequest& request, std::string_view own_seat_id, int position);
absl::Status MaySchedule(const pb::Meeting& meeting, const pb::AgendaItem& item);
// `agenda`: all items of the meeting.
absl::Status MayDiscuss(const pb::Meeting& meeting, const pb::AgendaItem& item,
                        absl::Span<const pb::AgendaItem> agenda);
absl::Status MayAdvise(const pb::Meeting& meeting, const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda,
                       const pb::RecordAdviceRequest& request);
absl::Status MaySettle(const Caller& caller, const pb::Meeting& meeting, const pb::AgendaItem& item,
                       const pb::SettleAgendaItemRequest& request, std::string_view own_seat_id);
// Whether the caller postpones items to a meeting.
absl::Status MayPostponeTo(const Caller& caller, const pb::Meeting& meeting, std::string_view today);
void ApplySettlement(const pb::SettleAgendaItemRequest& request, pb::AgendaItem* item);
// The item's new self in the meeting to which the caller postponed it.
pb::AgendaItem NewFromPostponed(std::string id, const Caller& caller, const pb::AgendaItem& item, const pb::Meeting& to,
                                int position);
// Whether the papers of the meeting go with an item that was settled. `agenda`: all items of the meeting, as they are
// now.
bool TakesPapersAlong(const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda);

// ---- Minutes ---------------------------------------------------------------------------------------

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

// ---- You said – we did -----------------------------------------------------------------------------

// `unscreened`: suggestions that wait.
absl::Status MayReceive(const pb::Mandate& mandate, int unscreened);
// Who makes a suggestion of their own is told what became of it, and says whether that was it.
absl::Status MaySuggest(const Caller& caller, std::string_view own_seat_id, const pb::AddSuggestionRequest& request);
pb::Suggestion NewSuggestion(std::string id, const Caller& caller, const pb::AddSuggestionRequest& request,
                             std::string_view today);
// Knows no caller.
pb::Suggestion NewAnonymousSuggestion(std::string id, const pb::SubmitAnonymousSuggestionRequest& request,
                                      std::string_view today);
absl::Status MayScreen(const pb::Suggestion& suggestion, const pb::ScreenSuggestionRequest& request);
void ApplyScreening(const pb::ScreenSuggestionRequest& request, pb::Suggestion* suggestion);
// Whether a suggestion is on no agenda, for the first time or again.
bool AwaitsMeeting(pb::SuggestionState state);
absl::Status MayPutOnAgenda(const pb::Suggestion& suggestion);
// `item`: that took the suggestion up, if one has.
absl::Status MayAnswer(const pb::Suggestion& suggestion, const std::optional<pb::AgendaItem>& item,
                       const pb::AnswerSuggestionRequest& request, int open_actions);
void ApplyAnswer(const pb::AnswerSuggestionRequest& request, std::string_view today, pb::Suggestion* suggestion);
absl::Status MayReportBack(const pb::Suggestion& suggestion, int open_actions);
// `proposer_sits`: who made it holds a seat today.
absl::Status MayAnswerReportBack(const Caller& caller, const pb::Suggestion& suggestion, bool proposer_sits);
absl::Status CheckReportBackAnswer(const pb::Suggestion& suggestion, bool confirmed, std::string_view reason);
void ApplyReportBackAnswer(bool confirmed, std::string_view reason, std::string_view today, pb::Suggestion* suggestion);
// A loop is open until it is closed: the suggestion is confirmed, or was turned away.
bool IsClosedLoop(pb::SuggestionState state);
// Takes out what the caller is not shown.
void ShowTo(const Caller& caller, pb::Suggestion* suggestion);

// ---- Actions ---------------------------------------------------------------------------------------

bool IsOpen(const pb::Action& action);
// `suggestion`: that it is for, or that its item took up, if there is one. `item`: that it is for, or that took the
// suggestion up.
absl::Status MayCreateAction(const pb::Mandate& mandate, const pb::CreateActionRequest& request,
                             const std::optional<pb::AgendaItem>& item, const std::optional<pb::Suggestion>& suggestion,
                             std::string_view today);
absl::Status MayUpdateAction(const pb::Action& action, const pb::UpdateActionRequest& request, std::string_view today);
// What the owner said. False if it changes nothing.
bool ApplyProgress(common::v1::AssignedActionState state, std::string_view today, pb::Action* action);
// Where its actions have brought a suggestion: IN_PROGRESS or DONE, or where it was. Never further. `actions`: of all
// its rounds.
pb::SuggestionState StateAfterProgress(const pb::Suggestion& suggestion, absl::Span<const pb::Action> actions);

// ---- Figures, indicators, fees ---------------------------------------------------------------------

// What was missed in a month counts as one set of figures, made so many days after its end. An owner that was
// down tells late: a week outlasts a weekend and a repair, and the next meeting is farther away than that.
inline constexpr int kMonthGraceDays = 7;
// The first day of a date's month, which names the month.
std::string MonthOf(std::string_view date);
// The last day of a month, and the last of the days of grace after it.
std::string LastDayOf(std::string_view month);
std::string MonthClosesOn(std::string_view month);
// The source_id of the missed deadlines of a month: a UUID, the same each time.
std::string MissedDeadlinesId(std::string_view month);
// `counts`: by the name of the kind.
pb::FigureSet MissedDeadlineFigures(std::string_view source, std::string_view month,
                                    absl::Span<const std::pair<std::string, int64_t>> counts);
// The threshold while there is no mandate to name one: that of Sandnes, and of every service's contract.
inline constexpr int kCellMin = 5;
int CellMin(const std::optional<pb::Mandate>& mandate);
// Suppresses what counts fewer than `cell_min`, whatever its publisher let through, and what is told of so few.
void Suppress(int cell_min, pb::FigureSet* set);
absl::Status MayRecordIndicator(const std::optional<pb::Indicator>& known, const pb::RecordIndicatorRequest& request);
void ApplyIndicator(const pb::RecordIndicatorRequest& request, pb::Indicator* indicator);
// `seat`: on which the person was entitled at that meeting, if they were. `claimed`: they have a claim for it.
absl::Status MayClaimFee(std::string_view person_ref, const pb::Meeting& meeting,
                         const std::optional<pb::VotingSeat>& seat, const pb::Mandate& mandate,
                         const pb::SubmitFeeClaimRequest& request, bool claimed);
absl::Status MayDecideFeeClaim(const pb::FeeClaim& claim, const pb::DecideFeeClaimRequest& request);
// Takes out what the caller is not shown.
void ShowTo(const Caller& caller, pb::FeeClaim* claim);

}  // namespace mestring::council
