// The traps of waiting lists that other systems fell into, each with a test named after it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/activities/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"

namespace mestring::activities {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Stub = Town::Stub;

class WaitingListTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { ExpectVersionsAreTold(town_); }

  Town town_{GetParam()};

  absl::StatusOr<pb::LeaveWaitingListResponse> Leave(const pb::WaitEntry& entry) {
    pb::LeaveWaitingListRequest request;
    request.set_wait_entry_id(entry.id());
    return town_.Call(&Stub::LeaveWaitingList, Resident(entry.person_ref()), request);
  }
  absl::StatusOr<pb::SetWaitingListResponse> SetList(const pb::Session& session, bool suspended, int most) {
    pb::SetWaitingListRequest request;
    request.set_session_id(session.id());
    request.set_suspended(suspended);
    request.set_waiting_list_max(most);
    return town_.Call(&Stub::SetWaitingList, Staff(), request);
  }
  pb::SeatCount Count(const pb::Session& session) { return town_.Session(session.id()).seat_counts(0); }
  int Position(const std::string& person) {
    pb::GetMySeatsRequest request;
    request.set_person_ref(person);
    return Must(town_.Call(&Stub::GetMySeats, Resident(person), request)).wait_entries(0).position();
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, WaitingListTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(WaitingListTest, Pretix1163ACancelledEntryIsNotOfferedAgain) {
  const pb::Session session = town_.Run(1);
  const pb::Enrolment first = town_.Enrolled(session, SomePerson());
  const std::string person = SomePerson();
  const pb::WaitEntry left = town_.Waiting(session, person);
  EXPECT_DONE(Leave(left));
  town_.Withdrawn(first);
  EXPECT_EQ(town_.StateOf(left), pb::WAIT_ENTRY_STATE_LEFT);
  EXPECT_THAT(town_.EventsOf<pb::SeatOffered>(), IsEmpty());
  EXPECT_EQ(town_.Session(session.id()).state(), pb::SESSION_STATE_OPEN) << "the seat is free for anybody";
  EXPECT_REFUSED(town_.Answer(left, pb::ANSWER_TAKE), "WRONG_STATE");
}

TEST_P(WaitingListTest, Pretix1163WhoWithdrewGetsNoOfferUnlessTheyRejoin) {
  const pb::Session session = town_.Run(1);
  const std::string person = SomePerson();
  town_.Withdrawn(town_.Enrolled(session, person));
  const pb::Enrolment other = town_.Enrolled(session, SomePerson());
  town_.Withdrawn(other);
  EXPECT_THAT(town_.EventsOf<pb::SeatOffered>(), IsEmpty());
  const pb::Enrolment third = town_.Enrolled(session, SomePerson());
  const pb::WaitEntry again = town_.Waiting(session, person);
  town_.Withdrawn(third);
  EXPECT_EQ(town_.StateOf(again), pb::WAIT_ENTRY_STATE_OFFERED) << "rejoined";
}

TEST_P(WaitingListTest, Pretix1031NoOfferIsMadeAfterTheStart) {
  const pb::Session session = town_.Run(1);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  const pb::WaitEntry entry = town_.Waiting(session, SomePerson());
  // The clock is past the start and the timers have not fired: the state alone would still allow it.
  town_.service().clock().Set(FromProto(session.start_time()) + absl::Seconds(1));
  pb::RemoveEnrolmentRequest remove;
  remove.set_enrolment_id(enrolment.id());
  remove.set_reason_code("A");
  EXPECT_REFUSED(town_.Call(&Stub::RemoveEnrolment, Staff(), remove), "WRONG_STATE");
  town_.SetSeats(session, 2).status().IgnoreError();
  town_.GoTo(FromProto(session.start_time()) + absl::Minutes(1));
  EXPECT_THAT(town_.EventsOf<pb::SeatOffered>(), IsEmpty());
  EXPECT_EQ(town_.StateOf(entry), pb::WAIT_ENTRY_STATE_EXPIRED);
}

TEST_P(WaitingListTest, Pretix1031AnOfferEndsAtTheStartAtTheLatest) {
  const pb::Session session = town_.Run(1, 1);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  const pb::WaitEntry entry = town_.Waiting(session, SomePerson());
  town_.GoTo(FromProto(session.start_time()) - absl::Hours(2));
  town_.Withdrawn(enrolment);
  const auto offered = town_.EventsOf<pb::SeatOffered>();
  ASSERT_THAT(offered, SizeIs(1));
  EXPECT_EQ(FromProto(offered[0].expire_time()), FromProto(session.start_time()));
  town_.service().clock().Set(FromProto(session.start_time()));
  EXPECT_THAT(ReasonOf(town_.Answer(entry, pb::ANSWER_TAKE).status()), testing::AnyOf("OFFER_EXPIRED", "WRONG_STATE"));
}

TEST_P(WaitingListTest, Pretix1405AnExpiredOfferFreesItsQuota) {
  const pb::Session session = town_.Run(1);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  const pb::WaitEntry first = town_.Waiting(session, SomePerson());
  const pb::WaitEntry second = town_.Waiting(session, SomePerson());
  town_.Withdrawn(enrolment);
  town_.GoDays(2);
  EXPECT_EQ(town_.StateOf(first), pb::WAIT_ENTRY_STATE_EXPIRED);
  EXPECT_EQ(town_.StateOf(second), pb::WAIT_ENTRY_STATE_OFFERED) << "it passes on";
  EXPECT_EQ(Count(session).offered(), 1);
  EXPECT_DONE(town_.Answer(second, pb::ANSWER_TAKE));
  EXPECT_EQ(Count(session).confirmed(), 1);
}

TEST_P(WaitingListTest, Pretix837APersonCanTakeThemselfOffTheList) {
  const pb::Session session = town_.Run(1);
  town_.Enrolled(session, SomePerson());
  const pb::WaitEntry entry = town_.Waiting(session, SomePerson());
  pb::LeaveWaitingListRequest stranger;
  stranger.set_wait_entry_id(entry.id());
  EXPECT_REFUSED(town_.Call(&Stub::LeaveWaitingList, Resident(SomePerson()), stranger), "NOT_FOUND");
  EXPECT_DONE(Leave(entry));
  EXPECT_REFUSED(Leave(entry), "WRONG_STATE");
}

TEST_P(WaitingListTest, Pretix2219NoThanksPassesTheSeatOnAtOnce) {
  const pb::Session session = town_.Run(1);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  const pb::WaitEntry first = town_.Waiting(session, SomePerson());
  const pb::WaitEntry second = town_.Waiting(session, SomePerson());
  town_.Withdrawn(enrolment);
  EXPECT_DONE(town_.Answer(first, pb::ANSWER_DECLINE));
  EXPECT_EQ(town_.StateOf(first), pb::WAIT_ENTRY_STATE_DECLINED);
  EXPECT_EQ(town_.StateOf(second), pb::WAIT_ENTRY_STATE_OFFERED);
}

TEST_P(WaitingListTest, LinkedeventsPr745DeletingAWaitingEntryPromotesNobody) {
  const pb::Session session = town_.Run(1);
  town_.Enrolled(session, SomePerson());
  const pb::WaitEntry first = town_.Waiting(session, SomePerson());
  const pb::WaitEntry second = town_.Waiting(session, SomePerson());
  EXPECT_DONE(Leave(first));
  EXPECT_EQ(town_.StateOf(second), pb::WAIT_ENTRY_STATE_WAITING);
  EXPECT_EQ(Count(session).confirmed(), 1);
  EXPECT_EQ(Count(session).offered(), 0);
}

TEST_P(WaitingListTest, Rock2510AConfirmedAndAnOfferedSeatTogetherNeverExceedTheQuota) {
  const pb::Session session = town_.Run(2);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  town_.Enrolled(session, SomePerson());
  const pb::WaitEntry entry = town_.Waiting(session, SomePerson());
  town_.Withdrawn(enrolment);
  const std::string late = SomePerson();
  EXPECT_REFUSED(town_.Enrol(session, Resident(late), late), "QUOTA_FULL") << "the free seat is held";
  EXPECT_DONE(town_.Answer(entry, pb::ANSWER_TAKE));
  EXPECT_REFUSED(town_.Answer(entry, pb::ANSWER_TAKE), "WRONG_STATE") << "one offer is one seat";
  EXPECT_EQ(Count(session).confirmed(), 2);
}

TEST_P(WaitingListTest, HiEvents315MoreSeatsGoToThoseWhoWaitInTheirOrder) {
  const pb::Session session = town_.Run(1);
  town_.Enrolled(session, SomePerson());
  std::vector<pb::WaitEntry> entries;
  for (int i = 0; i < 3; ++i) entries.push_back(town_.Waiting(session, SomePerson()));
  EXPECT_DONE(town_.SetSeats(session, 3));
  std::vector<std::string> offered;
  for (const auto& event : town_.EventsOf<pb::SeatOffered>()) offered.push_back(event.wait_entry_id());
  EXPECT_THAT(offered, ElementsAre(entries[0].id(), entries[1].id()));
  EXPECT_EQ(town_.StateOf(entries[2]), pb::WAIT_ENTRY_STATE_WAITING);
}

TEST_P(WaitingListTest, Alfio201AListIsSuspendedCappedAndShowsThePosition) {
  const pb::Session session = town_.Run(1);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  EXPECT_DONE(SetList(session, true, 2));
  const std::string a = SomePerson(), b = SomePerson();
  const pb::WaitEntry first = town_.Waiting(session, a);
  town_.Waiting(session, b);
  EXPECT_REFUSED(town_.Join(session, SomePerson()), "WAITING_LIST_FULL");
  EXPECT_EQ(Position(a), 1);
  EXPECT_EQ(Position(b), 2);
  town_.Withdrawn(enrolment);
  EXPECT_THAT(town_.EventsOf<pb::SeatOffered>(), IsEmpty()) << "suspended";
  const std::string late = SomePerson();
  EXPECT_REFUSED(town_.Enrol(session, Resident(late), late), "WAITING_LIST_FIRST") << "and nobody jumps the queue";
  EXPECT_DONE(SetList(session, false, 2));
  EXPECT_EQ(town_.StateOf(first), pb::WAIT_ENTRY_STATE_OFFERED);
  EXPECT_EQ(Position(b), 1);
}

TEST_P(WaitingListTest, Alfio226StaffTakeSomebodyOffTheList) {
  const pb::Session session = town_.Run(1);
  town_.Enrolled(session, SomePerson());
  const pb::WaitEntry entry = town_.Waiting(session, SomePerson());
  pb::LeaveWaitingListRequest request;
  request.set_wait_entry_id(entry.id());
  EXPECT_DONE(town_.Call(&Stub::LeaveWaitingList, Staff(), request));
}

// Nineteen entries stayed PENDING there when their session was over.
TEST_P(WaitingListTest, Alfio1421NobodyStaysPendingWhenTheSessionBegins) {
  const pb::Session session = town_.Run(1);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  std::vector<pb::WaitEntry> entries;
  for (int i = 0; i < 19; ++i) entries.push_back(town_.Waiting(session, SomePerson()));
  town_.GoTo(FromProto(session.start_time()) - absl::Hours(1));
  town_.Withdrawn(enrolment);
  town_.GoTo(FromProto(session.start_time()));
  for (const pb::WaitEntry& entry : entries) EXPECT_EQ(town_.StateOf(entry), pb::WAIT_ENTRY_STATE_EXPIRED);
  EXPECT_THAT(town_.EventsOf<pb::SeatOfferExpired>(), SizeIs(1));
  EXPECT_THAT(town_.EventsOf<pb::WaitEntryEnded>(), SizeIs(18));
}

TEST_P(WaitingListTest, AlfioDuplicateSubscribeMakesOneEntryPerPersonAndSession) {
  const pb::Session session = town_.Run(1);
  const std::string enrolled = SomePerson(), person = SomePerson();
  town_.Enrolled(session, enrolled);
  EXPECT_REFUSED(town_.Enrol(session, Resident(enrolled), enrolled), "ALREADY_ENROLLED");
  EXPECT_REFUSED(town_.Join(session, enrolled), "ALREADY_ENROLLED");
  town_.Waiting(session, person);
  EXPECT_REFUSED(town_.Join(session, person), "ALREADY_WAITING");
  EXPECT_REFUSED(town_.Enrol(session, Resident(person), person), "ALREADY_WAITING");
}

// alf.io shifts its offers to working time.
TEST_P(WaitingListTest, AlfioWorkingTimeAnOfferMadeAtNightDoesNotRunOutInTheNight) {
  town_.SetPolicy([](pb::ActivityPolicy& policy) {
    policy.set_offer_hours(4);
    policy.set_answer_from_hour(8);
    policy.set_answer_until_hour(20);
  });
  const pb::Session session = town_.Run(1);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  const pb::WaitEntry first = town_.Waiting(session, SomePerson());
  const pb::WaitEntry second = town_.Waiting(session, SomePerson());
  town_.service().clock().Advance(absl::Hours(15));  // 23:00
  town_.Withdrawn(enrolment);
  const absl::Time offered = town_.Now();
  const auto offers = town_.EventsOf<pb::SeatOffered>();
  ASSERT_THAT(offers, SizeIs(1));
  EXPECT_EQ(FromProto(offers[0].expire_time()), offered + absl::Hours(13)) << "noon";
  town_.GoTo(offered + absl::Hours(13) - absl::Seconds(1));
  EXPECT_EQ(town_.StateOf(first), pb::WAIT_ENTRY_STATE_OFFERED);
  town_.GoTo(offered + absl::Hours(13));
  EXPECT_EQ(town_.StateOf(first), pb::WAIT_ENTRY_STATE_EXPIRED);
  EXPECT_EQ(town_.StateOf(second), pb::WAIT_ENTRY_STATE_OFFERED);
  pb::SetPolicyRequest backwards;
  *backwards.mutable_policy() = Must(town_.Call(&Stub::GetPolicy, Staff(), pb::GetPolicyRequest())).policy();
  backwards.mutable_policy()->set_answer_until_hour(7);
  const auto set = town_.Call(&Stub::SetPolicy, UnitLeader(), backwards);
  EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(set.status().message()), testing::HasSubstr("policy.answer_from_hour"));
}

TEST_P(WaitingListTest, IndicoPr3000TheLimitCountsWhatIsLiveOnly) {
  const pb::Session session = town_.Run(1);
  for (int i = 0; i < 5; ++i) town_.Withdrawn(town_.Enrolled(session, SomePerson()));
  EXPECT_EQ(Count(session).confirmed(), 0);
  town_.Enrolled(session, SomePerson());
}

TEST_P(WaitingListTest, CivicrmPr16098EveryAudienceCountsInItsOwnQuotaAndOnlyThere) {
  const pb::Activity course = town_.Activity(pb::ACTIVITY_MODE_COURSE, pb::AUDIENCE_MIXED);
  pb::ScheduleSessionsRequest plan = town_.Plan(course, 7, 1);
  pb::Quota* professionals = plan.add_quotas();
  professionals->set_audience(pb::AUDIENCE_PROFESSIONAL);
  professionals->set_seats(1);
  const pb::Session session = town_.Scheduled(plan).front();
  town_.Enrolled(session, SomePerson());
  const std::string user = SomePerson();
  EXPECT_REFUSED(town_.Enrol(session, Resident(user), user), "QUOTA_FULL") << "no seat of the professionals";
  EXPECT_DONE(town_.Enrol(session, Staff(), SomePerson(), pb::AUDIENCE_PROFESSIONAL));
  EXPECT_REFUSED(town_.Enrol(session, NextOfKin(user), user, pb::AUDIENCE_NEXT_OF_KIN), "NO_QUOTA_FOR_AUDIENCE");
}

TEST_P(WaitingListTest, Decidim12934NobodyJoinsAPastSession) {
  const pb::Session session = town_.Run(5);
  town_.service().clock().Set(FromProto(session.start_time()) + absl::Seconds(1));
  const std::string person = SomePerson();
  EXPECT_THAT(ReasonOf(town_.Enrol(session, Resident(person), person).status()),
              testing::AnyOf("ENROLMENT_CLOSED", "WRONG_STATE"));
}

TEST_P(WaitingListTest, Decidim14492AFreedSeatPassesOnToExactlyOne) {
  const pb::Session session = town_.Run(2);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  town_.Enrolled(session, SomePerson());
  for (int i = 0; i < 4; ++i) town_.Waiting(session, SomePerson());
  town_.Withdrawn(enrolment);
  EXPECT_THAT(town_.EventsOf<pb::SeatOffered>(), SizeIs(1));
  EXPECT_EQ(Count(session).waiting(), 3);
}

TEST_P(WaitingListTest, OpenCommunityGroups455NobodyIsPickedPastTheLine) {
  const pb::Session session = town_.Run(1);
  town_.Enrolled(session, SomePerson());
  town_.Waiting(session, SomePerson());
  const pb::WaitEntry second = town_.Waiting(session, SomePerson());
  EXPECT_REFUSED(town_.Answer(second, pb::ANSWER_TAKE), "WRONG_STATE") << "no offer, no seat";
  EXPECT_REFUSED(town_.Enrol(session, Staff(), SomePerson()), "QUOTA_FULL") << "not even by staff";
}

// hmpps-activities-management-api: an offer is answered once.
TEST_P(WaitingListTest, HmppsAGuardedStateIsNotSetTwice) {
  const pb::Session session = town_.Run(1);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  const pb::WaitEntry entry = town_.Waiting(session, SomePerson());
  town_.Withdrawn(enrolment);
  EXPECT_DONE(town_.Answer(entry, pb::ANSWER_DECLINE));
  EXPECT_REFUSED(town_.Answer(entry, pb::ANSWER_TAKE), "WRONG_STATE");
  EXPECT_REFUSED(Leave(entry), "WRONG_STATE");
}

TEST_P(WaitingListTest, A5LoweringAQuotaBelowWhatIsTakenIsRefused) {
  const pb::Session session = town_.Run(3);
  for (int i = 0; i < 3; ++i) town_.Enrolled(session, SomePerson());
  const auto lowered = town_.SetSeats(session, 2);
  EXPECT_REFUSED(lowered, "QUOTA_BELOW_TAKEN");
  EXPECT_EQ(MetadataOf(lowered.status()).at("taken"), "3");
}

TEST_P(WaitingListTest, TheListIsReadPageByPageWithEachPlaceInItsLine) {
  const pb::Session session = town_.Run(2);
  const pb::Enrolment first = town_.Enrolled(session, SomePerson());
  town_.Enrolled(session, SomePerson());
  std::vector<std::string> expected, got;
  for (int i = 0; i < 5; ++i) expected.push_back(town_.Waiting(session, SomePerson()).id());
  town_.Withdrawn(first);  // the first of the list has an offer, and no place in the line any more
  std::vector<int> positions;
  pb::ListWaitEntriesRequest list;
  list.set_session_id(session.id());
  list.set_page_size(2);
  int pages = 0;
  do {
    const pb::ListWaitEntriesResponse page = Must(town_.Call(&Stub::ListWaitEntries, Staff(), list));
    EXPECT_NE(page.as_of(), "");
    for (const pb::WaitEntry& entry : page.wait_entries()) {
      got.push_back(entry.id());
      positions.push_back(entry.position());
    }
    list.set_page_token(page.next_page_token());
    ++pages;
  } while (!list.page_token().empty());
  EXPECT_EQ(got, expected);
  EXPECT_THAT(positions, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(pages, 3);
}

}  // namespace
}  // namespace mestring::activities
