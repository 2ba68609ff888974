#include "tests/council/town.h"

// Every step goes through the real stub, so that what a test stands on was done by the same RPCs as in
// life. A step that fails ends the test program: nothing after it would mean anything.

#include <set>

#include "absl/strings/escaping.h"
#include "common/base/clock.h"

namespace mestring::council {

Who Secretary() { return {{access::v1::ROLE_COUNCIL_SECRETARY}, "", ""}; }
Who Member(std::string person_ref) { return {{access::v1::ROLE_COUNCIL_MEMBER}, std::move(person_ref), ""}; }
Who Passer() { return Resident(SomePerson()); }
Who Subscriber() { return {{access::v1::ROLE_SERVICE}, "", ""}; }

pb::Mandate TestMandate() {
  pb::Mandate mandate;
  mandate.set_notice_days(21);
  mandate.set_extraordinary_notice_days(7);
  mandate.set_input_days(7);
  mandate.set_minutes_days(7);
  mandate.set_term_months(24);
  mandate.set_ordinary_meetings(4);
  mandate.set_stale_days(90);
  mandate.set_cell_min(5);
  mandate.set_meeting_fee_ore(60000);
  mandate.set_expense_max_ore(50000);
  mandate.set_box_max(10);
  mandate.set_meeting_minutes(120);
  for (const auto& [kind, seats] : {std::pair(pb::SEAT_KIND_UNIT_LEADER, 1), std::pair(pb::SEAT_KIND_DEPARTMENT, 2)}) {
    pb::SeatLimit* limit = mandate.add_seat_limits();
    limit->set_kind(kind);
    limit->set_seats(seats);
  }
  for (const char* owner : {"housing", "activities", "peer_support"}) mandate.add_action_owners(owner);
  return mandate;
}

Town::Town(std::string_view engine, std::function<void(Config&)> adjust)
    : RunningTown(CouncilDefinition(), engine, std::move(adjust)) {
  pb::SetMandateRequest mandate;
  *mandate.mutable_mandate() = TestMandate();
  Must(Call(&Stub::SetMandate, UnitLeader(), mandate));
  const auto seat = [&](pb::SeatKind kind, std::string organisation, std::string name, std::string principal,
                        std::string deputy) {
    TestSeat made{Registered(kind, std::move(organisation), name).id(), SomePerson(), SomePerson(), "", ""};
    made.principal_holder = Appointed(made.id, pb::HOLDER_ROLE_PRINCIPAL, made.principal, std::move(principal),
                                      kind == pb::SEAT_KIND_UNIT_LEADER)
                                .id();
    if (!deputy.empty()) {
      made.deputy_holder = Appointed(made.id, pb::HOLDER_ROLE_DEPUTY, made.deputy, std::move(deputy)).id();
    }
    return made;
  };
  user = seat(pb::SEAT_KIND_USER_ORGANISATION, "mental-helse", "Mental Helse", "Anna", "Bo");
  kin = seat(pb::SEAT_KIND_NEXT_OF_KIN_ORGANISATION, "lpp", "LPP", "Cara", "Dag");
  leader = seat(pb::SEAT_KIND_UNIT_LEADER, "", "Virksomhetsleder", "Eva", "");
  pb::SetAnnualPlanRequest year;
  year.set_year(2027);
  for (const auto& [date, theme] :
       {std::pair("2027-02-10", "A home"), std::pair("2027-05-12", "Something to do"),
        std::pair("2027-09-15", "Somebody beside one"), std::pair("2027-11-24", "Next of kin")}) {
    pb::PlannedMeeting* meeting = year.add_meetings();
    meeting->set_theme(theme);
    meeting->set_meeting_date(date);
    meeting->set_start_time("17:00");
    meeting->set_place("Mestringsenheten");
  }
  const auto set = Must(Call(&Stub::SetAnnualPlan, Secretary(), year));
  annual_plan.assign(set.meetings().begin(), set.meetings().end());
}

pb::Seat Town::Registered(pb::SeatKind kind, std::string organisation_id, std::string name) {
  pb::RegisterSeatRequest request;
  request.set_kind(kind);
  request.set_organisation_id(std::move(organisation_id));
  request.set_name(std::move(name));
  return Must(Call(&Stub::RegisterSeat, Secretary(), request)).seat();
}

pb::SeatHolder Town::Appointed(const std::string& seat_id, pb::HolderRole role, const std::string& person,
                               std::string name, bool employed) {
  pb::AppointHolderRequest request;
  request.set_seat_id(seat_id);
  request.set_role(role);
  request.set_person_ref(person);
  request.set_name(std::move(name));
  request.set_employed(employed);
  return Must(Call(&Stub::AppointHolder, Secretary(), request)).holder();
}

pb::Meeting Town::Called(const pb::Meeting& meeting) {
  GoTo(meeting.notice_by());
  pb::SendNoticeRequest request;
  request.set_meeting_id(meeting.id());
  return Must(Call(&Stub::SendNotice, Secretary(), request)).meeting();
}

pb::Meeting Town::Opened(const pb::Meeting& meeting) {
  GoTo(meeting.meeting_date());
  pb::OpenMeetingRequest request;
  request.set_meeting_id(meeting.id());
  return Must(Call(&Stub::OpenMeeting, Secretary(), request)).meeting();
}

void Town::Present(const pb::Meeting& meeting, const TestSeat& seat, pb::HolderRole role, pb::Presence presence) {
  pb::MarkPresenceRequest request;
  request.set_meeting_id(meeting.id());
  request.set_seat_id(seat.id);
  request.set_role(role);
  request.set_presence(presence);
  Must(Call(&Stub::MarkPresence, Secretary(), request));
}

void Town::Apologised(const pb::Meeting& meeting, const TestSeat& seat, pb::HolderRole role) {
  pb::RegisterApologyRequest request;
  request.set_meeting_id(meeting.id());
  request.set_seat_id(seat.id);
  request.set_role(role);
  Must(Call(&Stub::RegisterApology, Secretary(), request));
}

pb::AgendaItem Town::Item(const pb::Meeting& meeting, std::string title, std::string suggestion_id) {
  pb::AddAgendaItemRequest request;
  request.set_meeting_id(meeting.id());
  request.set_title(std::move(title));
  request.set_suggestion_id(std::move(suggestion_id));
  request.set_addition_decision("Taken up by all.");
  return Must(Call(&Stub::AddAgendaItem, Secretary(), request)).agenda_item();
}

pb::AgendaItem Town::Discussed(const pb::AgendaItem& item, std::string discussion) {
  pb::RecordDiscussionRequest request;
  request.set_agenda_item_id(item.id());
  request.set_discussion(std::move(discussion));
  return Must(Call(&Stub::RecordDiscussion, Secretary(), request)).agenda_item();
}

pb::RecordAdviceResponse Town::Advised(const pb::AgendaItem& item, std::string advice) {
  pb::RecordAdviceRequest request;
  request.set_agenda_item_id(item.id());
  request.set_advice(std::move(advice));
  return Must(Call(&Stub::RecordAdvice, Secretary(), request));
}

pb::Meeting Town::Ended(const pb::Meeting& meeting) {
  pb::EndSittingRequest request;
  request.set_meeting_id(meeting.id());
  return Must(Call(&Stub::EndSitting, Secretary(), request)).meeting();
}

pb::Minutes Town::Minuted(const pb::Meeting& meeting, std::string correction) {
  pb::WriteMinutesRequest write;
  write.set_meeting_id(meeting.id());
  write.set_correction(std::move(correction));
  pb::SendMinutesRequest send;
  send.set_minutes_id(Must(Call(&Stub::WriteMinutes, Secretary(), write)).minutes().id());
  return Must(Call(&Stub::SendMinutes, Secretary(), send)).minutes();
}

pb::Meeting Town::Closed(const pb::Meeting& meeting) {
  pb::FinaliseMeetingRequest request;
  request.set_meeting_id(meeting.id());
  return Must(Call(&Stub::FinaliseMeeting, Secretary(), request)).meeting();
}

pb::Minutes Town::Approved(const pb::Minutes& minutes, const pb::Meeting& at) {
  pb::ApproveMinutesRequest request;
  request.set_minutes_id(minutes.id());
  request.set_meeting_id(at.id());
  return Must(Call(&Stub::ApproveMinutes, Secretary(), request)).minutes();
}

pb::GetMeetingResponse Town::Meeting(const std::string& meeting_id) {
  pb::GetMeetingRequest request;
  request.set_meeting_id(meeting_id);
  return Must(Call(&Stub::GetMeeting, Staff(), request));
}

std::map<std::string, std::string> Town::Represented(const pb::AgendaItem& item) {
  pb::ListSeatRepresentationsRequest request;
  request.set_agenda_item_id(item.id());
  std::map<std::string, std::string> names;
  const auto response = Must(Call(&Stub::ListSeatRepresentations, Staff(), request));
  for (const auto& each : response.representations()) names[each.seat_id()] = each.holder_name();
  return names;
}

std::string Town::Dropped(std::string text, const std::string& receipt_code) {
  pb::SubmitAnonymousSuggestionRequest request;
  request.set_text(std::move(text));
  request.set_receipt_code(receipt_code);
  Must(Call(&Stub::SubmitAnonymousSuggestion, Passer(), request));
  return EventsOf<pb::SuggestionReceived>().back().suggestion_id();
}

void Town::Screened(const std::string& suggestion_id) {
  pb::ScreenSuggestionRequest request;
  request.set_suggestion_id(suggestion_id);
  request.set_screening(pb::SCREENING_AS_IT_IS);
  Must(Call(&Stub::ScreenSuggestion, Staff(), request));
}

pb::Suggestion Town::Answered(const std::string& suggestion_id, const pb::Meeting& open_meeting) {
  Screened(suggestion_id);
  Advised(Item(open_meeting, "What somebody said", suggestion_id));
  pb::AnswerSuggestionRequest request;
  request.set_suggestion_id(suggestion_id);
  request.set_answer(pb::ANSWER_YES);
  return Must(Call(&Stub::AnswerSuggestion, Secretary(), request)).suggestion();
}

pb::Action Town::ActionFor(const std::string& suggestion_id, std::string owner, std::string due_date) {
  pb::CreateActionRequest request;
  request.set_suggestion_id(suggestion_id);
  request.set_owner_service(std::move(owner));
  request.set_title("Do it");
  request.set_due_date(std::move(due_date));
  return Must(Call(&Stub::CreateAction, Secretary(), request)).action();
}

pb::Suggestion Town::Suggestion(const std::string& id) {
  pb::GetSuggestionRequest request;
  request.set_suggestion_id(id);
  return Must(Call(&Stub::GetSuggestion, Staff(), request)).suggestion();
}

std::string Town::WholeDatabase() {
  std::string all;
  const auto columns = Columns();
  EXPECT_GT(columns.size(), 200);
  const absl::Status read = service().db().Read([&](Tx& tx) -> absl::Status {
    all.clear();
    for (const auto& [table, column] : columns) {
      ASSIGN(const auto rows, tx.Query<std::string>(absl::StrCat("SELECT ", column, " FROM ", table)));
      for (const auto& [value] : rows) {
        std::string decoded;
        if (!absl::Base64Unescape(value, &decoded)) decoded.clear();
        absl::StrAppend(&all, value, "\n", decoded, "\n");
      }
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return all;
}

}  // namespace mestring::council
