// S10: whoever lists and then watches has the version of everything: each event names what it moves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/housing/town.h"
#include "tests/support/contract_suite.h"

namespace mestring::housing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Stub = Town::Stub;

class VersionsTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { ExpectVersionsAreTold(town_); }

  Town town_{GetParam()};

  // The types of what has happened since the last call.
  std::vector<std::string> News() {
    std::vector<std::string> types = town_.EventTypes();
    types.erase(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(seen_));
    seen_ += types.size();
    return types;
  }
  pb::PlaceOffer Offered(const std::string& person) {
    return town_.Offered(town_.Vacant(town_.Places(town_.bokollektivet)[0].id()), town_.Listed(person, 5));
  }
  pb::Stay Stay(const std::string& id) {
    pb::GetStayRequest request;
    request.set_stay_id(id);
    return town_.Call(&Stub::GetStay, Staff(), request)->stay();
  }

  size_t seen_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Engines, VersionsTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(VersionsTest, AnOverstayIsToldOnceAndNoFurtherNightChangesTheStay) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten, "2026-11-26");
  town_.GoTo("2026-11-27");
  const int64_t told = Stay(stay.id()).version();
  News();
  EXPECT_THAT(town_.EventsOf<pb::StayOverstayed>(), SizeIs(1));
  town_.GoTo("2026-11-30");
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_EQ(Stay(stay.id()).version(), told);
}

TEST_P(VersionsTest, AnOfferNamesTheApplicationItsEntryAndTheVacancy) {
  const pb::PlaceOffer place_offer = Offered(SomePerson());
  const auto made = town_.EventsOf<pb::PlaceOfferMade>();
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].application_id(), place_offer.application_id());
  EXPECT_EQ(made[0].list_entry_id(), place_offer.list_entry_id());
  EXPECT_EQ(made[0].vacancy_id(), place_offer.vacancy_id());
}

TEST_P(VersionsTest, ADeclineATakingBackAndAnExpiryTellThatBothAreFreeAgain) {
  const std::string person = SomePerson();
  const pb::PlaceOffer declined = Offered(person);
  const pb::Vacancy vacancy = town_
                                  .Call(&Stub::GetVacancy, HousingOffice(),
                                        [&] {
                                          pb::GetVacancyRequest request;
                                          request.set_vacancy_id(declined.vacancy_id());
                                          return request;
                                        }())
                                  ->vacancy();
  News();
  pb::AnswerPlaceOfferRequest decline;
  decline.set_place_offer_id(declined.id());
  decline.set_answer(pb::ANSWER_DECLINE);
  decline.set_decline_reason_code("A");
  Must(town_.Call(&Stub::AnswerPlaceOffer, Resident(person), decline));
  EXPECT_THAT(News(), ElementsAre("PlaceOfferAnswered", "VacancyOpened", "ListReturned"));
  EXPECT_EQ(town_.EventsOf<pb::VacancyOpened>().back().vacancy_id(), vacancy.id());
  EXPECT_EQ(town_.EventsOf<pb::ListReturned>().back().list_entry_id(), declined.list_entry_id());
  EXPECT_EQ(town_.EventsOf<pb::ListReturned>().back().application_id(), declined.application_id());
  EXPECT_EQ(town_.EventsOf<pb::ListReturned>().back().person_ref(), person);

  const pb::PlaceOffer revoked = town_.Offered(vacancy, town_.Listed(SomePerson(), 9));
  News();
  pb::RevokePlaceOfferRequest revoke;
  revoke.set_place_offer_id(revoked.id());
  revoke.set_reason_code("A");
  Must(town_.Call(&Stub::RevokePlaceOffer, HousingOffice(), revoke));
  EXPECT_THAT(News(), ElementsAre("PlaceOfferRevoked", "VacancyOpened", "ListReturned"));

  const pb::PlaceOffer expired = town_.Offered(vacancy, town_.Listed(SomePerson(), 10));
  News();
  town_.GoTo("2026-12-01");
  EXPECT_THAT(News(), ElementsAre("PlaceOfferExpired", "VacancyOpened", "ListReturned"));
}

TEST_P(VersionsTest, AReservationAndItsEndNameWhatItRestsOn) {
  const pb::Requisition requisition = town_.Granted(SomePerson(), town_.akutten);
  const pb::Stay stay = town_.Reserved(requisition);
  EXPECT_EQ(town_.EventsOf<pb::StayReserved>().back().requisition_id(), requisition.id());
  pb::CancelStayRequest cancel;
  cancel.set_stay_id(stay.id());
  cancel.set_reason_code("A");
  Must(town_.Call(&Stub::CancelStay, Staff(), cancel));
  EXPECT_EQ(town_.EventsOf<pb::StayCancelled>().back().requisition_id(), requisition.id());

  const pb::PlaceOffer accepted = town_.Accepted(Offered(SomePerson()));
  const pb::Stay home = town_.ReservedBy(accepted);
  EXPECT_EQ(town_.EventsOf<pb::StayReserved>().back().place_offer_id(), accepted.id());
  News();
  cancel.set_stay_id(home.id());
  cancel.clear_request_id();
  Must(town_.Call(&Stub::CancelStay, Staff(), cancel));
  EXPECT_THAT(News(), ElementsAre("StayCancelled", "ListReturned"));
}

TEST_P(VersionsTest, AMoveNamesWhatTheResidentTakesAlong) {
  const pb::PlaceOffer accepted = town_.Accepted(Offered(SomePerson()));
  const pb::Stay reserved = town_.ReservedBy(accepted);
  const pb::Tenancy tenancy = town_.Signed(reserved);
  const pb::Stay stay = town_.Arrived(reserved);
  pb::PlanContactRequest plan;
  plan.set_stay_id(stay.id());
  plan.set_kind(pb::CONTACT_KIND_HOME_VISIT);
  plan.set_due_date("2026-11-30");
  const pb::Contact contact = Must(town_.Call(&Stub::PlanContact, Staff(), plan)).contact();
  pb::MoveStayRequest move;
  move.set_stay_id(stay.id());
  move.set_place_id(town_.Places(town_.bokollektivet)[1].id());
  Must(town_.Call(&Stub::MoveStay, Staff(), move));
  const auto moved = town_.EventsOf<pb::StayMoved>();
  ASSERT_THAT(moved, SizeIs(1));
  EXPECT_EQ(moved[0].place_offer_id(), accepted.id());
  EXPECT_THAT(moved[0].tenancy_ids(), ElementsAre(tenancy.id()));
  EXPECT_THAT(moved[0].contact_ids(), ElementsAre(contact.id()));

  const pb::Requisition requisition = town_.Granted(SomePerson(), town_.akutten);
  move.set_stay_id(town_.Arrived(town_.Reserved(requisition)).id());
  move.set_place_id(town_.Places(town_.akutten)[2].id());
  move.clear_request_id();
  Must(town_.Call(&Stub::MoveStay, Staff(), move));
  EXPECT_EQ(town_.EventsOf<pb::StayMoved>().back().requisition_id(), requisition.id());
}

TEST_P(VersionsTest, ADecisionNamesTheOneThatItSupersedes) {
  pb::DecideRequisitionRequest decide;
  decide.set_requisition_id(town_.Requisitioned(SomePerson(), town_.akutten).id());
  decide.set_outcome(pb::OUTCOME_REFUSED);
  decide.set_reason_code("A");
  Must(town_.Call(&Stub::DecideRequisition, Staff(), decide));
  decide.set_outcome(pb::OUTCOME_GRANTED);
  Must(town_.Call(&Stub::DecideRequisition, Staff(), decide));
  const auto decided = town_.EventsOf<pb::RequisitionDecided>();
  ASSERT_THAT(decided, SizeIs(2));
  EXPECT_EQ(decided[0].superseded_decision_id(), "");
  EXPECT_EQ(decided[1].superseded_decision_id(), decided[0].decision_id());
}

TEST_P(VersionsTest, ANewNeedAndARenewedApprovalNameTheEntryOnTheList) {
  const pb::Application application = town_.Listed(SomePerson(), 5);
  const std::string entry = town_.EventsOf<pb::ListEntered>().back().list_entry_id();
  EXPECT_EQ(town_.EventsOf<pb::NeedAssessed>().back().list_entry_id(), "") << "it was not on the list then";
  pb::AssessNeedRequest assess;
  assess.set_application_id(application.id());
  assess.add_factors()->set_factor_code("HOMELESS");
  assess.set_reason_code("A");
  assess.add_suitable_kinds(pb::SCHEME_KIND_COLLECTIVE);
  Must(town_.Call(&Stub::AssessNeed, HousingOffice(), assess));
  EXPECT_EQ(town_.EventsOf<pb::NeedAssessed>().back().list_entry_id(), entry);
  pb::RenewApprovalRequest renew;
  renew.set_application_id(application.id());
  renew.set_reason_code("A");
  town_.GoTo("2027-11-01");
  Must(town_.Call(&Stub::RenewApproval, HousingOffice(), renew));
  EXPECT_EQ(town_.EventsOf<pb::ApprovalRenewed>().back().list_entry_id(), entry);
}

}  // namespace
}  // namespace mestring::housing
