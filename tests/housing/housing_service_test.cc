// The housing service as its callers meet it: through the real stub, on both engines.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/match.h"
#include "common/base/clock.h"
#include "common/base/field_rules.h"
#include "common/rpc/audience.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/housing_rules.h"
#include "tests/housing/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"
#include "tests/support/own_codes.h"

namespace mestring::housing {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;
using Stub = Town::Stub;

class HousingTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override {
    ExpectVersionsAreTold(town_);
    ExpectReasonsAreNamed<pb::GetCodeListRequest, pb::CodeListKind>(town_);
  }

  Town town_{GetParam()};

  absl::StatusOr<pb::ReserveStayResponse> Reserve(const std::string& requisition_id, std::string place_id = "",
                                                  std::string start = "", std::string end = "") {
    pb::ReserveStayRequest request;
    request.set_requisition_id(requisition_id);
    request.set_place_id(place_id);
    request.set_start_date(start);
    request.set_end_date(end);
    return town_.Call(&Stub::ReserveStay, Staff(), request);
  }

  absl::StatusOr<pb::MoveStayResponse> MoveTo(const pb::Stay& stay, const std::string& reserved_stay_id) {
    pb::MoveStayRequest request;
    request.set_stay_id(stay.id());
    request.set_reserved_stay_id(reserved_stay_id);
    return town_.Call(&Stub::MoveStay, Staff(), request);
  }

  absl::StatusOr<pb::GetStayResponse> GetStay(const std::string& id, const Who& who) {
    pb::GetStayRequest request;
    request.set_stay_id(id);
    return town_.Call(&Stub::GetStay, who, request);
  }

  // A free place of the same scheme.
  std::string AnotherPlace(const pb::Stay& stay) {
    for (const pb::Place& place : town_.Places(stay.scheme_id())) {
      if (place.state() == pb::PLACE_STATE_FREE) return place.id();
    }
    return "";
  }

  absl::StatusOr<pb::MoveStayResponse> MoveInside(const pb::Stay& stay) {
    pb::MoveStayRequest request;
    request.set_stay_id(stay.id());
    request.set_place_id(AnotherPlace(stay));
    return town_.Call(&Stub::MoveStay, Staff(), request);
  }

  // All events that somebody may see, from the start.
  std::vector<events::v1::Event> Heard(const Who& who) {
    events::v1::ListRequest request;
    request.set_page_size(1000);
    const auto stub = events::v1::EventService::NewStub(town_.service().channel());
    events::v1::ListResponse response;
    EXPECT_TRUE(stub->List(town_.Context(who).get(), request, &response).ok());
    EXPECT_EQ(response.as_of(), response.head()) << "one page";
    std::vector<events::v1::Event> heard;
    for (const events::v1::Event& event : response.events()) {
      const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(event.type());
      if (event.type().starts_with("mestring.housing.") && NamesSomebody(*type)) heard.push_back(event);
    }
    return heard;
  }

  std::vector<pb::ListEntry> Waiting() {
    const auto response = town_.Call(&Stub::ListWaiting, HousingOffice(), pb::ListWaitingRequest());
    return {response->entries().begin(), response->entries().end()};
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, HousingTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

// ---- The requisition route ----

TEST_P(HousingTest, NavRequisitionsAkuttenAndThePersonMovesInTheSameDay) {
  const std::string person = SomePerson();
  const pb::Requisition requisition = town_.Requisitioned(person, town_.akutten);
  EXPECT_EQ(requisition.state(), pb::REQUISITION_STATE_RECEIVED);
  EXPECT_EQ(requisition.decide_by(), town_.Today());
  EXPECT_EQ(requisition.organisation_id(), "nav-sandnes");

  pb::DecideRequisitionRequest decide;
  decide.set_requisition_id(requisition.id());
  decide.set_outcome(pb::OUTCOME_GRANTED);
  decide.set_reason_code("A");
  const auto decided = town_.Call(&Stub::DecideRequisition, Staff(), decide);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->decision().complaint_deadline(), "2026-12-14");

  const pb::Stay stay = town_.Arrived(town_.Reserved(decided->requisition()));
  EXPECT_EQ(stay.state(), pb::STAY_STATE_ARRIVED);
  EXPECT_EQ(stay.limit_date(), "2027-02-21");
  EXPECT_THAT(town_.EventTypes(),
              IsSupersetOf({"RequisitionReceived", "RequisitionDecided", "StayReserved", "StayArrived"}));
  EXPECT_EQ(town_.Availability(town_.akutten).occupied(), 1);
  EXPECT_EQ(town_.Availability(town_.akutten).free(), 2);
}

TEST_P(HousingTest, ARefusalForResidenceIsOvercomeByARecordedOverride) {
  pb::SubmitRequisitionRequest submit;
  submit.set_person_ref(SomePerson());
  submit.set_scheme_id(town_.akutten);
  submit.set_channel(pb::CHANNEL_WRITTEN);
  submit.set_origin(pb::ORIGIN_HOMELESS);
  submit.set_residence(pb::RESIDENCE_STAYS_HERE);
  const auto submitted = town_.Call(&Stub::SubmitRequisition, Nav(), submit);
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_THAT(submitted->requisition().warnings(), Contains(pb::WARNING_RESIDENCE_NOT_MET));

  pb::DecideRequisitionRequest decide;
  decide.set_requisition_id(submitted->requisition().id());
  decide.set_outcome(pb::OUTCOME_REFUSED);
  decide.set_reason_code("A");
  EXPECT_REFUSED(town_.Call(&Stub::DecideRequisition, Staff(), decide), "ALTERNATIVE_ROUTE_REQUIRED");
  decide.set_alternative_route_code("A");
  decide.set_alternative_route_note("The NAV office where you stay decides on shelter there.");
  const auto refused = town_.Call(&Stub::DecideRequisition, Staff(), decide);
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_REFUSED(Reserve(submitted->requisition().id()), "WRONG_STATE");

  pb::DecideRequisitionRequest grant;
  grant.set_requisition_id(decide.requisition_id());
  grant.set_outcome(pb::OUTCOME_GRANTED);
  grant.set_reason_code("B");
  EXPECT_REFUSED(town_.Call(&Stub::DecideRequisition, Staff(), grant), "RESIDENCE_REQUIRED");
  grant.set_override_reason_code("NO_SUCH_CODE");
  EXPECT_REFUSED(town_.Call(&Stub::DecideRequisition, Staff(), grant), "UNKNOWN_CODE");
  grant.set_override_reason_code("A");
  const auto granted = town_.Call(&Stub::DecideRequisition, Staff(), grant);
  ASSERT_TRUE(granted.ok()) << granted.status();
  EXPECT_EQ(granted->decision().override_by(), "test-caller");

  pb::ListDecisionsRequest list;
  list.set_case_id(decide.requisition_id());
  const auto decisions = town_.Call(&Stub::ListDecisions, Staff(), list);
  ASSERT_THAT(decisions->decisions(), SizeIs(2));
  int superseded = 0;
  for (const pb::Decision& decision : decisions->decisions()) {
    superseded +=
        decision.state() == pb::DECISION_STATE_SUPERSEDED && decision.superseded_by_id() == granted->decision().id();
  }
  EXPECT_EQ(superseded, 1) << "both decisions are kept";
}

TEST_P(HousingTest, OnlyTheRightOfficeUsesARoute) {
  pb::SubmitRequisitionRequest submit;
  submit.set_person_ref(SomePerson());
  submit.set_scheme_id(town_.bokollektivet);
  submit.set_channel(pb::CHANNEL_ORAL);
  submit.set_origin(pb::ORIGIN_HOMELESS);
  submit.set_residence(pb::RESIDENCE_REGISTERED);
  EXPECT_REFUSED(town_.Call(&Stub::SubmitRequisition, Nav(), submit), "WRONG_ROUTE");
  submit.set_scheme_id(town_.akutten);
  EXPECT_REFUSED(town_.Call(&Stub::SubmitRequisition, Hospital(), submit), "WRONG_ROUTE");
  submit.set_scheme_id(town_.lutsivegen);
  EXPECT_REFUSED(town_.Call(&Stub::SubmitRequisition, Hospital(), submit), "RESPONSIBLE_UNIT_REQUIRED");
  EXPECT_EQ(town_.LivesIn(SomePerson(), town_.lutsivegen).responsible_unit(), "sus-sikkerhet");
}

// [H4] The unit that keeps the responsibility hears of all that becomes of its patient here, also where
// another unit of the hospital asked.
TEST_P(HousingTest, TheResponsibleUnitHearsOfEverythingThatItMayRead) {
  const Who unit = Hospital("sus-sikkerhet");
  town_.LivesIn(SomePerson(), town_.akutten);  // not theirs
  pb::SetSchemePolicyRequest policy;
  policy.set_scheme_id(town_.lutsivegen);
  *policy.mutable_policy() = town_.Policy(pb::ROUTE_SPECIALIST);
  policy.mutable_policy()->set_max_stay_days(30);
  policy.mutable_policy()->add_alert_days(4);
  EXPECT_DONE(town_.Call(&Stub::SetSchemePolicy, UnitLeader(), policy));
  const size_t before = town_.Events().size();

  pb::WithdrawRequisitionRequest withdraw;
  withdraw.set_requisition_id(town_.Requisitioned(SomePerson(), town_.lutsivegen).id());
  withdraw.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::WithdrawRequisition, Hospital(), withdraw));

  const pb::Requisition unused = town_.Granted(SomePerson(), town_.lutsivegen);
  pb::CancelStayRequest cancel;
  cancel.set_stay_id(town_.Reserved(unused).id());
  cancel.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::CancelStay, Staff(), cancel));
  pb::RecordNotArrivedRequest missed;
  missed.set_stay_id(town_.Reserved(unused).id());
  missed.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::RecordNotArrived, Staff(), missed));

  const pb::Stay first = town_.LivesIn(SomePerson(), town_.lutsivegen, "2026-11-25");
  EXPECT_DONE(GetStay(first.id(), unit));
  pb::ExtendStayRequest extend;
  extend.set_stay_id(first.id());
  extend.set_end_date("2026-11-28");
  extend.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::ExtendStay, Staff(), extend));
  const auto moved = MoveInside(first);
  ASSERT_TRUE(moved.ok()) << moved.status();
  town_.GoTo("2026-12-02");  // the mark of 4 days, the day of departure, the grant that nobody used
  pb::JudgeOverstayRequest judge;
  judge.set_stay_id(moved->stay().id());
  judge.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::JudgeOverstay, Staff(), judge));
  town_.Ended(moved->stay());

  // What is theirs: every event of the walk that the contract shows to the specialist health service.
  std::set<std::string> shown;
  const google::protobuf::FileDescriptor& file = *pb::StayEnded::descriptor()->file();
  for (int i = 0; i < file.message_type_count(); ++i) {
    const google::protobuf::Descriptor& type = *file.message_type(i);
    const std::vector<Role> roles = *VisibleTo(type);
    const bool told = std::find(roles.begin(), roles.end(), access::v1::ROLE_SPECIALIST_HEALTH) != roles.end();
    if (told && type.FindFieldByName("person_ref") != nullptr) shown.insert(type.full_name());
  }
  std::set<std::string> types;
  std::vector<std::string> heard, due;
  for (const events::v1::Event& event : Heard(unit)) {
    types.insert(event.type());
    heard.push_back(event.id());
  }
  EXPECT_EQ(types, shown);
  const std::vector<events::v1::Event> all = town_.Events();
  for (size_t i = before; i < all.size(); ++i) {
    if (shown.contains(all[i].type())) due.push_back(all[i].id());
  }
  EXPECT_EQ(heard, due);

  // A watch shows the same, in the same order; another unit hears of nobody.
  const auto stub = events::v1::EventService::NewStub(town_.service().channel());
  events::v1::WatchRequest request;
  request.set_after(all[before - 1].cursor());
  const auto context = town_.Context(unit);
  const auto reader = stub->Watch(context.get(), request);
  std::vector<std::string> watched;
  events::v1::WatchResponse response;
  while (watched.size() < due.size() && reader->Read(&response)) {
    if (response.event().type().starts_with("mestring.housing.")) watched.push_back(response.event().id());
  }
  context->TryCancel();
  EXPECT_EQ(watched, due);
  EXPECT_THAT(Heard(Hospital("sus-annen")), SizeIs(0));
}

// ---- The application route ----

TEST_P(HousingTest, ThreeApplyTheFirstDeclinesTheSecondMovesIn) {
  const std::string a = SomePerson(), b = SomePerson(), c = SomePerson();
  const pb::Application some = town_.Listed(a, 3), most = town_.Listed(b, 9), more = town_.Listed(c, 6);
  const std::vector<pb::ListEntry> waiting = Waiting();
  ASSERT_THAT(waiting, SizeIs(3));
  EXPECT_EQ(waiting[0].application_id(), most.id());
  EXPECT_EQ(waiting[1].application_id(), more.id());
  EXPECT_EQ(waiting[0].rule_version(), 1);
  EXPECT_EQ(waiting[0].reason_code(), "A");
  EXPECT_EQ(waiting[0].score(), 90);

  const pb::Vacancy vacancy = town_.Vacant(town_.Places(town_.bokollektivet)[0].id());
  pb::MakePlaceOfferRequest offer;
  offer.set_vacancy_id(vacancy.id());
  offer.set_application_id(some.id());
  EXPECT_REFUSED(town_.Call(&Stub::MakePlaceOffer, HousingOffice(), offer), "PASSED_OVER_REASON_REQUIRED");
  offer.set_application_id(most.id());
  const auto first = town_.Call(&Stub::MakePlaceOffer, HousingOffice(), offer);
  ASSERT_TRUE(first.ok()) << first.status();
  offer.set_application_id(more.id());
  EXPECT_REFUSED(town_.Call(&Stub::MakePlaceOffer, HousingOffice(), offer), "VACANCY_TAKEN");

  pb::AnswerPlaceOfferRequest decline;
  decline.set_place_offer_id(first->place_offer().id());
  decline.set_answer(pb::ANSWER_DECLINE);
  EXPECT_REFUSED(town_.Call(&Stub::AnswerPlaceOffer, Resident(b), decline), "INVALID_FIELD");
  decline.set_decline_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::AnswerPlaceOffer, Resident(b), decline));
  EXPECT_EQ(Waiting()[0].application_id(), most.id()) << "back on the list with the same need";

  // The offer passes on: whoever declined this vacancy is not proposed for it again.
  pb::ProposeCandidatesRequest propose;
  propose.set_vacancy_id(vacancy.id());
  const auto candidates = town_.Call(&Stub::ProposeCandidates, HousingOffice(), propose);
  ASSERT_THAT(candidates->candidates(), SizeIs(2));
  EXPECT_EQ(candidates->candidates(0).application_id(), more.id());
  const auto second = town_.Call(&Stub::MakePlaceOffer, HousingOffice(), offer);
  ASSERT_TRUE(second.ok()) << second.status();

  const pb::Stay stay = town_.ReservedBy(town_.Accepted(second->place_offer()));
  pb::ConfirmArrivalRequest arrival;
  arrival.set_stay_id(stay.id());
  EXPECT_REFUSED(town_.Call(&Stub::ConfirmArrival, Staff(), arrival), "TENANCY_REQUIRED");
  town_.Signed(stay);
  EXPECT_DONE(town_.Call(&Stub::ConfirmArrival, Staff(), arrival));
  EXPECT_THAT(Waiting(), SizeIs(2));
  pb::GetApplicationRequest get;
  get.set_application_id(more.id());
  EXPECT_EQ(town_.Call(&Stub::GetApplication, Resident(c), get)->application().state(), pb::APPLICATION_STATE_HOUSED);
}

TEST_P(HousingTest, AnApplicantsOwnDayIsKeptAndRanksNobody) {
  pb::SubmitApplicationRequest request;
  request.set_person_ref(SomePerson());
  request.set_residence(pb::RESIDENCE_REGISTERED);
  request.set_needed_by("2099-01-01");
  EXPECT_REFUSED(town_.Call(&Stub::SubmitApplication, Resident(request.person_ref()), request), "INVALID_FIELD");
  // Eight who say it was needed long ago, and eight who say nothing: were the day a rank, the first would lead.
  for (int i = 0; i < 8; ++i) {
    town_.Listed(SomePerson(), 5, "0001-01-01");
    town_.Listed(SomePerson(), 5);
  }
  const std::vector<pb::ListEntry> waiting = Waiting();
  ASSERT_THAT(waiting, SizeIs(16));
  EXPECT_TRUE(std::none_of(waiting.begin(), waiting.end(), [](const pb::ListEntry& entry) {
    return absl::StrContains(entry.rank_key(), "0001-01-01");
  }));
  EXPECT_EQ(std::count_if(waiting.begin(), waiting.end(),
                          [](const pb::ListEntry& entry) { return entry.needed_by() == "0001-01-01"; }),
            8);
}

TEST_P(HousingTest, ASmahusTenancyWaitsForTheWrittenNotice) {
  const pb::Application application = town_.Listed(SomePerson(), 5);
  const pb::Stay stay =
      town_.ReservedBy(town_.Accepted(town_.Offered(town_.Vacant(town_.Places(town_.smahus)[0].id()), application)));
  EXPECT_EQ(stay.support_team_id(), town_.team_id);
  pb::SignTenancyRequest sign;
  sign.set_stay_id(stay.id());
  EXPECT_REFUSED(town_.Call(&Stub::SignTenancy, HousingOffice(), sign), "SPECIAL_TERMS_NOTICE_REQUIRED");
  pb::GiveSpecialTermsNoticeRequest notice;
  notice.set_stay_id(stay.id());
  EXPECT_DONE(town_.Call(&Stub::GiveSpecialTermsNotice, HousingOffice(), notice));
  const auto signed_one = town_.Call(&Stub::SignTenancy, HousingOffice(), sign);
  ASSERT_TRUE(signed_one.ok()) << signed_one.status();
  EXPECT_EQ(signed_one->tenancy().kind(), pb::TENANCY_KIND_SPECIAL_TERMS);
  EXPECT_REFUSED(town_.Call(&Stub::SignTenancy, HousingOffice(), sign), "TENANCY_EXISTS");
  town_.Arrived(stay);
}

TEST_P(HousingTest, ATenancyThatEndsIsFollowedByAnother) {
  const std::vector<pb::Place> places = town_.Places(town_.smahus);
  pb::Stay stay =
      town_.ReservedBy(town_.Accepted(town_.Offered(town_.Vacant(places[0].id()), town_.Listed(SomePerson(), 5))));
  pb::GiveSpecialTermsNoticeRequest notice;
  notice.set_stay_id(stay.id());
  EXPECT_DONE(town_.Call(&Stub::GiveSpecialTermsNotice, HousingOffice(), notice));
  pb::SignTenancyRequest sign;
  sign.set_stay_id(stay.id());
  sign.set_end_date("2026-12-20");
  const pb::Tenancy first = Must(town_.Call(&Stub::SignTenancy, HousingOffice(), sign)).tenancy();
  town_.Arrived(stay);
  town_.GoTo("2026-12-10");
  // The contract before holds while the notice for the next one is out.
  EXPECT_DONE(town_.Call(&Stub::GiveSpecialTermsNotice, HousingOffice(), notice));
  const auto own = town_.Call(&Stub::GetMyStatus, Resident(stay.person_ref()), pb::GetMyStatusRequest());
  EXPECT_EQ(own->tenancy().id(), first.id());
  // Both follow the resident inside the scheme.
  stay = MoveInside(stay)->stay();
  sign.set_stay_id(stay.id());
  sign.clear_end_date();
  const auto second = town_.Call(&Stub::SignTenancy, HousingOffice(), sign);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->tenancy().start_date(), "2026-12-20");
  EXPECT_EQ(second->tenancy().place_id(), stay.place_id());
  pb::GetTenancyRequest get;
  get.set_tenancy_id(first.id());
  const pb::Tenancy before = Must(town_.Call(&Stub::GetTenancy, Staff(), get)).tenancy();
  EXPECT_EQ(before.state(), pb::TENANCY_STATE_ENDED);
  EXPECT_EQ(before.end_date(), "2026-12-20");
  EXPECT_EQ(town_.EventsOf<pb::TenancyEnded>().back().tenancy_id(), first.id());
  notice.set_stay_id(stay.id());
  EXPECT_REFUSED(town_.Call(&Stub::GiveSpecialTermsNotice, HousingOffice(), notice), "TENANCY_EXISTS");
  town_.GoTo("2027-01-10");
  EXPECT_THAT(town_.EventsOf<pb::DeadlineMissed>(), IsEmpty()) << "nothing ran out under the resident";
}

TEST_P(HousingTest, WhoLeavesBeforeTheNextTenancyBeginsEndsBoth) {
  const pb::Stay stay = town_.ReservedBy(
      town_.Accepted(town_.Offered(town_.Vacant(town_.Places(town_.smahus)[0].id()), town_.Listed(SomePerson(), 5))));
  pb::GiveSpecialTermsNoticeRequest notice;
  notice.set_stay_id(stay.id());
  pb::SignTenancyRequest sign;
  sign.set_stay_id(stay.id());
  sign.set_end_date("2026-12-20");
  EXPECT_DONE(town_.Call(&Stub::GiveSpecialTermsNotice, HousingOffice(), notice));
  const pb::Tenancy first = Must(town_.Call(&Stub::SignTenancy, HousingOffice(), sign)).tenancy();
  town_.Arrived(stay);
  EXPECT_DONE(town_.Call(&Stub::GiveSpecialTermsNotice, HousingOffice(), notice));
  sign.clear_end_date();
  const pb::Tenancy second = Must(town_.Call(&Stub::SignTenancy, HousingOffice(), sign)).tenancy();
  town_.GoTo("2026-12-10");
  town_.Ended(stay);
  const auto end_of = [&](const pb::Tenancy& tenancy) {
    pb::GetTenancyRequest get;
    get.set_tenancy_id(tenancy.id());
    return Must(town_.Call(&Stub::GetTenancy, Staff(), get)).tenancy().end_date();
  };
  EXPECT_EQ(end_of(first), "2026-12-10");
  EXPECT_EQ(end_of(second), "2026-12-20") << "it never began";
}

TEST_P(HousingTest, ATenancyIsOfThePlaceThatItsReservationMovesTo) {
  const pb::Stay stay = town_.ReservedBy(town_.Accepted(
      town_.Offered(town_.Vacant(town_.Places(town_.bokollektivet)[0].id()), town_.Listed(SomePerson(), 5))));
  const pb::Tenancy tenancy = town_.Signed(stay);
  const auto moved = MoveInside(stay);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_NE(moved->stay().place_id(), stay.place_id());
  pb::GetTenancyRequest get;
  get.set_tenancy_id(tenancy.id());
  EXPECT_EQ(Must(town_.Call(&Stub::GetTenancy, Staff(), get)).tenancy().place_id(), moved->stay().place_id());
}

TEST_P(HousingTest, AnAkuttenStayHasNoTenancy) {
  pb::SignTenancyRequest sign;
  sign.set_stay_id(town_.LivesIn(SomePerson(), town_.akutten).id());
  EXPECT_REFUSED(town_.Call(&Stub::SignTenancy, HousingOffice(), sign), "TENANCY_NOT_ALLOWED");
}

TEST_P(HousingTest, PlacesAreAskedForTonightOrLaterAndNeverForANightThatHasPassed) {
  pb::ListPlacesRequest list;
  list.set_scheme_id(town_.akutten);
  pb::GetAvailabilityRequest free;
  for (const std::string& date : {town_.Today(), std::string("2026-12-24")}) {
    list.set_date(date);
    free.set_date(date);
    EXPECT_DONE(town_.Call(&Stub::ListPlaces, Staff(), list));
    EXPECT_DONE(town_.Call(&Stub::GetAvailability, Staff(), free));
  }
  list.set_date("2026-11-22");
  free.set_date("2026-11-22");
  EXPECT_REFUSED(town_.Call(&Stub::ListPlaces, Staff(), list), "INVALID_FIELD");
  EXPECT_REFUSED(town_.Call(&Stub::GetAvailability, Staff(), free), "INVALID_FIELD");
}

TEST_P(HousingTest, APersonHasOneApplicationUnderWay) {
  const std::string person = SomePerson();
  const pb::Application application = town_.Applied(person);
  pb::SubmitApplicationRequest again;
  again.set_person_ref(person);
  again.set_residence(pb::RESIDENCE_REGISTERED);
  EXPECT_REFUSED(town_.Call(&Stub::SubmitApplication, Resident(person), again), "APPLICATION_OPEN");
  pb::WithdrawApplicationRequest withdraw;
  withdraw.set_application_id(application.id());
  EXPECT_DONE(town_.Call(&Stub::WithdrawApplication, Resident(person), withdraw));
  EXPECT_DONE(town_.Call(&Stub::SubmitApplication, Resident(person), again));
}

TEST_P(HousingTest, WhatIsMissingIsAskedForAndComes) {
  const std::string person = SomePerson();
  const pb::Application application = town_.Applied(person);
  pb::RequestInformationRequest ask;
  ask.set_application_id(application.id());
  ask.add_information_codes("A");
  ask.set_information_by("2026-12-01");
  const auto asked = town_.Call(&Stub::RequestInformation, HousingOffice(), ask);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->application().state(), pb::APPLICATION_STATE_INCOMPLETE);
  EXPECT_EQ(asked->application().decide_by(), application.decide_by()) << "the clock goes on";
  pb::CompleteApplicationRequest complete;
  complete.set_application_id(application.id());
  EXPECT_EQ(town_.Call(&Stub::CompleteApplication, Resident(person), complete)->application().state(),
            pb::APPLICATION_STATE_UNDER_REVIEW);
}

TEST_P(HousingTest, WithdrawingRevokesTheOpenOfferAndTheVacancyPassesOn) {
  const std::string person = SomePerson();
  const pb::Application application = town_.Listed(person, 5);
  const pb::Vacancy vacancy = town_.Vacant(town_.Places(town_.bokollektivet)[0].id());
  town_.Offered(vacancy, application);
  pb::WithdrawApplicationRequest withdraw;
  withdraw.set_application_id(application.id());
  EXPECT_DONE(town_.Call(&Stub::WithdrawApplication, Resident(person), withdraw));
  pb::GetVacancyRequest get;
  get.set_vacancy_id(vacancy.id());
  EXPECT_EQ(town_.Call(&Stub::GetVacancy, Staff(), get)->vacancy().state(), pb::VACANCY_STATE_OPEN);
  EXPECT_THAT(Waiting(), SizeIs(0));
  EXPECT_THAT(town_.EventTypes(), IsSupersetOf({"PlaceOfferRevoked", "ApplicationWithdrawn", "ListLeft"}));
}

// ---- Stays ----

TEST_P(HousingTest, StaysNeverOverlapAndTurnaroundDaysCount) {
  const std::string place = town_.Places(town_.akutten)[0].id();
  EXPECT_DONE(Reserve(town_.Granted(SomePerson(), town_.akutten).id(), place, "2026-12-01", "2026-12-10"));
  const std::string other = town_.Granted(SomePerson(), town_.akutten).id();
  EXPECT_REFUSED(Reserve(other, place, "2026-12-09", "2026-12-12"), "PLACE_TAKEN");
  EXPECT_REFUSED(Reserve(other, place, "2026-12-10", "2026-12-12"), "PLACE_TAKEN") << "a turnaround day";
  EXPECT_REFUSED(Reserve(other, place, "2026-11-29", "2026-12-01"), "PLACE_TAKEN") << "its own turnaround day";
  EXPECT_DONE(Reserve(other, place, "2026-12-11", "2026-12-12"));
  EXPECT_DONE(Reserve(town_.Granted(SomePerson(), town_.akutten).id(), place, "2026-11-29", "2026-11-30"));
}

TEST_P(HousingTest, APlaceIsClosedForRepairAndReopened) {
  const std::vector<pb::Place> places = town_.Places(town_.akutten);
  pb::ClosePlaceRequest close;
  close.set_place_id(places[0].id());
  close.set_reason_code("A");
  const auto closed = town_.Call(&Stub::ClosePlace, Staff(), close);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(town_.Availability(town_.akutten).closed(), 1);
  EXPECT_REFUSED(Reserve(town_.Granted(SomePerson(), town_.akutten).id(), places[0].id()), "PLACE_TAKEN");
  EXPECT_NE(town_.LivesIn(SomePerson(), town_.akutten).place_id(), places[0].id());
  pb::ReopenPlaceRequest reopen;
  reopen.set_closure_id(closed->closure().id());
  EXPECT_DONE(town_.Call(&Stub::ReopenPlace, Staff(), reopen));
  EXPECT_REFUSED(town_.Call(&Stub::ReopenPlace, Staff(), reopen), "WRONG_STATE");
  close.set_place_id(town_.LivesIn(SomePerson(), town_.akutten).place_id());
  EXPECT_REFUSED(town_.Call(&Stub::ClosePlace, Staff(), close), "PLACE_IN_USE");
}

TEST_P(HousingTest, APlaceWithAFutureStayCannotBeRemoved) {
  const std::string place = town_.Places(town_.akutten)[0].id();
  const auto reserved = Reserve(town_.Granted(SomePerson(), town_.akutten).id(), place, "2026-12-01");
  pb::RemovePlaceRequest remove;
  remove.set_place_id(place);
  EXPECT_REFUSED(town_.Call(&Stub::RemovePlace, UnitLeader(), remove), "PLACE_IN_USE");
  pb::CancelStayRequest cancel;
  cancel.set_stay_id(reserved->stay().id());
  cancel.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::CancelStay, Staff(), cancel));
  EXPECT_DONE(town_.Call(&Stub::RemovePlace, UnitLeader(), remove));
  EXPECT_EQ(town_.Availability(town_.akutten).places(), 2);
}

TEST_P(HousingTest, SomebodyMovesFromAkuttenToSmahusInOneStep) {
  const std::string person = SomePerson();
  const pb::Stay akutten = town_.LivesIn(person, town_.akutten);
  const pb::Stay reserved = town_.ReservedBy(
      town_.Accepted(town_.Offered(town_.Vacant(town_.Places(town_.smahus)[0].id()), town_.Listed(person, 9))));
  pb::ConfirmArrivalRequest arrival;
  arrival.set_stay_id(reserved.id());
  EXPECT_REFUSED(MoveTo(akutten, reserved.id()), "TENANCY_REQUIRED");
  EXPECT_EQ(GetStay(akutten.id(), Staff())->stay().state(), pb::STAY_STATE_ARRIVED) << "both or nothing";
  pb::GiveSpecialTermsNoticeRequest notice;
  notice.set_stay_id(reserved.id());
  EXPECT_DONE(town_.Call(&Stub::GiveSpecialTermsNotice, HousingOffice(), notice));
  town_.Signed(reserved);
  EXPECT_REFUSED(town_.Call(&Stub::ConfirmArrival, Staff(), arrival), "PERSON_ALREADY_HOUSED");
  const auto moved = MoveTo(akutten, reserved.id());
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->ended_stay().state(), pb::STAY_STATE_ENDED);
  EXPECT_EQ(moved->ended_stay().destination_code(), "410");
  EXPECT_EQ(moved->stay().state(), pb::STAY_STATE_ARRIVED);
  EXPECT_EQ(moved->stay().moved_from_stay_id(), akutten.id());
  EXPECT_THAT(town_.EventTypes(), IsSupersetOf({"StayEnded", "StayMoved", "StayArrived"}));
}

TEST_P(HousingTest, AMoveInsideTheOfferKeepsTheCountOfDays) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten);
  town_.GoDays(10);
  const auto moved = MoveInside(stay);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->stay().count_from(), stay.count_from());
  EXPECT_EQ(moved->stay().limit_date(), stay.limit_date());
  EXPECT_EQ(moved->ended_stay().end_reason_code(), "MOVED_INSIDE");
  pb::GetRequisitionRequest get;
  get.set_requisition_id(stay.requisition_id());
  EXPECT_EQ(town_.Call(&Stub::GetRequisition, Nav(), get)->requisition().stay_id(), moved->stay().id());
}

TEST_P(HousingTest, OneWhoDoesNotComeFreesThePlaceAndKeepsTheGrant) {
  const pb::Requisition requisition = town_.Granted(SomePerson(), town_.akutten);
  const pb::Stay stay = town_.Reserved(requisition);
  EXPECT_REFUSED(Reserve(requisition.id()), "ALREADY_PLACED");
  pb::RecordNotArrivedRequest missed;
  missed.set_stay_id(stay.id());
  missed.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::RecordNotArrived, Staff(), missed));
  EXPECT_EQ(town_.Availability(town_.akutten).free(), 3);
  EXPECT_DONE(Reserve(requisition.id()));
}

TEST_P(HousingTest, APersonAwayInHospitalKeepsThePlace) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten);
  pb::RecordAbsenceRequest absence;
  absence.set_stay_id(stay.id());
  absence.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::RecordAbsence, Staff(), absence));
  EXPECT_EQ(town_.Availability(town_.akutten).occupied(), 1);
  pb::RecordReturnRequest back;
  back.set_stay_id(stay.id());
  EXPECT_DONE(town_.Call(&Stub::RecordReturn, Staff(), back));
  EXPECT_REFUSED(town_.Call(&Stub::RecordReturn, Staff(), back), "NOT_ABSENT");
}

TEST_P(HousingTest, AnEndNeedsAKnownDestinationAndEndsTheTenancyToo) {
  const std::string person = SomePerson();
  const pb::Stay reserved = town_.ReservedBy(
      town_.Accepted(town_.Offered(town_.Vacant(town_.Places(town_.bokollektivet)[0].id()), town_.Listed(person, 9))));
  const pb::Tenancy tenancy = town_.Signed(reserved);
  town_.Arrived(reserved);
  pb::EndStayRequest end;
  end.set_stay_id(reserved.id());
  end.set_reason_code("A");
  EXPECT_REFUSED(town_.Call(&Stub::EndStay, Staff(), end), "INVALID_FIELD");
  end.set_destination_code("999");
  EXPECT_REFUSED(town_.Call(&Stub::EndStay, Staff(), end), "UNKNOWN_CODE");
  end.set_destination_code("410");
  EXPECT_DONE(town_.Call(&Stub::EndStay, Staff(), end));
  pb::GetTenancyRequest get;
  get.set_tenancy_id(tenancy.id());
  EXPECT_EQ(town_.Call(&Stub::GetTenancy, Resident(person), get)->tenancy().state(), pb::TENANCY_STATE_ENDED);
}

// One replica is of the next version already, and this one of the version before.
TEST_P(HousingTest, AStateOfTheNextVersionIsReadAndListedAndNotChanged) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten);
  const auto set_state = [&](std::string_view state) {
    Must(town_.service().db().Write(
        [&](Tx& tx) { return tx.Exec("UPDATE stays SET state = :state WHERE id = :id", state, stay.id()).status(); }));
  };
  set_state("STAY_STATE_SUSPENDED");
  const pb::Stay shown = Must(GetStay(stay.id(), Staff())).stay();
  EXPECT_EQ(shown.state(), pb::STAY_STATE_UNSPECIFIED);
  EXPECT_EQ(shown.person_ref(), stay.person_ref());
  const pb::ListStaysResponse all = Must(town_.Call(&Stub::ListStays, Staff(), pb::ListStaysRequest()));
  ASSERT_THAT(all.stays(), SizeIs(1));
  EXPECT_EQ(all.stays(0).id(), stay.id());

  pb::EndStayRequest end;
  end.set_stay_id(stay.id());
  end.set_reason_code("A");
  end.set_destination_code("410");
  end.set_request_id(SomePerson());
  const absl::Status refused = town_.Call(&Stub::EndStay, Staff(), end).status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_REFUSED(refused, "STORED_BY_NEWER_VERSION");
  EXPECT_TRUE(RetryAfterOf(refused).has_value());
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("Stay.state"));
  // The same request, once a replica answers that knows the state.
  set_state("STAY_STATE_ARRIVED");
  EXPECT_EQ(Must(town_.Call(&Stub::EndStay, Staff(), end)).stay().version(), stay.version() + 1) << "nothing was done";
}

TEST_P(HousingTest, FollowUpAtHomeIsPlannedAndHeld) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten);
  pb::AssignSupportTeamRequest assign;
  assign.set_stay_id(stay.id());
  assign.set_support_team_id(town_.team_id);
  EXPECT_DONE(town_.Call(&Stub::AssignSupportTeam, Staff(), assign));
  pb::PlanContactRequest plan;
  plan.set_stay_id(stay.id());
  plan.set_kind(pb::CONTACT_KIND_HOME_VISIT);
  plan.set_due_date("2026-11-25");
  const auto planned = town_.Call(&Stub::PlanContact, Staff(), plan);
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->contact().support_team_id(), town_.team_id);
  const auto loads = town_.Call(&Stub::GetTeamLoads, Staff(), pb::GetTeamLoadsRequest());
  EXPECT_EQ(loads->team_loads(0).residents(), 1);
  EXPECT_EQ(loads->team_loads(0).open_contacts(), 1);
  pb::RecordContactRequest record;
  record.set_contact_id(planned->contact().id());
  record.set_outcome_code("A");
  EXPECT_DONE(town_.Call(&Stub::RecordContact, Staff(), record));
  EXPECT_REFUSED(town_.Call(&Stub::RecordContact, Staff(), record), "WRONG_STATE");
}

// ---- Requests that come twice, or late ----

TEST_P(HousingTest, ARepeatOfARequestReturnsTheFirstAnswer) {
  pb::ReserveStayRequest request;
  request.set_request_id(SomePerson());
  request.set_requisition_id(town_.Granted(SomePerson(), town_.akutten).id());
  const auto first = town_.Call(&Stub::ReserveStay, Staff(), request);
  const size_t events = town_.Events().size();
  const auto again = town_.Call(&Stub::ReserveStay, Staff(), request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(town_.Events().size(), events);
  EXPECT_EQ(town_.Availability(town_.akutten).reserved(), 1);
  request.set_requisition_id(town_.Granted(SomePerson(), town_.akutten).id());
  EXPECT_REFUSED(town_.Call(&Stub::ReserveStay, Staff(), request), "INVALID_FIELD");
}

TEST_P(HousingTest, AStaleVersionIsAborted) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten, "2026-12-10");
  pb::ExtendStayRequest extend;
  extend.set_stay_id(stay.id());
  extend.set_expected_version(stay.version());
  extend.set_end_date("2026-12-20");
  extend.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::ExtendStay, Staff(), extend));
  extend.set_end_date("2026-12-22");
  EXPECT_REFUSED(town_.Call(&Stub::ExtendStay, Staff(), extend), "STALE_VERSION");
  extend.set_expected_version(stay.version() + 1);
  EXPECT_DONE(town_.Call(&Stub::ExtendStay, Staff(), extend));
}

// ---- Own things only ----

TEST_P(HousingTest, OwnThingsOnly) {
  const std::string person = SomePerson(), stranger = SomePerson();
  const pb::Stay stay = town_.LivesIn(person, town_.akutten);
  EXPECT_DONE(GetStay(stay.id(), Resident(person)));
  EXPECT_DONE(GetStay(stay.id(), Nav()));
  for (const Who& who : {Resident(stranger), Nav("nav-stavanger"), Hospital()}) {
    const auto refused = GetStay(stay.id(), who), missing = GetStay(SomePerson(), who);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(refused.status().message(), missing.status().message()) << "the same as if it did not exist";
  }
  pb::ListStaysRequest list;
  EXPECT_THAT(town_.Call(&Stub::ListStays, Resident(stranger), list)->stays(), SizeIs(0));
  EXPECT_THAT(town_.Call(&Stub::ListStays, Nav("nav-stavanger"), list)->stays(), SizeIs(0));
  EXPECT_THAT(town_.Call(&Stub::ListStays, Nav(), list)->stays(), SizeIs(1));
  EXPECT_THAT(town_.Call(&Stub::ListStays, Resident(person), list)->stays(), SizeIs(1));
  list.set_person_ref(person);
  EXPECT_THAT(town_.Call(&Stub::ListStays, Resident(stranger), list)->stays(), SizeIs(0));
}

TEST_P(HousingTest, APersonSeesTheirOwnStatusAndNoRank) {
  const std::string person = SomePerson();
  town_.Listed(SomePerson(), 9);
  const pb::Application application = town_.Listed(person, 5);
  const auto status = town_.Call(&Stub::GetMyStatus, Resident(person), pb::GetMyStatusRequest());
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->application().id(), application.id());
  EXPECT_EQ(status->assessment().person_ref(), person);
  EXPECT_THAT(status->decisions(), SizeIs(1));
  EXPECT_EQ(status->ShortDebugString().find("rank"), std::string::npos);
  EXPECT_EQ(town_.Call(&Stub::ListWaiting, Resident(person), pb::ListWaitingRequest()).status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto nobody = town_.Call(&Stub::GetMyStatus, Resident(SomePerson()), pb::GetMyStatusRequest());
  ASSERT_TRUE(nobody.ok()) << nobody.status();
  EXPECT_FALSE(nobody->has_application());
}

TEST_P(HousingTest, AResidentAnswersOnlyTheirOwnOffer) {
  const std::string person = SomePerson();
  const pb::PlaceOffer place_offer =
      town_.Offered(town_.Vacant(town_.Places(town_.bokollektivet)[0].id()), town_.Listed(person, 5));
  pb::AnswerPlaceOfferRequest answer;
  answer.set_place_offer_id(place_offer.id());
  answer.set_answer(pb::ANSWER_ACCEPT);
  EXPECT_REFUSED(town_.Call(&Stub::AnswerPlaceOffer, Resident(SomePerson()), answer), "NOT_FOUND");
  EXPECT_DONE(town_.Call(&Stub::AnswerPlaceOffer, Resident(person), answer));
}

// A subscriber whose cursor is older than what is kept takes a snapshot by lists, over everybody.
TEST_P(HousingTest, AServiceReadsTheListsItNeedsForASnapshot) {
  const Who service{{access::v1::ROLE_SERVICE}, "", ""};
  const pb::Application application = town_.Listed(SomePerson(), 5);
  pb::ListNeedAssessmentsRequest assessments;
  assessments.set_application_id(application.id());
  EXPECT_THAT(Must(town_.Call(&Stub::ListNeedAssessments, service, assessments)).assessments(), SizeIs(1));
  EXPECT_THAT(Must(town_.Call(&Stub::ListWaiting, service, pb::ListWaitingRequest())).entries(), SizeIs(1));
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten);
  for (const std::string& case_id : {application.id(), stay.requisition_id()}) {
    pb::ListDecisionsRequest decisions;
    decisions.set_case_id(case_id);
    EXPECT_THAT(Must(town_.Call(&Stub::ListDecisions, service, decisions)).decisions(), SizeIs(1));
  }
  pb::PlanContactRequest plan;
  plan.set_stay_id(stay.id());
  plan.set_kind(pb::CONTACT_KIND_HOME_VISIT);
  plan.set_due_date("2026-11-25");
  EXPECT_DONE(town_.Call(&Stub::PlanContact, Staff(), plan));
  pb::ListContactsRequest contacts;
  contacts.set_stay_id(stay.id());
  EXPECT_THAT(Must(town_.Call(&Stub::ListContacts, service, contacts)).contacts(), SizeIs(1));
}

// ---- Queries ----

TEST_P(HousingTest, ListsComeInPagesAndMissNothing) {
  std::set<std::string> made, listed;
  for (int i = 0; i < 7; ++i) made.insert(town_.Requisitioned(SomePerson(), town_.akutten).id());
  pb::ListRequisitionsRequest request;
  request.set_page_size(3);
  int pages = 0;
  do {
    const auto page = town_.Call(&Stub::ListRequisitions, Staff(), request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const pb::Requisition& requisition : page->requisitions()) listed.insert(requisition.id());
    EXPECT_NE(page->as_of(), "");
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(listed, made);
}

TEST_P(HousingTest, DeadlinesComeInOrderAndInPages) {
  town_.Requisitioned(SomePerson(), town_.akutten);
  town_.Requisitioned(SomePerson(), town_.akutten);
  town_.Applied(SomePerson());
  town_.Reserved(town_.Granted(SomePerson(), town_.akutten));
  pb::ListDeadlinesRequest request;
  request.set_until("2027-01-31");
  request.set_page_size(1);
  std::vector<std::string> dates;
  std::set<std::string> subjects;
  do {
    const auto page = town_.Call(&Stub::ListDeadlines, Staff(), request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const pb::Deadline& deadline : page->deadlines()) {
      dates.push_back(deadline.due_date());
      subjects.insert(deadline.subject_id());
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(dates, ElementsAre("2026-11-23", "2026-11-23", "2026-11-23", "2026-12-23"));
  EXPECT_THAT(subjects, SizeIs(4));
  request.set_until("");
  EXPECT_THAT(town_.Call(&Stub::ListDeadlines, Staff(), request)->deadlines(), SizeIs(1))
      << "a page of one, until today";
}

TEST_P(HousingTest, UpcomingVacanciesAndStaysNearTheirLimitAreSeenAhead) {
  const pb::Stay stay = town_.LivesIn(SomePerson(), town_.akutten, "2026-12-10");
  pb::ListUpcomingVacanciesRequest upcoming;
  upcoming.set_scheme_id(town_.akutten);
  upcoming.set_days(30);
  const auto ahead = town_.Call(&Stub::ListUpcomingVacancies, Staff(), upcoming);
  ASSERT_THAT(ahead->upcoming_vacancies(), SizeIs(3));
  EXPECT_EQ(ahead->upcoming_vacancies(2).free_date(), "2026-12-11");
  EXPECT_EQ(ahead->upcoming_vacancies(2).place_id(), stay.place_id());
  upcoming.set_days(10);
  EXPECT_THAT(town_.Call(&Stub::ListUpcomingVacancies, Staff(), upcoming)->upcoming_vacancies(), SizeIs(2));
  pb::ListStaysNearLimitRequest limit;
  limit.set_days(90);
  EXPECT_THAT(town_.Call(&Stub::ListStaysNearLimit, Staff(), limit)->stays(), SizeIs(1));
  limit.set_days(89);
  EXPECT_THAT(town_.Call(&Stub::ListStaysNearLimit, Staff(), limit)->stays(), SizeIs(0));
}

TEST_P(HousingTest, StatisticsSayWhereFromAndWhereToAndHideSmallNumbers) {
  town_.Ended(town_.LivesIn(SomePerson(), town_.akutten));
  town_.Ended(town_.LivesIn(SomePerson(), town_.akutten));
  pb::RecordNotArrivedRequest missed;
  missed.set_stay_id(town_.Reserved(town_.Granted(SomePerson(), town_.akutten)).id());
  missed.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::RecordNotArrived, Staff(), missed));
  pb::GetOutcomeStatisticsRequest request;
  request.set_from_date("2026-11-01");
  request.set_to_date("2026-11-30");
  const auto outcome = town_.Call(&Stub::GetOutcomeStatistics, Staff(), request);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_THAT(outcome->destinations(), SizeIs(1));
  EXPECT_EQ(outcome->destinations(0).code(), "410");
  EXPECT_EQ(outcome->destinations(0).count(), 2);
  EXPECT_FALSE(outcome->has_not_arrived_percent()) << "one of three is too few to be told";

  town_.Listed(SomePerson(), 5);
  town_.Listed(SomePerson(), 5);
  pb::PublishStatisticsRequest publish;
  publish.set_from_date("2026-11-01");
  publish.set_to_date("2026-11-30");
  const auto published = town_.Call(&Stub::PublishStatistics, UnitLeader(), publish);
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->statistics().waiting().count(), 2);
  EXPECT_THAT(town_.EventsOf<pb::StatisticsPublished>(), SizeIs(1));
}

TEST_P(HousingTest, AMoveInsideIsNoSecondArrivalAndAMoveToAReservedPlaceIsOne) {
  pb::SetCaseRulesRequest rules;
  rules.mutable_case_rules()->set_application_decision_months(1);
  rules.mutable_case_rules()->set_approval_months(12);
  rules.mutable_case_rules()->set_complaint_weeks(3);
  rules.mutable_case_rules()->set_application_residence_rule(pb::RESIDENCE_RULE_NONE);
  rules.mutable_case_rules()->set_statistics_cell_min(1);
  EXPECT_DONE(town_.Call(&Stub::SetCaseRules, UnitLeader(), rules));
  const std::string person = SomePerson();
  const pb::Stay moves_on = town_.LivesIn(person, town_.akutten),
                 moves_inside = town_.LivesIn(SomePerson(), town_.akutten);
  for (int i = 0; i < 2; ++i) {
    pb::RecordNotArrivedRequest missed;
    missed.set_stay_id(town_.Reserved(town_.Granted(SomePerson(), town_.akutten)).id());
    missed.set_reason_code("A");
    EXPECT_DONE(town_.Call(&Stub::RecordNotArrived, Staff(), missed));
  }
  EXPECT_DONE(MoveInside(moves_inside));
  const pb::Stay home = town_.ReservedBy(
      town_.Accepted(town_.Offered(town_.Vacant(town_.Places(town_.bokollektivet)[0].id()), town_.Listed(person, 9))));
  town_.Signed(home);
  EXPECT_DONE(MoveTo(moves_on, home.id()));

  pb::GetOutcomeStatisticsRequest request;
  request.set_from_date("2026-11-01");
  request.set_to_date("2026-11-30");
  const auto arrivals = [&](const std::string& scheme_id) {
    request.set_scheme_id(scheme_id);
    const auto outcome = town_.Call(&Stub::GetOutcomeStatistics, Staff(), request);
    EXPECT_DONE(outcome);
    return absl::StrCat(outcome->arrivals(0).count(), " of ",
                        outcome->arrivals(0).count() + outcome->arrivals(1).count(), ", ",
                        outcome->not_arrived_percent(), " % not");
  };
  EXPECT_EQ(arrivals(town_.akutten), "2 of 4, 50 % not");
  EXPECT_EQ(arrivals(town_.bokollektivet), "1 of 1, 0 % not");
}

// ---- What must always hold ----

TEST_P(HousingTest, WhateverIsTriedStaysNeverOverlapAndNobodyLivesTwice) {
  std::mt19937 random(20261123);
  std::vector<std::string> stays;
  std::vector<std::string> persons;
  for (int i = 0; i < 12; ++i) persons.push_back(SomePerson());
  const auto some = [&random](const auto& list) { return list[random() % list.size()]; };
  const auto in_days = [&](int days) { return FormatDate(*ParseDate(town_.Today()) + days); };
  for (int step = 0; step < 250; ++step) {
    const int what = static_cast<int>(random() % 8);
    if (what <= 1 || stays.empty()) {
      const int start = static_cast<int>(random() % 6);
      const auto reserved = Reserve(town_.Granted(some(persons), town_.akutten).id(), "", in_days(start),
                                    in_days(start + 1 + static_cast<int>(random() % 5)));
      if (reserved.ok()) stays.push_back(reserved->stay().id());
      continue;
    }
    const std::string id = some(stays);
    if (what <= 3) {
      pb::ConfirmArrivalRequest request;
      request.set_stay_id(id);
      town_.Call(&Stub::ConfirmArrival, Staff(), request).status().IgnoreError();
    } else if (what == 4) {
      pb::EndStayRequest request;
      request.set_stay_id(id);
      request.set_destination_code("410");
      request.set_reason_code("A");
      town_.Call(&Stub::EndStay, Staff(), request).status().IgnoreError();
    } else if (what == 5) {
      pb::ExtendStayRequest request;
      request.set_stay_id(id);
      request.set_end_date(in_days(1 + static_cast<int>(random() % 8)));
      request.set_reason_code("A");
      town_.Call(&Stub::ExtendStay, Staff(), request).status().IgnoreError();
    } else if (what == 6) {
      pb::MoveStayRequest request;
      request.set_stay_id(id);
      request.set_place_id(some(town_.Places(town_.akutten)).id());
      const auto moved = town_.Call(&Stub::MoveStay, Staff(), request);
      if (moved.ok()) stays.push_back(moved->stay().id());
    } else {
      town_.GoDays(1);
    }
  }
  pb::ListStaysRequest list;
  list.set_page_size(200);
  const auto all = town_.Call(&Stub::ListStays, Staff(), list);
  ASSERT_TRUE(all.ok()) << all.status();
  int held = 0;
  for (const pb::Stay& a : all->stays()) {
    held += !a.held_until().empty();
    for (const pb::Stay& b : all->stays()) {
      if (a.id() >= b.id()) continue;
      const bool both_arrived = a.state() == pb::STAY_STATE_ARRIVED && b.state() == pb::STAY_STATE_ARRIVED;
      EXPECT_FALSE(both_arrived && a.person_ref() == b.person_ref());
      if (a.place_id() != b.place_id() || a.held_until().empty() || b.held_until().empty()) continue;
      EXPECT_FALSE(a.start_date() < b.held_until() && b.start_date() < a.held_until()) << a.ShortDebugString() << "\n"
                                                                                       << b.ShortDebugString();
    }
  }
  EXPECT_GT(held, 10) << "the walk must have got somewhere";
}

TEST_P(HousingTest, ANewTeamIsTold) {
  const std::string as_of = Must(town_.Call(&Stub::ListSupportTeams, Staff(), pb::ListSupportTeamsRequest())).as_of();
  pb::RegisterSupportTeamRequest request;
  request.set_code("act");
  request.set_name("ACT");
  request.set_kind(pb::SUPPORT_TEAM_KIND_ACT);
  const pb::SupportTeam team = Must(town_.Call(&Stub::RegisterSupportTeam, HousingOffice(), request)).support_team();
  events::v1::ListRequest list;
  list.set_after(as_of);
  events::v1::ListResponse news;
  const auto stub = events::v1::EventService::NewStub(town_.service().channel());
  ASSERT_TRUE(stub->List(town_.Context(Staff()).get(), list, &news).ok());
  ASSERT_THAT(news.events(), SizeIs(1));
  EXPECT_EQ(news.events(0).subject(), team.id());
  EXPECT_EQ(news.events(0).subject_version(), 1);
  pb::SupportTeamRegistered told, expected;
  ASSERT_EQ(news.events(0).type(), told.descriptor()->full_name());
  ASSERT_TRUE(told.ParseFromString(news.events(0).data()));
  expected.set_support_team_id(team.id());
  expected.set_code("act");
  expected.set_kind(pb::SUPPORT_TEAM_KIND_ACT);
  EXPECT_EQ(told.ShortDebugString(), expected.ShortDebugString());
}

TEST_P(HousingTest, TheVersionsOfASubjectGrowWithItsEvents) {
  const std::string person = SomePerson();
  const pb::Stay akutten = town_.LivesIn(person, town_.akutten, "2026-11-26");
  town_.Requisitioned(SomePerson(), town_.akutten);
  town_.GoDays(5);
  const pb::Stay home = town_.ReservedBy(
      town_.Accepted(town_.Offered(town_.Vacant(town_.Places(town_.bokollektivet)[0].id()), town_.Listed(person, 9))));
  town_.Signed(home);
  EXPECT_DONE(MoveTo(akutten, home.id()));
}

// ---- Codes and rules ----

TEST_P(HousingTest, EachCodeThatTheServiceSetsHasANameInEveryVersionOfItsList) {
  ExpectListsNameOwnCodes<pb::SetCodeListRequest, pb::GetCodeListRequest>(town_, kOwnCodes);
}

// X3: each version can be read.
TEST_P(HousingTest, EarlierRulesAreReadByTheirVersion) {
  pb::SetCaseRulesRequest rules;
  *rules.mutable_case_rules() = Must(town_.Call(&Stub::GetCaseRules, Staff(), pb::GetCaseRulesRequest())).case_rules();
  const int32_t weeks = rules.case_rules().complaint_weeks();
  rules.mutable_case_rules()->set_complaint_weeks(weeks + 1);
  EXPECT_DONE(town_.Call(&Stub::SetCaseRules, UnitLeader(), rules));
  pb::GetCaseRulesRequest of;
  EXPECT_EQ(Must(town_.Call(&Stub::GetCaseRules, Staff(), of)).case_rules().complaint_weeks(), weeks + 1);
  of.set_rules_version(1);
  EXPECT_EQ(Must(town_.Call(&Stub::GetCaseRules, Staff(), of)).case_rules().complaint_weeks(), weeks);
  of.set_rules_version(3);
  EXPECT_REFUSED(town_.Call(&Stub::GetCaseRules, Staff(), of), "NOT_FOUND");

  const pb::NeedRule first = Must(town_.Call(&Stub::GetNeedRule, Staff(), pb::GetNeedRuleRequest())).need_rule();
  pb::SetNeedRuleRequest need;
  *need.mutable_weights() = first.weights();
  *need.add_weights() = first.weights(0);
  need.mutable_weights(first.weights_size())->set_factor_code("ANOTHER");
  EXPECT_DONE(town_.Call(&Stub::SetNeedRule, UnitLeader(), need));
  pb::GetNeedRuleRequest rule;
  EXPECT_THAT(Must(town_.Call(&Stub::GetNeedRule, Staff(), rule)).need_rule().weights(),
              SizeIs(first.weights_size() + 1));
  rule.set_rule_version(first.rule_version());
  EXPECT_THAT(Must(town_.Call(&Stub::GetNeedRule, Staff(), rule)).need_rule().weights(), SizeIs(first.weights_size()));
  rule.set_rule_version(first.rule_version() + 2);
  EXPECT_REFUSED(town_.Call(&Stub::GetNeedRule, Staff(), rule), "NOT_FOUND");
}

}  // namespace
}  // namespace mestring::housing
