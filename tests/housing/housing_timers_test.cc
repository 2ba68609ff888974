// What happens in housing because time passes, with a clock that obeys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/store/records.h"
#include "tests/housing/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/own_codes.h"

namespace mestring::housing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;
using Stub = Town::Stub;

class ClockTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override {
    ExpectVersionsAreTold(town_);
    ExpectReasonsAreNamed<pb::GetCodeListRequest, pb::CodeListKind>(town_);
  }

  Town town_{GetParam()};

  pb::Stay Stay(const std::string& id) {
    pb::GetStayRequest request;
    request.set_stay_id(id);
    return town_.Call(&Stub::GetStay, Staff(), request)->stay();
  }
  pb::Application Application(const std::string& id) {
    pb::GetApplicationRequest request;
    request.set_application_id(id);
    return town_.Call(&Stub::GetApplication, Staff(), request)->application();
  }
  std::vector<pb::DeadlineKind> Missed() {
    std::vector<pb::DeadlineKind> kinds;
    for (const auto& event : town_.EventsOf<pb::DeadlineMissed>()) kinds.push_back(event.kind());
    return kinds;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, ClockTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(ClockTest, AnUndecidedRequisitionMissesItsDeadlineAtMidnight) {
  const pb::Requisition decided = town_.Granted(SomePerson(), town_.akutten);
  const pb::Requisition requisition = town_.Requisitioned(SomePerson(), town_.akutten);
  EXPECT_THAT(Missed(), IsEmpty());
  town_.GoDays(1);
  const auto missed = town_.EventsOf<pb::DeadlineMissed>();
  ASSERT_THAT(missed, SizeIs(1));
  EXPECT_EQ(missed[0].subject_id(), requisition.id());
  EXPECT_EQ(missed[0].due_date(), "2026-11-23");
  pb::DecideRequisitionRequest decide;
  decide.set_requisition_id(requisition.id());
  decide.set_outcome(pb::OUTCOME_GRANTED);
  decide.set_reason_code("A");
  EXPECT_TRUE(town_.Call(&Stub::DecideRequisition, Staff(), decide).ok()) << "late is better than never";
}

TEST_P(ClockTest, AGrantLapsesWhenNobodyUsesIt) {
  town_.Granted(SomePerson(), town_.akutten);
  town_.GoDays(7);
  EXPECT_THAT(town_.EventsOf<pb::RequisitionLapsed>(), IsEmpty());
  town_.GoDays(1);
  EXPECT_THAT(town_.EventsOf<pb::RequisitionLapsed>(), SizeIs(1));
}

TEST_P(ClockTest, AnApplicationIsDueInAMonthAndAPreliminaryAnswerMovesThat) {
  const pb::Application one = town_.Applied(SomePerson()), other = town_.Applied(SomePerson());
  EXPECT_EQ(one.decide_by(), "2026-12-23");
  pb::GivePreliminaryAnswerRequest answer;
  answer.set_application_id(other.id());
  answer.set_decide_by("2027-01-15");
  EXPECT_TRUE(town_.Call(&Stub::GivePreliminaryAnswer, HousingOffice(), answer).ok());
  town_.GoTo("2026-12-24");
  ASSERT_THAT(town_.EventsOf<pb::DeadlineMissed>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::DeadlineMissed>()[0].subject_id(), one.id());
  EXPECT_TRUE(Application(one.id()).deadline_missed());
  town_.GoTo("2027-01-16");
  EXPECT_THAT(town_.EventsOf<pb::DeadlineMissed>(), SizeIs(2));
}

TEST_P(ClockTest, AnOfferExpiresAndPassesOn) {
  const std::string person = SomePerson();
  const pb::Application application = town_.Listed(person, 5);
  const pb::Vacancy vacancy = town_.Vacant(town_.Places(town_.bokollektivet)[0].id());
  const pb::PlaceOffer place_offer = town_.Offered(vacancy, application);
  EXPECT_EQ(place_offer.answer_by(), "2026-11-30");
  town_.GoTo("2026-12-01");
  EXPECT_THAT(town_.EventsOf<pb::PlaceOfferExpired>(), SizeIs(1));
  EXPECT_EQ(Application(application.id()).state(), pb::APPLICATION_STATE_LISTED);
  pb::AnswerPlaceOfferRequest answer;
  answer.set_place_offer_id(place_offer.id());
  answer.set_answer(pb::ANSWER_ACCEPT);
  EXPECT_EQ(ReasonOf(town_.Call(&Stub::AnswerPlaceOffer, Resident(person), answer).status()), "OFFER_EXPIRED");
  town_.Offered(vacancy, town_.Listed(SomePerson(), 1));
}

TEST_P(ClockTest, AnApprovalExpiresAfterTwelveMonthsUnlessItIsRenewed) {
  const pb::Application lost = town_.Listed(SomePerson(), 5), kept = town_.Listed(SomePerson(), 5);
  EXPECT_EQ(lost.approved_until(), "2027-11-23");
  town_.GoTo("2027-11-23");
  pb::RenewApprovalRequest renew;
  renew.set_application_id(kept.id());
  renew.set_reason_code("A");
  const auto renewed = town_.Call(&Stub::RenewApproval, HousingOffice(), renew);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  town_.GoDays(1);
  EXPECT_EQ(Application(lost.id()).state(), pb::APPLICATION_STATE_EXPIRED);
  EXPECT_EQ(Application(kept.id()).state(), pb::APPLICATION_STATE_LISTED);
  const auto left = town_.EventsOf<pb::ListLeft>();
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].reason(), pb::LIST_LEAVE_REASON_EXPIRED);
}

TEST_P(ClockTest, AnOfferAcceptedInTimeOutlivesTheApproval) {
  const pb::Application application = town_.Listed(SomePerson(), 5);
  town_.GoTo("2027-11-22");
  const pb::PlaceOffer place_offer =
      town_.Offered(town_.Vacant(town_.Places(town_.bokollektivet)[0].id()), application);
  EXPECT_EQ(place_offer.answer_by(), "2027-11-23");
  town_.Accepted(place_offer);
  town_.GoTo("2027-11-25");
  EXPECT_EQ(Application(application.id()).state(), pb::APPLICATION_STATE_OFFERED);
  const pb::Stay stay = town_.ReservedBy(place_offer);
  pb::CancelStayRequest cancel;
  cancel.set_stay_id(stay.id());
  cancel.set_reason_code("A");
  EXPECT_TRUE(town_.Call(&Stub::CancelStay, Staff(), cancel).ok());
  EXPECT_EQ(Application(application.id()).state(), pb::APPLICATION_STATE_EXPIRED) << "but not a place given up";
}

TEST_P(ClockTest, TheComplaintPeriodEndsAfterThreeWeeks) {
  town_.Granted(SomePerson(), town_.akutten);
  town_.GoTo("2026-12-14");
  EXPECT_THAT(town_.EventsOf<pb::ComplaintPeriodEnded>(), IsEmpty());
  town_.GoTo("2026-12-15");
  ASSERT_THAT(town_.EventsOf<pb::ComplaintPeriodEnded>(), SizeIs(1));
}

TEST_P(ClockTest, AStayIsMarkedAtSixtyAndNinetyDays) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten);
  town_.GoDays(59);
  EXPECT_THAT(town_.EventsOf<pb::StayLimitApproaching>(), IsEmpty());
  town_.GoDays(1);
  ASSERT_THAT(town_.EventsOf<pb::StayLimitApproaching>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::StayLimitApproaching>()[0].alert_days(), 60);
  town_.GoDays(60);
  const auto marks = town_.EventsOf<pb::StayLimitApproaching>();
  ASSERT_THAT(marks, SizeIs(2));
  EXPECT_EQ(marks[1].alert_days(), 90);
  EXPECT_EQ(marks[1].limit_date(), stay.limit_date());
}

TEST_P(ClockTest, AnOverstayIsNoticedJudgedAndEnded) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten, "2026-11-26");
  town_.GoTo("2026-11-26");
  EXPECT_THAT(town_.EventsOf<pb::StayOverstayed>(), IsEmpty()) << "on the day itself they may still leave";
  town_.GoTo("2026-11-28");
  ASSERT_THAT(town_.EventsOf<pb::StayOverstayed>(), SizeIs(1));
  EXPECT_EQ(Stay(stay.id()).held_until(), stay.held_until()) << "what was promised stays as it was";
  EXPECT_EQ(town_.Availability(town_.akutten).occupied(), 1) << "and they are there tonight";
  EXPECT_EQ(town_.Availability(town_.akutten, "2026-11-29").free(), 3) << "which promises nothing of tomorrow";
  pb::JudgeOverstayRequest judge;
  judge.set_stay_id(stay.id());
  judge.set_authorised(true);
  judge.set_authorised_until("2026-12-01");
  judge.set_reason_code("A");
  const auto judged = town_.Call(&Stub::JudgeOverstay, Staff(), judge);
  ASSERT_TRUE(judged.ok()) << judged.status();
  EXPECT_EQ(judged->stay().overstay(), pb::OVERSTAY_AUTHORISED);
  EXPECT_EQ(judged->stay().end_date(), "2026-12-01");
  town_.GoTo("2026-12-02");
  EXPECT_THAT(town_.EventsOf<pb::StayOverstayed>(), SizeIs(2)) << "once for each end date";
  EXPECT_EQ(town_.Ended(stay).held_until(), "2026-12-03");
}

TEST_P(ClockTest, AReservationBehindAnOverstayFallsAndItsGrantIsKept) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten, "2026-11-25");
  const pb::Requisition waiting = town_.Granted(SomePerson(), town_.akutten);
  pb::ReserveStayRequest behind;
  behind.set_requisition_id(waiting.id());
  behind.set_place_id(stay.place_id());
  behind.set_start_date("2026-11-26");
  ASSERT_TRUE(town_.Call(&Stub::ReserveStay, Staff(), behind).ok());
  town_.GoTo("2026-11-26");
  const auto cancelled = town_.EventsOf<pb::StayCancelled>();
  ASSERT_THAT(cancelled, SizeIs(1));
  EXPECT_EQ(cancelled[0].reason_code(), "PLACE_NOT_VACATED");
  pb::ReserveStayRequest again;
  again.set_requisition_id(waiting.id());
  EXPECT_TRUE(town_.Call(&Stub::ReserveStay, Staff(), again).ok()) << "another place is free";
}

// Whoever lives there may still leave in time for a later night, the day in which the place is made ready included.
TEST_P(ClockTest, AReservationOfALaterNightStandsBehindAnOverstay) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten, "2026-11-25");
  const auto reserve = [&] {
    pb::ReserveStayRequest request;
    request.set_requisition_id(town_.Granted(SomePerson(), town_.akutten).id());
    request.set_place_id(stay.place_id());
    request.set_start_date("2026-11-28");
    return town_.Call(&Stub::ReserveStay, Staff(), request);
  };
  town_.GoTo("2026-11-26");
  const pb::Stay later = Must(reserve()).stay();
  town_.GoTo("2026-11-27");
  EXPECT_EQ(Stay(later.id()).state(), pb::STAY_STATE_RESERVED);
  town_.Ended(stay);
  EXPECT_EQ(Stay(later.id()).state(), pb::STAY_STATE_RESERVED);
  EXPECT_TRUE(town_
                  .Call(&Stub::ConfirmArrival, Staff(),
                        [&] {
                          pb::ConfirmArrivalRequest arrive;
                          arrive.set_stay_id(later.id());
                          town_.GoTo("2026-11-28");
                          return arrive;
                        }())
                  .ok());
}

// The grants of Akutten are for seven days. Nobody loses a bed by what another, or they themself in it, did.
TEST_P(ClockTest, AGrantDoesNotLapseBecauseThePlaceWasNotVacated) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten, "2026-12-08");
  const pb::Requisition next = town_.Granted(stay.person_ref(), town_.akutten);
  pb::ReserveStayRequest reserve;
  reserve.set_requisition_id(next.id());
  reserve.set_place_id(stay.place_id());
  reserve.set_start_date("2026-12-09");
  EXPECT_TRUE(town_.Call(&Stub::ReserveStay, Staff(), reserve).ok());
  town_.GoTo("2026-12-09");
  EXPECT_EQ(town_.EventsOf<pb::StayCancelled>().back().reason_code(), "PLACE_NOT_VACATED");
  EXPECT_THAT(town_.EventsOf<pb::RequisitionLapsed>(), IsEmpty());
  pb::GetRequisitionRequest get;
  get.set_requisition_id(next.id());
  const pb::Requisition kept = Must(town_.Call(&Stub::GetRequisition, Staff(), get)).requisition();
  EXPECT_EQ(kept.state(), pb::REQUISITION_STATE_GRANTED);
  EXPECT_EQ(kept.use_by(), "2026-12-16");
  reserve.clear_place_id();
  reserve.set_start_date("2026-12-10");
  EXPECT_TRUE(town_.Call(&Stub::ReserveStay, Staff(), reserve).ok());
}

// One has accepted and one has not answered yet; who lives there does not leave in time.
TEST_P(ClockTest, WhoIsOfferedAHomeBehindAnOverstayIsToldTheDayOnWhichItCanBeReserved) {
  const auto lives_until = [&](int place, const std::string& end_date) {
    const pb::Stay stay =
        town_.ReservedBy(town_.Accepted(town_.Offered(town_.Vacant(town_.Places(town_.bokollektivet)[place].id()),
                                                      town_.Listed(SomePerson(), 5))),
                         end_date);
    town_.Signed(stay);
    return town_.Arrived(stay);
  };
  const auto offered = [&](const pb::Stay& stay) {
    return town_.Offered(town_.Vacant(stay.place_id(), stay.held_until()), town_.Listed(SomePerson(), 5));
  };
  const pb::Stay first = lives_until(0, "2026-11-25"), second = lives_until(1, "2026-11-25");
  const pb::PlaceOffer accepted = town_.Accepted(offered(first)), pending = offered(second);
  ASSERT_EQ(accepted.from_date(), first.held_until());
  town_.GoTo("2026-11-26");

  const std::string day = "2026-11-27";  // tonight they are still there
  ASSERT_GT(day, accepted.from_date());
  const auto postponed = town_.EventsOf<pb::PlaceOfferPostponed>();
  ASSERT_THAT(postponed, SizeIs(2));
  EXPECT_EQ(postponed[0].from_date(), day);
  EXPECT_THAT(std::vector({postponed[0].place_offer_id(), postponed[1].place_offer_id()}),
              testing::UnorderedElementsAre(accepted.id(), pending.id()));
  for (const pb::PlaceOffer& place_offer : {accepted, pending}) {
    const auto status = town_.Call(&Stub::GetMyStatus, Resident(place_offer.person_ref()), pb::GetMyStatusRequest());
    ASSERT_TRUE(status.ok()) << status.status();
    EXPECT_EQ(status->place_offer().from_date(), day);
    EXPECT_EQ(status->place_offer().state(), place_offer.state());
  }
  town_.Ended(first);
  pb::ReserveStayRequest reserve;
  reserve.set_place_offer_id(accepted.id());
  reserve.set_start_date(town_.Today());
  EXPECT_EQ(ReasonOf(town_.Call(&Stub::ReserveStay, Staff(), reserve).status()), "DATE_OUT_OF_ORDER");
  reserve.set_start_date(day);
  EXPECT_TRUE(town_.Call(&Stub::ReserveStay, Staff(), reserve).ok()) << "the day of their status";
}

TEST_P(ClockTest, WhoHasNotComeAndWhatWasNotHeldIsSaid) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten);
  pb::PlanContactRequest plan;
  plan.set_stay_id(stay.id());
  plan.set_kind(pb::CONTACT_KIND_HOME_VISIT);
  plan.set_due_date("2026-11-24");
  ASSERT_TRUE(town_.Call(&Stub::PlanContact, Staff(), plan).ok());
  const pb::Stay reserved = town_.Reserved(town_.Granted(SomePerson(), town_.akutten));
  town_.GoTo("2026-11-25");
  EXPECT_THAT(Missed(), ElementsAre(pb::DEADLINE_KIND_ARRIVAL, pb::DEADLINE_KIND_CONTACT));
  EXPECT_TRUE(Stay(reserved.id()).arrival_missed());
  EXPECT_EQ(Stay(reserved.id()).state(), pb::STAY_STATE_RESERVED) << "a person decides what follows";
}

TEST_P(ClockTest, ATenancyThatRunsOutIsSeenAheadAndSaidIfTheResidentIsStillThere) {
  const auto live_until = [&](int place, const std::string& end_date, bool moves_in) {
    const pb::Stay stay = town_.ReservedBy(town_.Accepted(
        town_.Offered(town_.Vacant(town_.Places(town_.smahus)[place].id()), town_.Listed(SomePerson(), 5))));
    pb::GiveSpecialTermsNoticeRequest notice;
    notice.set_stay_id(stay.id());
    Must(town_.Call(&Stub::GiveSpecialTermsNotice, HousingOffice(), notice));
    pb::SignTenancyRequest sign;
    sign.set_stay_id(stay.id());
    sign.set_end_date(end_date);
    const pb::Tenancy tenancy = Must(town_.Call(&Stub::SignTenancy, HousingOffice(), sign)).tenancy();
    if (moves_in) town_.Arrived(stay);
    return tenancy;
  };
  const auto listed = [&](const std::string& until = "") {
    pb::ListDeadlinesRequest request;
    request.set_until(until);
    request.add_kinds(pb::DEADLINE_KIND_TENANCY_END);
    std::vector<std::string> lines;
    const auto response = Must(town_.Call(&Stub::ListDeadlines, Staff(), request));
    for (const pb::Deadline& deadline : response.deadlines()) {
      lines.push_back(absl::StrCat(deadline.subject_id(), deadline.missed() ? " missed" : ""));
    }
    return lines;
  };
  const pb::Tenancy stays = live_until(0, "2027-03-01", true), leaves = live_until(1, "2027-03-02", true);
  live_until(2, "2027-03-01", false);  // never comes
  town_.GoTo("2026-11-30");
  EXPECT_THAT(listed(), IsEmpty()) << "91 days before";
  EXPECT_THAT(listed("9999-12-31"), ElementsAre(stays.id(), leaves.id()));
  town_.GoTo("2026-12-01");
  EXPECT_THAT(listed(), ElementsAre(stays.id()));
  town_.GoTo("2027-03-01");
  EXPECT_THAT(listed(), ElementsAre(stays.id(), leaves.id()));
  town_.Ended(Stay(leaves.stay_id()));
  const size_t before = town_.EventsOf<pb::DeadlineMissed>().size();
  town_.GoTo("2027-03-10");
  const auto missed = town_.EventsOf<pb::DeadlineMissed>();
  ASSERT_THAT(missed, SizeIs(before + 1));
  EXPECT_EQ(missed.back().kind(), pb::DEADLINE_KIND_TENANCY_END);
  EXPECT_EQ(missed.back().subject_id(), stays.id());
  EXPECT_EQ(missed.back().due_date(), "2027-03-01");
  EXPECT_THAT(listed(), ElementsAre(stays.id() + " missed"));
  EXPECT_EQ(Stay(stays.stay_id()).state(), pb::STAY_STATE_ARRIVED) << "a person decides what follows";
  town_.Ended(Stay(stays.stay_id()));
  EXPECT_THAT(listed(), IsEmpty());
}

TEST_P(ClockTest, AfterThreeDaysOfDowntimeEverythingComesInItsOrder) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten, "2026-11-24");
  const pb::Requisition requisition = town_.Requisitioned(SomePerson(), town_.akutten);
  const pb::Stay reserved = town_.Reserved(town_.Granted(SomePerson(), town_.akutten), "2026-11-24");
  const size_t before = town_.EventTypes().size();
  town_.service().Stop();
  town_.service().clock().Advance(absl::Hours(72));
  town_.service().Restart();
  town_.GoDays(0);
  std::vector<std::string> types = town_.EventTypes();
  types.erase(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(before));
  EXPECT_THAT(types, ElementsAre("DeadlineMissed", "DeadlineMissed", "StayOverstayed"));
  EXPECT_THAT(Missed(), ElementsAre(pb::DEADLINE_KIND_REQUISITION_DECISION, pb::DEADLINE_KIND_ARRIVAL));
  EXPECT_EQ(town_.Availability(town_.akutten).occupied(), 1) << "who has not left is there tonight";
  town_.GoDays(0);
  EXPECT_THAT(town_.EventTypes(), SizeIs(before + 3)) << "and once";
}

}  // namespace
}  // namespace mestring::housing
