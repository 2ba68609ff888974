// What the use cases of the council share: tables, questions to many rows, and the changes that one case
// makes to another (an item is settled, a suggestion waits again).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/records.h"
#include "common/subscription.h"
#include "mestring/council/v1/council.pb.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/council_rules.h"

namespace mestring {

MESTRING_TABLE(council::v1::Mandate, "mandates", "mandate");
MESTRING_TABLE(council::v1::CodeList, "code_lists", "code list");
MESTRING_TABLE(council::v1::Seat, "seats", "seat");
MESTRING_TABLE(council::v1::SeatHolder, "seat_holders", "term");
MESTRING_TABLE(council::v1::YearWheel, "year_wheels", "year wheel");
MESTRING_TABLE(council::v1::Meeting, "meetings", "meeting");
MESTRING_TABLE(council::v1::EntitledSeat, "entitled_seats", "entitled seat");
MESTRING_TABLE(council::v1::Apology, "apologies", "apology");
MESTRING_TABLE(council::v1::Summons, "summonses", "summons");
MESTRING_TABLE(council::v1::AgendaItem, "agenda_items", "agenda item");
MESTRING_TABLE(council::v1::Disqualification, "disqualifications", "disqualification");
MESTRING_TABLE(council::v1::SeatExercise, "seat_exercises", "exercise of a seat");
MESTRING_TABLE(council::v1::AdviceRevision, "advice_revisions", "revision");
MESTRING_TABLE(council::v1::Minutes, "minutes", "minutes");
MESTRING_TABLE(council::v1::Suggestion, "suggestions", "suggestion");
MESTRING_TABLE(council::v1::Action, "actions", "action");
MESTRING_TABLE(council::v1::FigureSet, "figure_sets", "figures");
MESTRING_TABLE(council::v1::Indicator, "indicators", "indicator");
MESTRING_TABLE(council::v1::FeeClaim, "fee_claims", "fee claim");

namespace council {

// ---- Clocks: the kinds of timers, each for the id of its subject -----------------------------------

inline constexpr std::string_view kTermTimer = "term";
inline constexpr std::string_view kActionTimer = "action_due";
inline constexpr std::string_view kStaleTimer = "loop_stale";
// Of a meeting.
inline constexpr std::string_view kNoticeTimer = "notice_by", kMinutesTimer = "minutes_by";
// For the first day of a month whose missed deadlines are counted; the second one if the first was late.
inline constexpr std::string_view kMonthTimer = "month_over";
inline constexpr std::string_view kMonthHeardTimer = "month_heard";

// ---- Services that the council hears ---------------------------------------------------------------

inline constexpr std::string_view kHousing = "housing", kActivities = "activities", kPeerSupport = "peer_support";

// ---- Loads -----------------------------------------------------------------------------------------

// MANDATE_MISSING if nobody has set one.
absl::StatusOr<pb::Mandate> CurrentMandate(Tx& tx);
// UNKNOWN_CODE unless it is in the list in force; where there is none, any code is taken.
absl::Status CheckCode(Tx& tx, pb::CodeListKind kind, std::string_view code);
absl::StatusOr<Holders> HoldersOf(Tx& tx, std::string_view seat_id);
// Those in force.
absl::StatusOr<std::vector<pb::Apology>> ApologiesOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id);
// The seat that a person, or the caller, holds today in either role, "" if none.
absl::StatusOr<std::string> SeatOf(Tx& tx, std::string_view person_ref);
absl::StatusOr<std::string> OwnSeat(Tx& tx, const Caller& caller);
absl::StatusOr<std::vector<pb::AgendaItem>> AgendaOf(Tx& tx, std::string_view meeting_id);
absl::StatusOr<std::vector<pb::EntitledSeat>> SeatsOf(Tx& tx, std::string_view meeting_id);
// NOT_ENTITLED if the meeting was opened without it.
absl::StatusOr<pb::EntitledSeat> EntitledSeatOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id);
absl::StatusOr<std::optional<pb::Minutes>> NewestMinutes(Tx& tx, std::string_view meeting_id);
absl::StatusOr<bool> HasApprovedMinutes(Tx& tx, std::string_view meeting_id);
// Of the meetings that wait for their minutes, those whose members have a version.
absl::StatusOr<std::set<std::string>> MeetingsWithMinutes(Tx& tx);
absl::StatusOr<std::vector<pb::Action>> ActionsOf(Tx& tx, std::string_view suggestion_id);
int OpenAmong(const std::vector<pb::Action>& actions);
// The digest by which a claim code is known.
std::string ClaimDigest(std::string_view claim_code);

// ---- Deadlines (clocks.cc) -------------------------------------------------------------------------

// Sets the clock of a meeting's notice while it is only planned, and stops it afterwards. A day that has passed
// already gets none: whoever plans a meeting for so soon, or moves it there, knows.
absl::Status ClockNotice(Tx& tx, const pb::Meeting& meeting);
// Sets the clock of its minutes, from its opening on.
absl::Status ClockMinutes(Tx& tx, const pb::Meeting& meeting);

// ---- Figures (figures.cc) --------------------------------------------------------------------------

// Subscribes to what `owner` publishes of figures.
void HearFigures(Subscription& subscription, std::string_view owner);
// Registers how far the actions that a service owns are (actions.cc).
void HearProgress(Subscription& subscription, std::string_view owner);
// Timers: a month is over, and what was missed in it becomes a set of figures.
absl::Status OnMonthOver(Tx& tx, std::string_view month, absl::Time due);
absl::Status MakeMissedDeadlineFigures(Tx& tx, std::string_view month, absl::Time due);

// ---- What one case does to another -----------------------------------------------------------------

// Where the next item of a meeting goes.
absl::StatusOr<int> NextPosition(Tx& tx, std::string_view meeting_id);
// Saves a new item and tells of it.
absl::Status AddItem(Tx& tx, pb::AgendaItem* item);
// Saves an item at its place in an agenda and tells of it; `former_meeting_id`: whose agenda it leaves, if another's.
absl::Status SavePlaced(Tx& tx, pb::AgendaItem* item, std::string_view former_meeting_id = "");
// Saves a settled item and tells of it; a suggestion that it took up and did not advise on waits again, which is told.
// `event` names what came with it.
absl::Status SettleItem(Tx& tx, pb::AgendaItem* item, pb::AgendaItemSettled event = {});
// Minutes of earlier meetings that wait for approval become the first items, and figures that lie on no
// agenda yet become the papers of this meeting. (C11)
absl::Status PrepareAgenda(Tx& tx, const pb::Meeting& meeting);
// Makes figures a paper of a meeting, or of none, and tells of it.
absl::Status PlaceFigures(Tx& tx, std::string_view meeting_id, pb::FigureSet* set);
// Gives the papers of a meeting to another, or to the next that is called ("").
absl::Status MovePapers(Tx& tx, std::string_view from_meeting_id, std::string_view to_meeting_id);
// Ends a term and tells that the role is vacant. ReviewSummonses comes after it, when all has changed that changes.
absl::Status EndHolder(Tx& tx, std::string_view reason_code, pb::SeatHolder* holder);
// Saves a summons and tells the deputy.
absl::StatusOr<pb::Summons> Summon(Tx& tx, std::string_view meeting_id, const pb::EntitledSeat& deputy_of,
                                   pb::SummonsCause cause, std::string_view agenda_item_id);
// Saves that a summons holds no more and tells the deputy.
absl::Status VoidSummons(Tx& tx, pb::Summons* summons);
// Before the opening: summons the deputy if the seat is theirs as things are now (C3), and they do not know already.
absl::StatusOr<std::optional<pb::Summons>> SummonIfNeeded(Tx& tx, const pb::Meeting& meeting, const pb::Seat& seat);
// When who holds the seat has changed: for every meeting that is called, voids the summonses that do not hold any more,
// and summons the deputy if the seat is theirs now. Meetings that have begun keep theirs (C6).
absl::Status ReviewSummonses(Tx& tx, std::string_view seat_id);

}  // namespace council
}  // namespace mestring
