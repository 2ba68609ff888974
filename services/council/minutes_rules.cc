#include "services/council/minutes_rules.h"

// The rules of minutes, and the document itself.
//
// Minutes contain only what was recorded: who was there and for whom, what the council advised and with which votes,
// what it postponed and why. So two versions differ only where the record differs, and the text can be made again at
// any time. A template language was rejected: the document has one form, and that form is a rule (Nesset: "X for Y").
//
// The words around the record come from the mandate. They are labels, and words that stand before or between recorded
// values, so no language has to inflect them. Sentences with holes were rejected: a hole needs grammar, and each
// language has another.
//
// All text is escaped: it cannot make headings, lists, tables or markup of its own in the document.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "services/council/agenda_rules.h"
#include "services/council/attendance_rules.h"

namespace mestring::council {
namespace {

// Escapes text for one paragraph of Markdown, or a part of one. Only the beginning of a paragraph can make a list, a
// rule or a code block of it: "- ", "+ ", "1. ", "1) ", "---", four spaces.
std::string Escaped(std::string_view text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  std::string escaped;
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view marks = digits == 0 ? "-+" : ".)";
  if (digits < text.size() && marks.find(text[digits]) != std::string_view::npos) {
    absl::StrAppend(&escaped, text.substr(0, digits), "\\", text.substr(digits, 1));
    text.remove_prefix(digits + 1);
  }
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

pb::MinutesWords Escaped(pb::MinutesWords words) {
  for (int i = 0; i < words.GetDescriptor()->field_count(); ++i) {
    const auto* word = words.GetDescriptor()->field(i);
    words.GetReflection()->SetString(&words, word, Escaped(words.GetReflection()->GetString(words, word)));
  }
  return words;
}

void Paragraph(std::string_view text, std::string* out) {
  if (!text.empty()) absl::StrAppend(out, text, "\n\n");
}

// Appends "**label:** text", unless the text is empty.
void Labelled(std::string_view label, std::string_view text, std::string* out) {
  if (!text.empty()) Paragraph(absl::StrCat("**", label, ":** ", text), out);
}

void List(std::string_view label, const std::vector<std::string>& names, std::string* out) {
  if (!names.empty()) Labelled(label, absl::StrCat(absl::StrJoin(names, "; "), "."), out);
}

std::string NameWithSeat(std::string_view name, const pb::VotingSeat& seat) {
  return absl::StrCat(Escaped(name), " (", Escaped(seat.seat_name()), ")");
}

// [B7] "Deputies who met: X met for Y" (Nesset). Excused and absent differ (opengever.core#2180).
void AppendAttendance(const Proceedings& proceedings, const pb::MinutesWords& words, std::string* out) {
  std::vector<std::string> present, deputies, observers, excused, absent, empty;
  for (const pb::VotingSeat& seat : proceedings.seats) {
    const bool acted = std::any_of(
        proceedings.representations.begin(), proceedings.representations.end(),
        [&](const pb::SeatRepresentation& e) { return !e.holder_id().empty() && e.holder_id() == seat.deputy_id(); });
    if (seat.principal_id().empty() && seat.deputy_id().empty()) empty.push_back(Escaped(seat.seat_name()));
    if (WasThere(seat.principal_presence())) present.push_back(NameWithSeat(seat.principal_name(), seat));
    if (seat.principal_presence() == pb::PRESENCE_EXCUSED) excused.push_back(NameWithSeat(seat.principal_name(), seat));
    if (seat.principal_presence() == pb::PRESENCE_ABSENT) absent.push_back(NameWithSeat(seat.principal_name(), seat));
    if (seat.deputy_presence() == pb::PRESENCE_EXCUSED) excused.push_back(NameWithSeat(seat.deputy_name(), seat));
    if (!WasThere(seat.deputy_presence())) continue;
    const bool for_principal = seat.deputy_summoned() && !WasThere(seat.principal_presence());
    if (for_principal || acted) {
      const std::string whom =
          seat.principal_name().empty() ? Escaped(seat.seat_name()) : NameWithSeat(seat.principal_name(), seat);
      deputies.push_back(absl::StrCat(Escaped(seat.deputy_name()), " ", words.met_for(), " ", whom));
    } else {
      observers.push_back(NameWithSeat(seat.deputy_name(), seat));
    }
  }
  List(words.present(), present, out);
  List(words.deputies(), deputies, out);
  List(words.observers(), observers, out);
  List(words.excused(), excused, out);
  List(words.absent(), absent, out);
  List(words.vacant_seats(), empty, out);
}

void AppendPapers(const std::vector<pb::FigureSet>& papers, const pb::MinutesWords& words, std::string* out) {
  if (papers.empty()) return;
  absl::StrAppend(out, "## ", words.figures(), "\n\n");
  for (const pb::FigureSet& set : papers) {
    const std::string period =
        set.from_date().empty() ? set.to_date() : absl::StrCat(set.from_date(), " – ", set.to_date());
    absl::StrAppend(out, set.source(), ", ", period, ", ", words.received(), " ", set.receive_date(), ":\n\n");
    // A list, not a table: CommonMark has no tables, and a list reads well as it is.
    for (const common::v1::Figure& figure : set.figures()) {
      absl::StrAppend(out, "- ", Escaped(figure.code()), ": ",
                      figure.suppressed() ? words.suppressed() : absl::StrCat(figure.value()), "\n");
    }
    absl::StrAppend(out, "\n");
  }
}

// "for 5, against 1, blank 0", or "" if the council did not vote.
std::string VotesOn(const pb::AgendaItem& item, const std::vector<pb::SeatRepresentation>& representations,
                    const pb::MinutesWords& words) {
  std::map<pb::Vote, int> votes;
  for (const pb::SeatRepresentation& representation : representations) {
    if (representation.agenda_item_id() == item.id() && representation.vote() != pb::VOTE_UNSPECIFIED)
      ++votes[representation.vote()];
  }
  if (votes.empty()) return "";
  return absl::StrCat(words.votes_for(), " ", votes[pb::VOTE_FOR], ", ", words.votes_against(), " ",
                      votes[pb::VOTE_AGAINST], ", ", words.votes_blank(), " ", votes[pb::VOTE_BLANK]);
}

void AppendDisqualifications(const Proceedings& proceedings, const pb::AgendaItem& item, const pb::MinutesWords& words,
                             std::string* out) {
  for (const pb::Disqualification& each : proceedings.disqualifications) {
    if (each.agenda_item_id() != item.id()) continue;
    for (const pb::VotingSeat& seat : proceedings.seats) {
      if (seat.seat_id() != each.seat_id()) continue;
      const std::string& who = each.role() == pb::HOLDER_ROLE_PRINCIPAL ? seat.principal_name() : seat.deputy_name();
      List(words.disqualified(), {NameWithSeat(who, seat)}, out);
      for (const pb::SeatRepresentation& representation : proceedings.representations) {
        if (representation.agenda_item_id() == item.id() && representation.seat_id() == seat.seat_id() &&
            representation.basis() == pb::REPRESENTATION_BASIS_DISQUALIFICATION) {
          List(words.took_seat(), {Escaped(representation.holder_name())}, out);
        }
      }
    }
  }
}

const std::string& OutcomeOf(const pb::AgendaItem& item, const pb::MinutesWords& words) {
  switch (item.state()) {
    case pb::AGENDA_ITEM_STATE_POSTPONED:
      return words.postponed();
    case pb::AGENDA_ITEM_STATE_REFERRED_OUT:
      return words.referred_out();
    case pb::AGENDA_ITEM_STATE_WITHDRAWN:
      return words.withdrawn();
    default:
      return words.undecided();
  }
}

void AppendItem(const Proceedings& proceedings, const pb::AgendaItem& item, int number, const pb::MinutesWords& words,
                std::string* out) {
  absl::StrAppend(out, "### ", number, ". ", Escaped(item.title()), "\n\n");
  Labelled(words.added(), Escaped(item.addition_decision()), out);
  Paragraph(Escaped(item.text()), out);
  AppendDisqualifications(proceedings, item, words, out);
  Labelled(words.discussion(), Escaped(item.discussion()), out);
  if (item.state() == pb::AGENDA_ITEM_STATE_ADVISED) {
    Labelled(words.advice(), Escaped(item.advice()), out);
    Labelled(words.votes(), VotesOn(item, proceedings.representations, words), out);
  } else if (item.reason().empty()) {
    Paragraph(absl::StrCat("**", OutcomeOf(item, words), ".**"), out);
  } else {
    Labelled(OutcomeOf(item, words), Escaped(item.reason()), out);
  }
  for (const pb::AdviceRevision& revision : proceedings.revisions) {
    if (revision.agenda_item_id() != item.id()) continue;
    Labelled(absl::StrCat(words.earlier_advice(), " (", revision.revision(), ")"), Escaped(revision.advice()), out);
  }
}

}  // namespace

// ---- Minutes ---------------------------------------------------------------------------------------

// [X3] A council reads its minutes in its own language, so the words are data of the mandate. English fills what it
// leaves empty.
pb::MinutesWords WordsOf(const pb::Mandate& mandate) {
  pb::MinutesWords words;
  words.set_title("Minutes of the experience council");
  words.set_ordinary_meeting("Ordinary meeting");
  words.set_extraordinary_meeting("Extraordinary meeting");
  words.set_called_on("Called on");
  words.set_version("Version");
  words.set_correction("Corrects an earlier version");
  words.set_reopened("The record was reopened");
  words.set_attendance("Who was there");
  words.set_present("Present");
  words.set_deputies("Deputies who met");
  words.set_met_for("for");
  words.set_observers("Observers");
  words.set_excused("Excused");
  words.set_absent("Absent");
  words.set_vacant_seats("Vacant seats");
  words.set_figures("Figures from the services");
  words.set_received("received");
  words.set_suppressed("too few to show");
  words.set_items("Items");
  words.set_approval_of("Approval of the minutes of");
  words.set_approved("The minutes are approved.");
  words.set_added("Taken up after the opening, because the council decided");
  words.set_disqualified("Found disqualified");
  words.set_took_seat("Took the seat");
  words.set_discussion("Discussion");
  words.set_advice("Advice");
  words.set_votes("Votes");
  words.set_votes_for("for");
  words.set_votes_against("against");
  words.set_votes_blank("blank");
  words.set_postponed("Postponed");
  words.set_referred_out("Referred out");
  words.set_withdrawn("Withdrawn");
  words.set_undecided("Undecided");
  words.set_earlier_advice("Put right; until then it said");
  words.MergeFrom(mandate.minutes_words());  // takes those that are not empty
  return words;
}

// [C11] A correction is a new version that says what it corrects. Nobody changes a version that somebody has already
// (opengever.core#3405).
absl::Status MayWriteMinutes(const pb::Meeting& meeting, const std::optional<pb::Minutes>& newest,
                             std::string_view correction) {
  if (!WasHeld(meeting.state())) {
    return WrongState(meeting.state(), "end the sitting before you write its minutes");
  }
  if (newest && newest->state() != pb::MINUTES_STATE_DRAFT && correction.empty()) {
    return Refused("REASON_REQUIRED", "the minutes were sent already; say in correction what the new version corrects");
  }
  return absl::OkStatus();
}

absl::Status MaySendMinutes(const pb::Minutes& minutes) {
  return minutes.state() == pb::MINUTES_STATE_DRAFT
             ? absl::OkStatus()
             : WrongState(minutes.state(), "only a draft can be sent; write a new version first");
}

// [C11] "approval is first item of next meeting": of the meeting that is held next, whichever notice was sent first.
bool ApprovesBefore(const pb::Meeting& meeting, const pb::Meeting& other) {
  return NotBegun(other) && meeting.meeting_date() < other.meeting_date();
}

// [C11] Minutes are approved once, at another meeting, and only while the record of their own meeting is final. A
// correction of approved minutes is sent to the members and changes no approval.
absl::Status MayApproveMinutes(const pb::Minutes& minutes, const pb::Meeting& of, bool approved,
                               const pb::Meeting& meeting, const pb::AgendaItem& item) {
  if (minutes.state() != pb::MINUTES_STATE_SENT) {
    return WrongState(minutes.state(), "only the version of the minutes that was sent last can be approved");
  }
  if (approved) return Refused("MINUTES_APPROVED", "the minutes of that meeting are approved already");
  if (of.state() != pb::MEETING_STATE_FINALISED)
    return WrongState(of.state(), "finalise the meeting of these minutes first");
  if (meeting.state() != pb::MEETING_STATE_OPEN)
    return WrongState(meeting.state(), "approve minutes in an open meeting");
  if (IsSettled(item)) return WrongState(item.state(), "the item of the approval is settled already");
  return absl::OkStatus();
}

// Only those who keep the council see a draft, and services, which read its state after the event.
absl::Status MaySee(const Caller& caller, const pb::Minutes& minutes) {
  const bool was_sent = minutes.state() != pb::MINUTES_STATE_DRAFT && !minutes.sent_date().empty();
  if (minutes.state() == pb::MINUTES_STATE_APPROVED || KeepsCouncil(caller) || IsSubscriber(caller) ||
      (WorksWithCouncil(caller) && was_sent)) {
    return absl::OkStatus();
  }
  return NotFound("minutes");
}

std::string MinutesText(const Proceedings& proceedings, const pb::WriteMinutesRequest& request, int version) {
  const pb::Meeting& meeting = proceedings.meeting;
  const pb::MinutesWords words = Escaped(WordsOf(proceedings.mandate));
  const bool ordinary = meeting.kind() == pb::MEETING_KIND_ORDINARY;
  std::string out = absl::StrCat("# ", words.title(), ": ", Escaped(meeting.theme()), "\n\n");
  Paragraph(absl::StrCat(ordinary ? words.ordinary_meeting() : words.extraordinary_meeting(), ", ",
                         meeting.meeting_date(), " ", Escaped(meeting.start_time()), ", ", Escaped(meeting.place()),
                         ". ", words.called_on(), " ", meeting.call_date(), ". ", words.version(), " ", version, "."),
            &out);
  Labelled(words.correction(), Escaped(request.correction()), &out);
  if (meeting.times_reopened() > 0) Labelled(words.reopened(), Escaped(meeting.reason()), &out);
  Paragraph(Escaped(request.remarks()), &out);
  absl::StrAppend(&out, "## ", words.attendance(), "\n\n");
  AppendAttendance(proceedings, words, &out);
  AppendPapers(proceedings.papers, words, &out);
  absl::StrAppend(&out, "## ", words.items(), "\n\n");
  int number = 0;
  for (const pb::AgendaItem& item : proceedings.agenda) {
    // A proposed item that is not settled yet was never on the agenda.
    if (item.state() != pb::AGENDA_ITEM_STATE_PROPOSED) AppendItem(proceedings, item, ++number, words, &out);
  }
  return out;
}

}  // namespace mestring::council
