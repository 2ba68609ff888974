// Every change is told: each version of each stored thing has its event, and one who reads a meeting and watches
// from there sees all that happens in it, in order.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/rpc/audience.h"
#include "google/protobuf/message.h"
#include "tests/council/town.h"
#include "tests/support/contract_suite.h"

namespace mestring::council {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;
using Stub = Town::Stub;

constexpr auto kPrincipal = pb::HOLDER_ROLE_PRINCIPAL, kDeputy = pb::HOLDER_ROLE_DEPUTY;
constexpr std::string_view kPackage = "mestring.council.v1.";

// What GetMeeting says to watch.
const std::vector<std::string> kTypesOfAMeeting = {"MeetingMoved",
                                                   "NoticeSent",
                                                   "MeetingCancelled",
                                                   "MeetingOpened",
                                                   "MeetingHeld",
                                                   "MeetingFinalised",
                                                   "MeetingReopened",
                                                   "ApologyRegistered",
                                                   "ApologyVoided",
                                                   "SummonsVoided",
                                                   "DeputySummoned",
                                                   "PresenceMarked",
                                                   "DisqualificationDeclared",
                                                   "AgendaItemAdded",
                                                   "AgendaItemScheduled",
                                                   "AgendaItemDiscussed",
                                                   "AgendaItemSettled",
                                                   "FiguresPlaced",
                                                   "MinutesWritten",
                                                   "MinutesSent",
                                                   "MinutesApproved",
                                                   "DeadlineMissed"};

class EventsTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { ExpectVersionsAreTold(town_); }

  // Every step of a meeting that has one, each of which must succeed.
  void GoThroughMeetings() {
    const std::string said = town_.Dropped("Sundays, too", SomePerson());
    town_.Screened(said);
    pb::RecordIndicatorRequest record;
    record.set_suggestion_id(said);
    record.set_code("SUNDAY_RUNNERS");
    record.set_phase(pb::PHASE_BEFORE);
    record.set_name("People who run on Sundays");
    record.set_measure_date("2026-11-01");
    Must(town_.Call(&Stub::RecordIndicator, Staff(), record));
    record.set_phase(pb::PHASE_AFTER);
    record.set_measure_date("2026-11-20");
    Must(town_.Call(&Stub::RecordIndicator, Staff(), record));

    const pb::Meeting first = town_.Called(town_.annual_plan[0]);
    const pb::AgendaItem last = town_.Item(first, "Doors"), sundays = town_.Item(first, "Sundays", said);
    pb::AddAgendaItemRequest propose;
    propose.set_meeting_id(first.id());
    propose.set_title("Windows");
    const auto proposed = Must(town_.Call(&Stub::AddAgendaItem, Member(town_.kin.principal), propose)).agenda_item();
    pb::ScheduleAgendaItemRequest schedule;
    schedule.set_agenda_item_id(proposed.id());
    schedule.set_position(1);
    Must(town_.Call(&Stub::ScheduleAgendaItem, Secretary(), schedule));
    town_.Apologised(first, town_.user, kPrincipal);
    town_.Apologised(first, town_.user, kDeputy);
    town_.Appointed(town_.user.id, kDeputy, SomePerson(), "Gry");
    const pb::Meeting meeting = town_.Opened(first);
    for (const TestSeat& seat : {town_.kin, town_.leader}) town_.Present(meeting, seat, kPrincipal);
    town_.Present(meeting, town_.user, kDeputy);
    town_.Present(meeting, town_.user, kDeputy, pb::PRESENCE_LEFT);
    pb::DeclareDisqualifiedRequest declare;
    declare.set_agenda_item_id(last.id());
    declare.set_seat_id(town_.kin.id);
    declare.set_role(kPrincipal);
    declare.set_ground_code("PARTY");
    Must(town_.Call(&Stub::DeclareDisqualified, Secretary(), declare));
    town_.Discussed(proposed, "They are old.");
    town_.Advised(proposed);
    town_.Advised(last);
    pb::SettleAgendaItemRequest postpone;
    postpone.set_agenda_item_id(sundays.id());
    postpone.set_settlement(pb::SETTLEMENT_POSTPONED);
    postpone.set_reason("No time.");
    postpone.set_to_meeting_id(town_.annual_plan[1].id());
    Must(town_.Call(&Stub::SettleAgendaItem, Secretary(), postpone));
    town_.Ended(meeting);
    pb::SubmitFeeClaimRequest claim;
    claim.set_meeting_id(meeting.id());
    pb::DecideFeeClaimRequest decide;
    decide.set_fee_claim_id(
        Must(town_.Call(&Stub::SubmitFeeClaim, Member(town_.kin.principal), claim)).fee_claim().id());
    decide.set_approved(true);
    Must(town_.Call(&Stub::DecideFeeClaim, UnitLeader(), decide));
    pb::WriteMinutesRequest draft;
    draft.set_meeting_id(meeting.id());
    Must(town_.Call(&Stub::WriteMinutes, Secretary(), draft));
    town_.Minuted(meeting);
    town_.Minuted(meeting, "A name was wrong.");
    town_.Closed(meeting);
    // The second one is called and does not take place: what it had waits again.
    pb::CancelMeetingRequest cancel;
    cancel.set_meeting_id(town_.Called(town_.annual_plan[1]).id());
    cancel.set_reason("Snow.");
    Must(town_.Call(&Stub::CancelMeeting, Secretary(), cancel));
    const pb::Meeting third = town_.Opened(town_.Called(town_.annual_plan[2]));
    pb::GetMinutesRequest minutes;
    minutes.set_meeting_id(meeting.id());
    town_.Approved(Must(town_.Call(&Stub::GetMinutes, Staff(), minutes)).minutes(), third);
    town_.Advised(town_.Item(third, "Sundays", said));
  }

  // What EventService shows somebody of all that came after a cursor.
  std::vector<events::v1::Event> SeenBy(const Who& who, const std::string& after = "") {
    auto stub = events::v1::EventService::NewStub(town_.service().channel());
    events::v1::ListRequest request;
    request.set_after(after);
    request.set_page_size(1000);
    events::v1::ListResponse response;
    EXPECT_DONE(FromWire(stub->List(town_.Context(who).get(), request, &response)));
    EXPECT_EQ(response.as_of(), response.head()) << "one page holds it all";
    return {response.events().begin(), response.events().end()};
  }
  std::set<std::string> TypesSeenBy(const Who& who, const std::string& after = "") {
    std::set<std::string> types;
    for (const auto& event : SeenBy(who, after)) types.insert(event.type().substr(kPackage.size()));
    return types;
  }

  Town town_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Engines, EventsTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(EventsTest, EveryVersionOfEveryThingIsTold) {
  GoThroughMeetings();
  ExpectVersionsAreTold(town_);
}

TEST_P(EventsTest, ItemsThatMakeRoomAreToldWithTheirNewPlace) {
  const pb::AgendaItem one = town_.Item(town_.annual_plan[0], "One"), two = town_.Item(town_.annual_plan[0], "Two"),
                       three = town_.Item(town_.annual_plan[0], "Three");
  pb::ScheduleAgendaItemRequest schedule;
  schedule.set_agenda_item_id(three.id());
  schedule.set_position(2);
  Must(town_.Call(&Stub::ScheduleAgendaItem, Secretary(), schedule));
  std::vector<std::pair<std::string, int>> told;
  for (const auto& event : town_.EventsOf<pb::AgendaItemScheduled>()) {
    EXPECT_EQ(event.meeting_id(), town_.annual_plan[0].id());
    EXPECT_EQ(event.state(), pb::AGENDA_ITEM_STATE_SCHEDULED);
    told.emplace_back(event.agenda_item_id(), event.position());
  }
  EXPECT_THAT(told, ElementsAre(Pair(two.id(), 3), Pair(three.id(), 2))) << "the first stays where it is";
}

TEST_P(EventsTest, AVersionThatCorrectsAnotherNamesIt) {
  const pb::Meeting meeting = town_.Ended(town_.Opened(town_.Called(town_.annual_plan[0])));
  pb::WriteMinutesRequest write;
  write.set_meeting_id(meeting.id());
  const std::string draft = Must(town_.Call(&Stub::WriteMinutes, Secretary(), write)).minutes().id();
  const std::string sent = town_.Minuted(meeting).id(), again = town_.Minuted(meeting, "A name was wrong.").id();
  const auto written = town_.EventsOf<pb::MinutesWritten>();
  ASSERT_THAT(written, SizeIs(3));
  EXPECT_EQ(written[1].minutes_id(), sent);
  EXPECT_EQ(written[1].minutes_version(), 2);
  EXPECT_EQ(written[1].corrected_minutes_id(), draft);
  EXPECT_EQ(written[2].corrected_minutes_id(), "") << "what was sent stands until the next is sent";
  const auto out = town_.EventsOf<pb::MinutesSent>();
  ASSERT_THAT(out, SizeIs(2));
  EXPECT_EQ(out[1].minutes_id(), again);
  EXPECT_THAT(out[1].corrected_minutes_ids(), ElementsAre(sent));
}

// A member sees what their RPCs would show them, and no more.
TEST_P(EventsTest, ADraftAndAnothersClaimAreToldToThoseWhoKeepTheCouncil) {
  GoThroughMeetings();
  const auto member = TypesSeenBy(Member(town_.user.principal)), secretary = TypesSeenBy(Secretary()),
             staff = TypesSeenBy(Staff());
  for (const char* type : {"MinutesWritten", "FeeClaimSubmitted", "FeeClaimDecided"}) {
    EXPECT_THAT(secretary, Contains(type));
    EXPECT_THAT(member, Not(Contains(type)));
    EXPECT_THAT(staff, Not(Contains(type)));
  }
  for (const char* type : {"PresenceMarked", "DisqualificationDeclared", "AgendaItemScheduled", "IndicatorRecorded",
                           "SuggestionReturned", "AgendaItemDiscussed"}) {
    EXPECT_THAT(member, Contains(type));
    EXPECT_THAT(staff, Contains(type));
  }
}

// A role of the council sees every event of a type, so a claimant hears of their own by what they are besides.
TEST_P(EventsTest, WhatWasDecidedOfAClaimIsToldToItsClaimantAndToNoOtherMember) {
  GoThroughMeetings();
  const auto as_kin = [](const std::string& person) {
    return Who{{access::v1::ROLE_COUNCIL_MEMBER, access::v1::ROLE_NEXT_OF_KIN}, person, ""};
  };
  EXPECT_THAT(TypesSeenBy(as_kin(town_.kin.principal)), Contains("FeeClaimDecided"));
  EXPECT_THAT(TypesSeenBy(as_kin(town_.kin.deputy)), Not(Contains("FeeClaimDecided")));
  EXPECT_THAT(TypesSeenBy(Resident(town_.user.principal)), Not(Contains("FeeClaimDecided")));
}

// ListMeetings and GetAnnualPlan are for everybody, and so is what their as_of promises.
TEST_P(EventsTest, AResidentWhoReadTheCalendarIsToldOfEveryChangeOfAMeeting) {
  const Who resident = Passer();
  pb::ListMeetingsResponse before = Must(town_.Call(&Stub::ListMeetings, resident, pb::ListMeetingsRequest()));
  pb::MoveMeetingRequest move;
  move.set_meeting_id(town_.annual_plan[3].id());
  move.set_meeting_date("2027-11-17");
  move.set_start_time("18:00");
  move.set_place("The library");
  move.set_reason("The heating.");
  Must(town_.Call(&Stub::MoveMeeting, Secretary(), move));
  GoThroughMeetings();
  pb::PlanMeetingRequest plan;
  plan.set_replaces_meeting_id(town_.annual_plan[1].id());
  plan.mutable_meeting()->set_theme(town_.annual_plan[1].theme());
  plan.mutable_meeting()->set_meeting_date("2027-12-15");
  plan.mutable_meeting()->set_start_time("17:00");
  plan.mutable_meeting()->set_place("Mestringsenheten");
  Must(town_.Call(&Stub::PlanMeeting, Secretary(), plan));
  pb::SetAnnualPlanRequest annual_plan;
  annual_plan.set_year(2028);
  for (const char* date : {"2028-02-09", "2028-05-10", "2028-09-13", "2028-11-22"}) {
    *annual_plan.add_meetings() = plan.meeting();
    annual_plan.mutable_meetings(annual_plan.meetings_size() - 1)->set_theme(absl::StrCat("Of ", date));
    annual_plan.mutable_meetings(annual_plan.meetings_size() - 1)->set_meeting_date(date);
  }
  Must(town_.Call(&Stub::SetAnnualPlan, Secretary(), annual_plan));
  town_.GoTo("2027-11-01");  // the notice of the moved one was due, and so were the minutes of the third

  std::map<std::string, int64_t> known;
  for (const pb::Meeting& meeting : before.meetings()) known[meeting.id()] = meeting.version();
  std::set<std::pair<std::string, int64_t>> told;
  for (const auto& event : SeenBy(resident, before.as_of())) told.emplace(event.subject(), event.subject_version());
  const auto after = Must(town_.Call(&Stub::ListMeetings, resident, pb::ListMeetingsRequest()));
  ASSERT_EQ(after.meetings_size(), 9);
  for (const pb::Meeting& meeting : after.meetings()) {
    for (int64_t version = known[meeting.id()] + 1; version <= meeting.version(); ++version) {
      EXPECT_TRUE(told.contains({meeting.id(), version})) << meeting.meeting_date() << " " << version;
    }
  }
  const auto types = TypesSeenBy(resident, before.as_of());
  for (const char* type : {"MeetingMoved", "NoticeSent", "MeetingCancelled", "MeetingPlanned", "AnnualPlanSet",
                           "DeadlineMissed", "MinutesApproved"}) {
    EXPECT_THAT(types, Contains(type));
  }
  // Nothing of who was there, and of what is not approved yet.
  for (const char* type : {"PresenceMarked", "ApologyRegistered", "DeputySummoned", "DisqualificationDeclared",
                           "AgendaItemAdded", "MinutesSent", "SuggestionReceived"}) {
    EXPECT_THAT(types, Not(Contains(type)));
  }
}

// WatchMeeting of a meeting is EventService.Watch from the meeting that was read.
TEST_P(EventsTest, WhoReadsAMeetingAndWatchesFromThereSeesAllOfItInOrder) {
  const pb::Meeting meeting = town_.Opened(town_.Called(town_.annual_plan[0]));
  const pb::AgendaItem doors = town_.Item(meeting, "Doors");
  pb::GetMeetingRequest get;
  get.set_meeting_id(meeting.id());
  const Who anna = Member(town_.user.principal);
  const pb::GetMeetingResponse read = Must(town_.Call(&Stub::GetMeeting, anna, get));

  events::v1::WatchRequest request;
  request.set_after(read.as_of());
  for (const std::string& type : kTypesOfAMeeting) request.add_types(absl::StrCat(kPackage, type));
  auto stub = events::v1::EventService::NewStub(town_.service().channel());
  const auto context = town_.Context(anna);
  const auto watch = stub->Watch(context.get(), request);

  town_.Present(meeting, town_.user, kPrincipal);
  town_.Item(town_.annual_plan[1], "Of another meeting");
  const pb::AgendaItem windows = town_.Item(meeting, "Windows");
  town_.Discussed(doors, "They are heavy.");
  town_.Advised(doors);
  town_.Advised(windows);
  town_.Dropped("Not of this meeting", SomePerson());
  town_.Ended(meeting);
  town_.Minuted(meeting);
  town_.Closed(meeting);

  std::vector<std::string> seen;
  std::map<std::string, int64_t> versions;
  events::v1::WatchResponse response;
  while ((seen.empty() || seen.back() != "MeetingFinalised") && watch->Read(&response)) {
    if (!response.has_event()) continue;
    const events::v1::Event& event = response.event();
    const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(event.type());
    ASSERT_NE(type, nullptr) << event.type();
    const std::unique_ptr<google::protobuf::Message> message(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    ASSERT_TRUE(message->ParseFromString(event.data()));
    const auto* of = type->FindFieldByName("meeting_id");
    ASSERT_NE(of, nullptr) << event.type();
    if (message->GetReflection()->GetString(*message, of) != meeting.id()) continue;
    seen.push_back(type->name());
    versions[event.subject()] = event.subject_version();
  }
  EXPECT_THAT(seen, ElementsAre("PresenceMarked", "AgendaItemAdded", "AgendaItemDiscussed", "AgendaItemSettled",
                                "AgendaItemSettled", "MeetingHeld", "MinutesSent", "MeetingFinalised"));
  context->TryCancel();
  // The last event of each thing is of the version that it has now.
  const pb::GetMeetingResponse now = town_.Meeting(meeting.id());
  EXPECT_EQ(versions[meeting.id()], now.meeting().version());
  EXPECT_THAT(now.agenda(), Not(IsEmpty()));
  for (const pb::AgendaItem& item : now.agenda()) EXPECT_EQ(versions[item.id()], item.version()) << item.title();
  EXPECT_THAT(now.seats(), SizeIs(testing::Gt(1)));
  for (const pb::VotingSeat& seat : now.seats()) {
    const bool came = seat.seat_id() == town_.user.id;
    EXPECT_EQ(versions.contains(seat.id()), came);
    if (came) {
      EXPECT_EQ(versions[seat.id()], seat.version());
    }
  }
}

// The list in the comment of GetMeeting is whole: an event that names a meeting is on it, or is known not to be.
TEST(MeetingEvents, AreAllNamed) {
  const std::set<std::string> others = {"MeetingPlanned", "SuggestionOnAgenda", "FeeClaimSubmitted"};
  const auto* file = pb::NoticeSent::descriptor()->file();
  for (int i = 0; i < file->message_type_count(); ++i) {
    const auto& event = *file->message_type(i);
    const bool of_meeting = event.FindFieldByName("meeting_id") != nullptr && !others.contains(event.name());
    EXPECT_EQ(of_meeting, std::count(kTypesOfAMeeting.begin(), kTypesOfAMeeting.end(), event.name()) == 1)
        << event.name();
  }
}

// as_of promises whoever may list a thing that Watch shows every later change of it.
TEST(CouncilEvents, AreToldToEveryRoleThatMayListTheirSubject) {
  // By the field that names the subject, which is the first.
  const std::map<std::string, const char*> listed_by = {
      {"mandate_id", "GetMandate"},        {"code_list_id", "GetCodeList"},    {"seat_id", "GetSeatMap"},
      {"annual_plan_id", "GetAnnualPlan"}, {"meeting_id", "ListMeetings"},     {"apology_id", "GetMeeting"},
      {"summons_id", "GetMeeting"},        {"voting_seat_id", "GetMeeting"},   {"disqualification_id", "GetMeeting"},
      {"agenda_item_id", "GetMeeting"},    {"minutes_id", "GetMinutes"},       {"suggestion_id", "ListSuggestions"},
      {"figure_set_id", "ListFigures"},    {"indicator_id", "ListIndicators"}, {"action_id", "ListActions"},
      {"fee_claim_id", "ListFeeClaims"}};
  // Of these an RPC shows a role only some: a draft, what was not approved, another's claim.
  const std::set<std::string> in_part = {"MinutesWritten", "MinutesSent", "FeeClaimSubmitted", "FeeClaimDecided"};
  const auto& service =
      *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("mestring.council.v1.CouncilService");
  const auto* file = pb::NoticeSent::descriptor()->file();
  for (int i = 0; i < file->message_type_count(); ++i) {
    const auto& event = *file->message_type(i);
    const auto rpc = listed_by.find(event.field(0)->name());
    ASSERT_NE(rpc, listed_by.end()) << event.name();
    if (in_part.contains(event.name())) continue;
    const std::vector<Role> told = *VisibleTo(event);
    const auto allowed = AllowedRoles(*service.FindMethodByName(rpc->second));
    ASSERT_TRUE(allowed.ok() && !allowed->empty()) << rpc->second;
    for (const Role role : *allowed) EXPECT_THAT(told, Contains(role)) << event.name() << " " << Role_Name(role);
  }
}

}  // namespace
}  // namespace mestring::council
