#include "services/council/council_rules.h"

// The rules of minutes, and the document itself.
//
// Minutes are written from what was recorded and from nothing else: who was there and for whom, what was
// advised and with which votes, what was postponed and why. So two versions differ only where the record
// differs, and the text can be generated again at any time. A template language was rejected: the document
// has one form, and its form is a rule (Nesset: "X for Y").
//
// Words of people are escaped: they cannot make headings, tables or markup of their own in the document.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/errors.h"

namespace mestring::council {
namespace {

// Words as one paragraph of Markdown.
std::string Words(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += ' ';
      continue;
    }
    if (std::string_view("\\`*_{}[]<>#|~").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

void Paragraph(std::string_view text, std::string* out) {
  if (!text.empty()) absl::StrAppend(out, text, "\n\n");
}

// "**Advice:** words", if there are any.
void Labelled(std::string_view label, std::string_view words, std::string* out) {
  if (!words.empty()) Paragraph(absl::StrCat("**", label, ":** ", Words(words)), out);
}

void List(std::string_view label, const std::vector<std::string>& names, std::string* out) {
  if (!names.empty()) Paragraph(absl::StrCat("**", label, ":** ", absl::StrJoin(names, "; "), "."), out);
}

std::string NameWithSeat(std::string_view name, const pb::EntitledSeat& seat) {
  return absl::StrCat(Words(name), " (", Words(seat.seat_name()), ")");
}

bool WasThere(pb::Presence presence) { return presence == pb::PRESENCE_PRESENT || presence == pb::PRESENCE_LEFT; }

// [B7] "Deputies who met: X met for Y" (Nesset). [C4] Excused and absent are told apart (opengever.core#2180).
void AppendAttendance(const Proceedings& proceedings, std::string* out) {
  std::vector<std::string> present, deputies, observers, excused, absent, empty;
  for (const pb::EntitledSeat& seat : proceedings.seats) {
    const bool acted = std::any_of(
        proceedings.exercises.begin(), proceedings.exercises.end(),
        [&](const pb::SeatExercise& e) { return !e.holder_id().empty() && e.holder_id() == seat.deputy_id(); });
    if (seat.principal_id().empty() && seat.deputy_id().empty()) empty.push_back(Words(seat.seat_name()));
    if (WasThere(seat.principal_presence())) present.push_back(NameWithSeat(seat.principal_name(), seat));
    if (seat.principal_presence() == pb::PRESENCE_EXCUSED) excused.push_back(NameWithSeat(seat.principal_name(), seat));
    if (seat.principal_presence() == pb::PRESENCE_ABSENT) absent.push_back(NameWithSeat(seat.principal_name(), seat));
    if (seat.deputy_presence() == pb::PRESENCE_EXCUSED) excused.push_back(NameWithSeat(seat.deputy_name(), seat));
    if (!WasThere(seat.deputy_presence())) continue;
    const bool for_principal = seat.deputy_summoned() && !WasThere(seat.principal_presence());
    if (for_principal || acted) {
      const std::string whom = seat.principal_name().empty()
                                   ? absl::StrCat("a vacant seat (", Words(seat.seat_name()), ")")
                                   : NameWithSeat(seat.principal_name(), seat);
      deputies.push_back(absl::StrCat(Words(seat.deputy_name()), " for ", whom));
    } else {
      observers.push_back(NameWithSeat(seat.deputy_name(), seat));
    }
  }
  List("Present", present, out);
  List("Deputies who met", deputies, out);
  List("Observers", observers, out);
  List("Excused", excused, out);
  List("Absent", absent, out);
  List("Vacant seats", empty, out);
}

void AppendPapers(const std::vector<pb::FigureSet>& papers, std::string* out) {
  if (papers.empty()) return;
  absl::StrAppend(out, "## Figures\n\n");
  for (const pb::FigureSet& set : papers) {
    const std::string period =
        set.from_date().empty() ? set.to_date() : absl::StrCat(set.from_date(), " to ", set.to_date());
    absl::StrAppend(out, "From ", set.source(), ", ", period, ", received ", set.receive_date(), ":\n\n");
    // A list, not a table: CommonMark has no tables, and a list reads well as it is.
    for (const common::v1::Figure& figure : set.figures()) {
      absl::StrAppend(out, "- ", Words(figure.code()), ": ",
                      figure.suppressed() ? "too few to show" : absl::StrCat(figure.value()), "\n");
    }
    absl::StrAppend(out, "\n");
  }
}

// "for 5, against 1, blank 0", or nothing if no vote was taken.
std::string VotesOn(const pb::AgendaItem& item, const std::vector<pb::SeatExercise>& exercises) {
  std::map<pb::Vote, int> votes;
  for (const pb::SeatExercise& exercise : exercises) {
    if (exercise.agenda_item_id() == item.id() && exercise.vote() != pb::VOTE_UNSPECIFIED) ++votes[exercise.vote()];
  }
  if (votes.empty()) return "";
  return absl::StrCat("for ", votes[pb::VOTE_FOR], ", against ", votes[pb::VOTE_AGAINST], ", blank ",
                      votes[pb::VOTE_BLANK]);
}

void AppendDisqualifications(const Proceedings& proceedings, const pb::AgendaItem& item, std::string* out) {
  for (const pb::Disqualification& each : proceedings.disqualifications) {
    if (each.agenda_item_id() != item.id()) continue;
    for (const pb::EntitledSeat& seat : proceedings.seats) {
      if (seat.seat_id() != each.seat_id()) continue;
      const std::string& who = each.role() == pb::HOLDER_ROLE_PRINCIPAL ? seat.principal_name() : seat.deputy_name();
      std::string sentence = absl::StrCat(NameWithSeat(who, seat), " was found disqualified");
      for (const pb::SeatExercise& exercise : proceedings.exercises) {
        if (exercise.agenda_item_id() == item.id() && exercise.seat_id() == seat.seat_id() &&
            exercise.basis() == pb::EXERCISE_BASIS_DISQUALIFICATION) {
          absl::StrAppend(&sentence, "; ", Words(exercise.holder_name()), " took the seat");
        }
      }
      Paragraph(absl::StrCat(sentence, "."), out);
    }
  }
}

std::string_view OutcomeOf(const pb::AgendaItem& item) {
  switch (item.state()) {
    case pb::AGENDA_ITEM_STATE_POSTPONED:
      return "Postponed";
    case pb::AGENDA_ITEM_STATE_REFERRED_OUT:
      return "Referred out";
    case pb::AGENDA_ITEM_STATE_WITHDRAWN:
      return "Withdrawn";
    default:
      return "Undecided";
  }
}

void AppendItem(const Proceedings& proceedings, const pb::AgendaItem& item, int number, std::string* out) {
  absl::StrAppend(out, "### ", number, ". ", Words(item.title()), "\n\n");
  Labelled("Taken up after the opening, because the council decided", item.addition_decision(), out);
  Paragraph(Words(item.text()), out);
  AppendDisqualifications(proceedings, item, out);
  Labelled("Discussion", item.discussion(), out);
  if (item.state() == pb::AGENDA_ITEM_STATE_ADVISED) {
    Labelled("Advice", item.advice(), out);
    Labelled("Votes", VotesOn(item, proceedings.exercises), out);
  } else {
    Labelled(OutcomeOf(item), item.reason().empty() ? "no reason recorded" : item.reason(), out);
  }
  for (const pb::AdviceRevision& revision : proceedings.revisions) {
    if (revision.agenda_item_id() != item.id()) continue;
    Labelled(absl::StrCat("Put right; until then it said (", revision.revision(), ")"), revision.advice(), out);
  }
}

}  // namespace

// ---- Minutes ---------------------------------------------------------------------------------------

// [C11] Corrections are new versions, and say what they correct; what somebody holds in their hands already
// is never replaced in silence (opengever.core#3405).
absl::Status MayWriteMinutes(const pb::Meeting& meeting, const std::optional<pb::Minutes>& newest,
                             std::string_view correction) {
  if (meeting.state() != pb::MEETING_STATE_HELD && meeting.state() != pb::MEETING_STATE_CLOSED &&
      meeting.state() != pb::MEETING_STATE_REOPENED) {
    return WrongState(meeting.state(), "minutes are written when the meeting was held");
  }
  if (newest && newest->state() != pb::MINUTES_STATE_DRAFT && correction.empty()) {
    return Refused("REASON_REQUIRED", "these minutes are sent already: say what the new version corrects");
  }
  return absl::OkStatus();
}

absl::Status MaySendMinutes(const pb::Minutes& minutes) {
  return minutes.state() == pb::MINUTES_STATE_DRAFT ? absl::OkStatus()
                                                    : WrongState(minutes.state(), "only a draft is sent");
}

// [C11] Once, at a later meeting; and not while the record of the meeting is put right.
absl::Status MayApproveMinutes(const pb::Minutes& minutes, const pb::Meeting& of, const pb::Meeting& meeting,
                               const pb::AgendaItem& item) {
  if (minutes.state() != pb::MINUTES_STATE_SENT) {
    return WrongState(minutes.state(), "only minutes that were sent are approved");
  }
  if (of.state() != pb::MEETING_STATE_CLOSED) return WrongState(of.state(), "the record of that meeting is not closed");
  if (meeting.state() != pb::MEETING_STATE_OPEN) return WrongState(meeting.state(), "an open meeting approves minutes");
  if (IsSettled(item)) return WrongState(item.state(), "the approval is settled");
  return absl::OkStatus();
}

// A draft is the secretary's; a service is told of it, and so it can read what state it is in.
bool MaySee(const Caller& caller, const pb::Minutes& minutes) {
  if (minutes.state() == pb::MINUTES_STATE_APPROVED || KeepsCouncil(caller) || IsSubscriber(caller)) return true;
  return WorksWithCouncil(caller) && minutes.state() != pb::MINUTES_STATE_DRAFT && !minutes.sent_date().empty();
}

std::string MinutesText(const Proceedings& proceedings, const pb::WriteMinutesRequest& request, int version) {
  const pb::Meeting& meeting = proceedings.meeting;
  const bool ordinary = meeting.kind() == pb::MEETING_KIND_ORDINARY;
  std::string out = absl::StrCat("# Minutes of the experience council: ", Words(meeting.theme()), "\n\n");
  Paragraph(absl::StrCat(ordinary ? "Ordinary" : "Extraordinary", " meeting, ", meeting.meeting_date(), " at ",
                         Words(meeting.start_time()), ", ", Words(meeting.place()), ". Called on ", meeting.call_date(),
                         ". Version ", version, "."),
            &out);
  Labelled("Corrects an earlier version", request.correction(), &out);
  if (meeting.times_reopened() > 0) Labelled("The record was reopened", meeting.reason(), &out);
  Paragraph(Words(request.remarks()), &out);
  absl::StrAppend(&out, "## Who was there\n\n");
  AppendAttendance(proceedings, &out);
  AppendPapers(proceedings.papers, &out);
  absl::StrAppend(&out, "## Items\n\n");
  int number = 0;
  for (const pb::AgendaItem& item : proceedings.agenda) {
    // What was only proposed, and settled before it came on the agenda, is no item of the meeting.
    if (item.state() != pb::AGENDA_ITEM_STATE_PROPOSED) AppendItem(proceedings, item, ++number, &out);
  }
  return out;
}

}  // namespace mestring::council
