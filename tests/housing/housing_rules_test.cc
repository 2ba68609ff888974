// The rules of housing, each as a sentence. Pure: no service is started.

#include "services/housing/housing_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/store/records.h"
#include "services/housing/application_rules.h"
#include "services/housing/stay_rules.h"
#include "tests/support/expect.h"

namespace mestring::housing {
namespace {

using access::v1::ROLE_HOUSING_OFFICE;
using access::v1::ROLE_NAV;
using access::v1::ROLE_OPERATOR;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_SPECIALIST_HEALTH;
using access::v1::ROLE_STAFF;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kToday[] = "2026-03-02";
constexpr char kKari[] = "11111111-1111-4111-8111-111111111111";
constexpr char kOla[] = "22222222-2222-4222-8222-222222222222";

Caller As(Role role, std::string person_ref = "", std::string organisation_id = "") {
  Caller caller;
  caller.subject = "caller";
  caller.roles = {role};
  caller.person_ref = std::move(person_ref);
  caller.organisation_id = std::move(organisation_id);
  return caller;
}

pb::SchemePolicy Akutten() {
  pb::SchemePolicy policy;
  policy.set_id("akutten-policy");
  policy.set_route(pb::ROUTE_REQUISITION);
  policy.set_residence_rule(pb::RESIDENCE_RULE_REGISTERED);
  policy.set_tenancy_kind(pb::TENANCY_KIND_NONE);
  policy.set_treatment_responsibility(pb::TREATMENT_RESPONSIBILITY_MUNICIPALITY);
  policy.set_max_stay_days(90);
  policy.add_alert_days(60);
  policy.add_alert_days(90);
  policy.set_turnaround_days(1);
  policy.set_grant_days(7);
  return policy;
}

pb::SchemePolicy Smahus() {
  pb::SchemePolicy policy;
  policy.set_id("smahus-policy");
  policy.set_route(pb::ROUTE_APPLICATION);
  policy.set_residence_rule(pb::RESIDENCE_RULE_NONE);
  policy.set_tenancy_kind(pb::TENANCY_KIND_SPECIAL_TERMS);
  policy.set_tenancy_months_min(36);
  policy.set_answer_days(7);
  return policy;
}

pb::SchemePolicy Bokollektivet() {
  pb::SchemePolicy policy = Smahus();
  policy.set_tenancy_kind(pb::TENANCY_KIND_ORDINARY);
  return policy;
}

pb::SchemePolicy Lutsivegen() {
  pb::SchemePolicy policy = Akutten();
  policy.set_route(pb::ROUTE_SPECIALIST);
  policy.set_residence_rule(pb::RESIDENCE_RULE_NONE);
  policy.set_treatment_responsibility(pb::TREATMENT_RESPONSIBILITY_SPECIALIST_HEALTH);
  return policy;
}

pb::CaseRules Rules() {
  pb::CaseRules rules;
  rules.set_application_decision_months(1);
  rules.set_approval_months(12);
  rules.set_complaint_weeks(3);
  rules.set_application_residence_rule(pb::RESIDENCE_RULE_NONE);
  return rules;
}

pb::SubmitRequisitionRequest ForKari(pb::Residence residence = pb::RESIDENCE_REGISTERED,
                                     pb::Origin origin = pb::ORIGIN_HOMELESS) {
  pb::SubmitRequisitionRequest request;
  request.set_person_ref(kKari);
  request.set_channel(pb::CHANNEL_ORAL);
  request.set_origin(origin);
  request.set_residence(residence);
  return request;
}

pb::Requisition Received(pb::Residence residence = pb::RESIDENCE_REGISTERED, pb::Origin origin = pb::ORIGIN_HOMELESS) {
  return NewRequisition("requisition", As(ROLE_NAV, "", "nav-sandnes"), ForKari(residence, origin), Akutten(), Rules(),
                        kToday, false);
}

pb::Stay Stay(pb::StayState state, std::string start, std::string end, int turnaround = 1) {
  pb::Stay stay;
  stay.set_id("stay");
  stay.set_state(state);
  stay.set_person_ref(kKari);
  stay.set_place_id("place");
  stay.set_scheme_id("scheme");
  stay.set_start_date(start);
  stay.set_turnaround_days(turnaround);
  ApplyNewEnd(end, &stay);
  if (state == pb::STAY_STATE_ARRIVED) stay.set_arrive_date(start);
  return stay;
}

pb::Application Approved(std::string until = "2027-03-02") {
  pb::Application application;
  application.set_id("application");
  application.set_person_ref(kKari);
  application.set_state(pb::APPLICATION_STATE_LISTED);
  application.set_approved_until(until);
  return application;
}

pb::ListEntry Entry(int64_t score, std::string needed_by, std::string id = "018f0000-0000-7000-8000-000000000001") {
  pb::NeedAssessment assessment;
  assessment.set_id("assessment");
  assessment.set_score(score);
  assessment.set_rule_version(4);
  assessment.set_reason_code("NO_HOME");
  assessment.add_suitable_kinds(pb::SCHEME_KIND_COLLECTIVE);
  pb::Application application = Approved();
  application.set_needed_by(needed_by);
  return NewListEntry(id, application, assessment, kToday);
}

pb::Vacancy OpenVacancy() {
  pb::Vacancy vacancy;
  vacancy.set_id("vacancy");
  vacancy.set_state(pb::VACANCY_STATE_OPEN);
  vacancy.set_scheme_kind(pb::SCHEME_KIND_COLLECTIVE);
  vacancy.set_from_date(kToday);
  return vacancy;
}

pb::DecideApplicationRequest Approval() {
  pb::DecideApplicationRequest request;
  request.set_outcome(pb::OUTCOME_GRANTED);
  request.set_reason_code("NEED");
  pb::Criteria& criteria = *request.mutable_criteria();
  criteria.set_lacks_fit_home(true);
  criteria.set_cannot_get_one_alone(true);
  criteria.set_can_meet_rental_terms(true);
  criteria.set_of_age(true);
  criteria.set_stays_lawfully(true);
  return request;
}

// ---- H1 ----

TEST(H1, AStayHoldsItsPlaceForItsTurnaroundDaysToo) {
  EXPECT_EQ(HeldUntil("2026-03-10", 0), "2026-03-10");
  EXPECT_EQ(HeldUntil("2026-03-10", 2), "2026-03-12");
}

TEST(H1, AnOpenEndedStayHoldsItsPlaceForEver) { EXPECT_EQ(HeldUntil("", 3), kNoEnd); }

TEST(H1, NobodyGetsAPlaceThatIsHeld) {
  EXPECT_TRUE(MayHold(false, "p1").ok());
  EXPECT_REFUSED(MayHold(true, "p1"), "PLACE_TAKEN");
  EXPECT_EQ(MetadataOf(MayHold(true, "p1"))["place_id"], "p1");
  EXPECT_REFUSED(MayHold(true), "PLACE_TAKEN") << "of the whole scheme none is free";
  EXPECT_FALSE(MetadataOf(MayHold(true)).contains("place_id"));
}

TEST(H1, AnOverstayIsNewOnceAndPromisesNothing) {
  pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "2026-03-01");
  const std::string held_until = stay.held_until();
  EXPECT_TRUE(ApplyOverstay(&stay));
  EXPECT_EQ(stay.overstay(), pb::OVERSTAY_OPEN);
  EXPECT_FALSE(ApplyOverstay(&stay)) << "the same overstay is not new on the next day";
  EXPECT_EQ(stay.held_until(), held_until);
}

TEST(H1, ACancelledStayHoldsNothing) {
  pb::Stay stay = Stay(pb::STAY_STATE_RESERVED, "2026-03-10", "2026-03-20");
  ApplyNoStay(pb::STAY_STATE_CANCELLED, "CHANGED_PLANS", &stay);
  EXPECT_EQ(stay.held_until(), "");
}

TEST(H1, TheRulesSayInSqlWhoHoldsAPlaceAsTheIndexesSay) {
  EXPECT_EQ(InStates(HoldsPlace), "state IN ('STAY_STATE_RESERVED', 'STAY_STATE_ARRIVED')");
  EXPECT_EQ(InStates(KeepsPlace), "state IN ('VACANCY_STATE_OPEN', 'VACANCY_STATE_OFFERED')");
}

TEST(StayStates, WhetherThePersonCameIsKnownOnceTheyDidOrDidNot) {
  EXPECT_EQ(InStates(IsArrivalKnown), "state IN ('STAY_STATE_ARRIVED', 'STAY_STATE_ENDED', 'STAY_STATE_NOT_ARRIVED')");
}

PlaceHold HoldBy(pb::StayState state, std::string end_date) {
  PlaceHold hold;
  hold.stay_state = state;
  hold.end_date = std::move(end_date);
  return hold;
}

TEST(PlaceStates, FollowFromWhoHoldsThePlace) {
  const pb::Place place;
  PlaceHold closure, vacancy;
  closure.kind = PlaceHold::kClosure;
  vacancy.kind = PlaceHold::kVacancy;
  EXPECT_EQ(StateOf(place, {}, kToday, kToday), pb::PLACE_STATE_FREE);
  EXPECT_EQ(StateOf(place, {closure}, kToday, kToday), pb::PLACE_STATE_CLOSED);
  EXPECT_EQ(StateOf(place, {vacancy}, kToday, kToday), pb::PLACE_STATE_RESERVED) << "for somebody from the list";
  EXPECT_EQ(StateOf(place, {HoldBy(pb::STAY_STATE_RESERVED, "2026-03-20")}, kToday, kToday), pb::PLACE_STATE_RESERVED);
  EXPECT_EQ(StateOf(place, {HoldBy(pb::STAY_STATE_ARRIVED, "")}, kToday, kToday), pb::PLACE_STATE_OCCUPIED);
  EXPECT_EQ(StateOf(place, {HoldBy(pb::STAY_STATE_ENDED, kToday)}, kToday, kToday), pb::PLACE_STATE_TURNAROUND);
}

TEST(PlaceStates, WhoeverHasNotLeftIsStillThereTonight) {
  const std::vector<PlaceHold> leaving = {HoldBy(pb::STAY_STATE_ARRIVED, kToday)};
  EXPECT_EQ(StateOf({}, leaving, kToday, kToday), pb::PLACE_STATE_OCCUPIED);
  EXPECT_EQ(StateOf({}, leaving, kToday, "2026-03-01"), pb::PLACE_STATE_TURNAROUND) << "as planned the day before";
}

TEST(PlaceStates, AreAskedForANightThatHasNotPassed) {
  EXPECT_TRUE(CheckNight(kToday, kToday).ok());
  EXPECT_TRUE(CheckNight("2027-03-01", kToday).ok());
  EXPECT_REFUSED(CheckNight("2026-03-01", kToday), "INVALID_FIELD");
}

TEST(H1, APlaceIsClosedWhereNothingHoldsIt) {
  pb::PlaceClosure closure;
  closure.set_start_date(kToday);
  closure.set_held_until("2026-03-09");
  EXPECT_TRUE(MayClose(pb::Place(), closure, false, kToday).ok());
  EXPECT_REFUSED(MayClose(pb::Place(), closure, true, kToday), "PLACE_IN_USE");
  closure.set_held_until(kToday);
  EXPECT_REFUSED(MayClose(pb::Place(), closure, false, kToday), "DATE_OUT_OF_ORDER");
  closure.set_start_date("2026-03-01");
  EXPECT_REFUSED(MayClose(pb::Place(), closure, false, kToday), "START_IN_PAST");
  pb::Place removed;
  removed.set_remove_date("2026-02-01");
  EXPECT_REFUSED(MayClose(removed, closure, false, kToday), "PLACE_REMOVED");
}

TEST(H1, AClosureThatIsOverIsNotReopened) {
  pb::PlaceClosure closure;
  closure.set_state(pb::PLACE_CLOSURE_STATE_ACTIVE);
  closure.set_held_until("2026-03-03");
  EXPECT_TRUE(MayReopen(closure, kToday).ok());
  closure.set_held_until(kToday);
  EXPECT_REFUSED(MayReopen(closure, kToday), "WRONG_STATE");
  closure.set_state(pb::PLACE_CLOSURE_STATE_ENDED);
  closure.set_held_until("2026-03-03");
  EXPECT_REFUSED(MayReopen(closure, kToday), "WRONG_STATE");
}

// ---- H11 ----

TEST(H11, APlaceThatSomebodyHasOrWillHaveCannotBeRemoved) {
  pb::Place place;
  EXPECT_TRUE(MayRemove(place, false).ok());
  EXPECT_REFUSED(MayRemove(place, true), "PLACE_IN_USE");
  place.set_remove_date("2026-02-01");
  EXPECT_REFUSED(MayRemove(place, false), "PLACE_REMOVED");
}

// ---- H2 ----

TEST(H2, APersonHasOneReservationBesideTheirStay) {
  EXPECT_TRUE(MayReserveAnother(false).ok());
  EXPECT_REFUSED(MayReserveAnother(true), "PERSON_ALREADY_RESERVED");
}

TEST(H2, NobodyArrivesInASecondPlaceOfTheUnit) {
  const pb::Stay stay = Stay(pb::STAY_STATE_RESERVED, kToday, "2026-03-20");
  EXPECT_REFUSED(MayArrive(stay, Akutten(), {true, false, nullptr}, kToday, kToday), "PERSON_ALREADY_HOUSED");
  EXPECT_REFUSED(MayArrive(stay, Akutten(), {false, true, nullptr}, kToday, kToday), "PLACE_OCCUPIED");
  EXPECT_TRUE(MayArrive(stay, Akutten(), {false, false, nullptr}, kToday, kToday).ok());
}

TEST(H2, AMoveIsToThePersonsOwnReservation) {
  const pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "");
  pb::Stay reserved = Stay(pb::STAY_STATE_RESERVED, kToday, "");
  EXPECT_TRUE(MayMoveTo(stay, reserved).ok());
  reserved.set_person_ref(kOla);
  EXPECT_EQ(MayMoveTo(stay, reserved).code(), absl::StatusCode::kNotFound);
}

TEST(Arrival, IsNeitherAheadOfTheStayNorAfterItsTime) {
  EXPECT_REFUSED(MayArrive(Stay(pb::STAY_STATE_RESERVED, "2026-03-03", ""), Akutten(), {}, kToday, kToday), "NOT_YET");
  EXPECT_REFUSED(MayArrive(Stay(pb::STAY_STATE_RESERVED, "2026-02-20", ""), Akutten(), {}, "2026-03-03", kToday),
                 "NOT_YET");
  EXPECT_REFUSED(MayArrive(Stay(pb::STAY_STATE_RESERVED, "2026-02-20", ""), Akutten(), {}, "2026-02-19", kToday),
                 "DATE_OUT_OF_ORDER");
  EXPECT_REFUSED(MayArrive(Stay(pb::STAY_STATE_RESERVED, "2026-02-20", kToday), Akutten(), {}, kToday, kToday),
                 "DATE_OUT_OF_ORDER");
  EXPECT_REFUSED(MayArrive(Stay(pb::STAY_STATE_ENDED, "2026-02-20", ""), Akutten(), {}, kToday, kToday), "WRONG_STATE");
}

// ---- H4 ----

TEST(H4, AkuttenIsRequisitionedByNavAndNobodyElse) {
  EXPECT_TRUE(MaySubmit(As(ROLE_NAV, "", "nav-sandnes"), Akutten(), ForKari()).ok());
  EXPECT_REFUSED(MaySubmit(As(ROLE_SPECIALIST_HEALTH, "", "sus"), Akutten(), ForKari()), "WRONG_ROUTE");
  EXPECT_REFUSED(MaySubmit(As(ROLE_NAV), Akutten(), ForKari()), "FORBIDDEN") << "NAV must say which office";
}

TEST(H4, BokollektivetIsNotRequisitioned) {
  EXPECT_REFUSED(MaySubmit(As(ROLE_NAV, "", "nav-sandnes"), Bokollektivet(), ForKari()), "WRONG_ROUTE");
}

TEST(H4, LutsivegenNeedsTheSpecialistUnitThatKeepsTheResponsibility) {
  pb::SubmitRequisitionRequest request = ForKari();
  const Caller hospital = As(ROLE_SPECIALIST_HEALTH, "", "sus");
  EXPECT_REFUSED(MaySubmit(hospital, Lutsivegen(), request), "RESPONSIBLE_UNIT_REQUIRED");
  EXPECT_REFUSED(MaySubmit(As(ROLE_NAV, "", "nav-sandnes"), Lutsivegen(), request), "WRONG_ROUTE");
  request.set_responsible_unit("sus-sikkerhet");
  EXPECT_TRUE(MaySubmit(hospital, Lutsivegen(), request).ok());
  EXPECT_EQ(NewRequisition("r", hospital, request, Lutsivegen(), Rules(), kToday, false).responsible_unit(),
            "sus-sikkerhet");
}

TEST(H4, AStayNeedsAGrantedRequisitionWithinItsTimeAndUsesItOnce) {
  pb::Requisition requisition = Received();
  EXPECT_REFUSED(MayReserve(requisition, kToday), "WRONG_STATE");
  requisition.set_state(pb::REQUISITION_STATE_GRANTED);
  requisition.set_use_by("2026-03-01");
  EXPECT_REFUSED(MayReserve(requisition, kToday), "WRONG_STATE");
  requisition.set_use_by(kToday);
  EXPECT_TRUE(MayReserve(requisition, kToday).ok());
  requisition.set_state(pb::REQUISITION_STATE_PLACED);
  EXPECT_REFUSED(MayReserve(requisition, kToday), "ALREADY_PLACED");
}

TEST(H4, AHomeNeedsAnAcceptedOfferOfAnApplicationThatStands) {
  pb::PlaceOffer place_offer;
  place_offer.set_state(pb::PLACE_OFFER_STATE_PENDING);
  pb::Application application = Approved();
  application.set_state(pb::APPLICATION_STATE_OFFERED);
  EXPECT_REFUSED(MayReserve(place_offer, application), "OFFER_NOT_ACCEPTED");
  place_offer.set_state(pb::PLACE_OFFER_STATE_ACCEPTED);
  EXPECT_TRUE(MayReserve(place_offer, application).ok());
  application.set_state(pb::APPLICATION_STATE_LAPSED);
  EXPECT_REFUSED(MayReserve(place_offer, application), "WRONG_STATE");
  place_offer.set_stay_id("stay");
  EXPECT_REFUSED(MayReserve(place_offer, application), "ALREADY_PLACED");
}

TEST(H4, OnlyPlacesOfTheApplicationRouteAreVacantForTheList) {
  EXPECT_REFUSED(MayOpenVacancy(Akutten(), {}, kToday, false, kToday), "WRONG_ROUTE");
  EXPECT_TRUE(MayOpenVacancy(Bokollektivet(), {}, kToday, false, kToday).ok());
}

TEST(H7, APlaceHasOneVacancyAndItDoesNotBeginInThePast) {
  EXPECT_REFUSED(MayOpenVacancy(Bokollektivet(), {}, kToday, true, kToday), "PLACE_IN_USE");
  EXPECT_REFUSED(MayOpenVacancy(Bokollektivet(), {}, PlusDays(kToday, -1), false, kToday), "START_IN_PAST");
  EXPECT_REFUSED(MayOpenVacancy(Bokollektivet(), {}, kNoEnd, false, kToday), "INVALID_FIELD");
  pb::Place removed;
  removed.set_remove_date(kToday);
  EXPECT_REFUSED(MayOpenVacancy(Bokollektivet(), removed, kToday, false, kToday), "PLACE_REMOVED");
}

TEST(H4, ARequisitionIsGivenAPlaceOfTheOfferThatItNames) {
  const pb::Requisition requisition = Received();
  pb::Place place;
  place.set_scheme_id(requisition.scheme_id());
  EXPECT_TRUE(MayGive(requisition, place).ok());
  place.set_remove_date(kToday);
  EXPECT_REFUSED(MayGive(requisition, place), "PLACE_REMOVED");
  place.set_scheme_id("another");
  EXPECT_REFUSED(MayGive(requisition, place), "WRONG_ROUTE");
}

TEST(H4, AnotherOfferIsNotReachedByAMoveInside) {
  pb::Place place;
  place.set_id("other");
  place.set_scheme_id("another scheme");
  EXPECT_REFUSED(MayMoveInside(Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", ""), place, kToday), "WRONG_ROUTE");
  place.set_scheme_id("scheme");
  EXPECT_TRUE(MayMoveInside(Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", ""), place, kToday).ok());
}

// ---- H5 ----

TEST(H5, RegisteredMeansRegisteredAndStayingMeansEither) {
  const ResidenceTerms registered{pb::RESIDENCE_RULE_REGISTERED, 0}, stays{pb::RESIDENCE_RULE_STAYS_HERE, 0},
      none{pb::RESIDENCE_RULE_NONE, 0};
  EXPECT_TRUE(MeetsResidence(registered, pb::RESIDENCE_REGISTERED, "", kToday));
  EXPECT_FALSE(MeetsResidence(registered, pb::RESIDENCE_STAYS_HERE, "", kToday));
  EXPECT_TRUE(MeetsResidence(stays, pb::RESIDENCE_STAYS_HERE, "", kToday));
  EXPECT_TRUE(MeetsResidence(stays, pb::RESIDENCE_REGISTERED, "", kToday));
  EXPECT_FALSE(MeetsResidence(stays, pb::RESIDENCE_ELSEWHERE, "", kToday));
  EXPECT_TRUE(MeetsResidence(none, pb::RESIDENCE_ELSEWHERE, "", kToday));
}

TEST(H5, NobodyIsResidentFromADayAhead) {
  EXPECT_TRUE(CheckResidenceSince("", kToday).ok());
  EXPECT_TRUE(CheckResidenceSince(kToday, kToday).ok());
  EXPECT_REFUSED(CheckResidenceSince(PlusDays(kToday, 1), kToday), "INVALID_FIELD");
}

TEST(H5, AResidenceTimeIsCountedInMonthsOfThePolicy) {
  const ResidenceTerms a_year{pb::RESIDENCE_RULE_REGISTERED, 12};
  EXPECT_TRUE(MeetsResidence(a_year, pb::RESIDENCE_REGISTERED, "2025-03-02", kToday));
  EXPECT_FALSE(MeetsResidence(a_year, pb::RESIDENCE_REGISTERED, "2025-03-03", kToday));
  EXPECT_FALSE(MeetsResidence(a_year, pb::RESIDENCE_REGISTERED, "", kToday)) << "unknown is not met";
}

TEST(H5, AGrantAgainstTheResidenceRuleNeedsAnOverrideWithAReason) {
  const pb::Requisition requisition = Received(pb::RESIDENCE_STAYS_HERE);
  pb::DecideRequisitionRequest request;
  request.set_outcome(pb::OUTCOME_GRANTED);
  EXPECT_REFUSED(MayDecide(requisition, Akutten(), request, kToday), "RESIDENCE_REQUIRED");
  request.set_override_reason_code("STAY_MUNICIPALITY_DUTY");
  EXPECT_TRUE(MayDecide(requisition, Akutten(), request, kToday).ok());
  const pb::Decision decision = NewDecision("d", As(ROLE_STAFF), requisition, request, Rules(), kToday);
  EXPECT_EQ(decision.override_by(), "caller");
  EXPECT_EQ(decision.override_reason_code(), "STAY_MUNICIPALITY_DUTY");
}

TEST(H5, ARefusalForResidenceSaysWhereThePersonCanTurn) {
  const pb::Requisition requisition = Received(pb::RESIDENCE_ELSEWHERE);
  pb::DecideRequisitionRequest request;
  request.set_outcome(pb::OUTCOME_REFUSED);
  EXPECT_REFUSED(MayDecide(requisition, Akutten(), request, kToday), "ALTERNATIVE_ROUTE_REQUIRED");
  request.set_alternative_route_code("NAV_OF_STAY");
  EXPECT_REFUSED(MayDecide(requisition, Akutten(), request, kToday), "ALTERNATIVE_ROUTE_REQUIRED");
  request.set_alternative_route_note("The office where you stay today decides on shelter.");
  EXPECT_TRUE(MayDecide(requisition, Akutten(), request, kToday).ok());
}

TEST(H5, AnOverrideOfNothingIsRefused) {
  pb::DecideRequisitionRequest request;
  request.set_outcome(pb::OUTCOME_GRANTED);
  request.set_override_reason_code("STAY_MUNICIPALITY_DUTY");
  EXPECT_REFUSED(MayDecide(Received(), Akutten(), request, kToday), "OVERRIDE_NOT_NEEDED");
}

TEST(Requisition, IsDecidedTheDayItComes) { EXPECT_EQ(Received().decide_by(), kToday); }

TEST(Requisition, FromAnInstitutionWarnsThatAPermanentHomeComesFirst) {
  EXPECT_THAT(Received(pb::RESIDENCE_REGISTERED, pb::ORIGIN_INSTITUTION).warnings(),
              ElementsAre(pb::WARNING_PERMANENT_HOME_FIRST));
  EXPECT_THAT(Received(pb::RESIDENCE_STAYS_HERE).warnings(), ElementsAre(pb::WARNING_RESIDENCE_NOT_MET));
  EXPECT_THAT(Received().warnings(), IsEmpty());
}

TEST(Requisition, ThatWasRefusedCanBeGrantedAfterAllButNotTheOtherWayRound) {
  pb::Requisition requisition = Received();
  pb::DecideRequisitionRequest grant, refusal;
  grant.set_outcome(pb::OUTCOME_GRANTED);
  refusal.set_outcome(pb::OUTCOME_REFUSED);
  requisition.set_state(pb::REQUISITION_STATE_REFUSED);
  EXPECT_TRUE(MayDecide(requisition, Akutten(), grant, kToday).ok());
  EXPECT_REFUSED(MayDecide(requisition, Akutten(), refusal, kToday), "WRONG_STATE");
  requisition.set_state(pb::REQUISITION_STATE_GRANTED);
  EXPECT_REFUSED(MayDecide(requisition, Akutten(), refusal, kToday), "WRONG_STATE");
}

TEST(Requisition, IsGivenBackByAReservationThatCameToNothingWhileItsTimeLasts) {
  pb::Requisition requisition = Received();
  requisition.set_state(pb::REQUISITION_STATE_PLACED);
  requisition.set_use_by(kToday);
  ApplyRelease(pb::Stay(), Akutten(), kToday, &requisition);
  EXPECT_EQ(requisition.state(), pb::REQUISITION_STATE_GRANTED);
  ApplyRelease(pb::Stay(), Akutten(), "2026-03-03", &requisition);
  EXPECT_EQ(requisition.state(), pb::REQUISITION_STATE_LAPSED);
}

// ---- H6 ----

TEST(H6, ADecisionHasReasonDeciderAndComplaintDeadline) {
  pb::DecideRequisitionRequest request;
  request.set_outcome(pb::OUTCOME_REFUSED);
  request.set_reason_code("NO_NEED");
  const pb::Decision decision = NewDecision("d", As(ROLE_STAFF), Received(), request, Rules(), kToday);
  EXPECT_EQ(decision.reason_code(), "NO_NEED");
  EXPECT_EQ(decision.decided_by(), "caller");
  EXPECT_EQ(decision.complaint_deadline(), "2026-03-23");
  EXPECT_EQ(decision.state(), pb::DECISION_STATE_IN_FORCE);
}

TEST(H6, AnApplicationIsDecidedWithinAMonthWhateverIsVacant) {
  pb::SubmitApplicationRequest request;
  request.set_person_ref(kKari);
  const pb::Application application = NewApplication("a", request, Rules(), kToday);
  EXPECT_EQ(application.decide_by(), "2026-04-02");
  EXPECT_TRUE(MayDecide(application, Rules(), Approval(), kToday).ok()) << "no vacancy is asked for";
}

TEST(H6, APreliminaryAnswerOnlyMovesTheDateOn) {
  pb::Application application;
  application.set_state(pb::APPLICATION_STATE_SUBMITTED);
  application.set_decide_by("2026-04-02");
  EXPECT_REFUSED(MayGivePreliminaryAnswer(application, "2026-04-02", kToday), "DATE_OUT_OF_ORDER");
  EXPECT_TRUE(MayGivePreliminaryAnswer(application, "2026-05-02", kToday).ok());
  EXPECT_REFUSED(MayGivePreliminaryAnswer(application, "2126-05-02", kToday), "INVALID_FIELD");
}

TEST(H6, ALaterDecisionSupersedesAnEarlierOneAndBothStay) {
  pb::Decision earlier, later;
  later.set_id("later");
  earlier.set_state(pb::DECISION_STATE_IN_FORCE);
  ApplySupersession(later, &earlier);
  EXPECT_EQ(earlier.state(), pb::DECISION_STATE_SUPERSEDED);
  EXPECT_EQ(earlier.superseded_by_id(), "later");
}

// ---- Applications ----

TEST(Application, IsApprovedWhenAllCriteriaAreMetOrWithAnException) {
  pb::Application application;
  application.set_state(pb::APPLICATION_STATE_UNDER_REVIEW);
  pb::DecideApplicationRequest request = Approval();
  EXPECT_TRUE(MayDecide(application, Rules(), request, kToday).ok());
  request.mutable_criteria()->set_can_meet_rental_terms(false);
  EXPECT_REFUSED(MayDecide(application, Rules(), request, kToday), "CRITERIA_NOT_MET");
  request.set_exception_code("CLEARLY_UNREASONABLE");
  EXPECT_TRUE(MayDecide(application, Rules(), request, kToday).ok());
}

TEST(Application, ThatIsIncompleteCanOnlyBeRefused) {
  pb::Application application;
  application.set_state(pb::APPLICATION_STATE_INCOMPLETE);
  EXPECT_REFUSED(MayDecide(application, Rules(), Approval(), kToday), "WRONG_STATE");
  pb::DecideApplicationRequest refusal;
  refusal.set_outcome(pb::OUTCOME_REFUSED);
  EXPECT_TRUE(MayDecide(application, Rules(), refusal, kToday).ok());
}

TEST(Application, ApprovalIsValidTwelveMonthsAndLeadsToTheListOnlyWithAnAssessment) {
  pb::Application application;
  application.set_state(pb::APPLICATION_STATE_UNDER_REVIEW);
  pb::Decision decision;
  decision.set_outcome(pb::OUTCOME_GRANTED);
  decision.set_decide_date(kToday);
  ApplyDecision(decision, Rules(), &application);
  EXPECT_EQ(application.state(), pb::APPLICATION_STATE_APPROVED);
  EXPECT_EQ(application.approved_until(), "2027-03-02");
  EXPECT_FALSE(IsExpired(application, "2027-03-02"));
  EXPECT_TRUE(IsExpired(application, "2027-03-03"));
  application.set_state(pb::APPLICATION_STATE_UNDER_REVIEW);
  application.set_assessment_id("assessment");
  ApplyDecision(decision, Rules(), &application);
  EXPECT_EQ(application.state(), pb::APPLICATION_STATE_LISTED);
}

TEST(Application, ApprovalIsRenewedBeforeItExpiresAndNotAfter) {
  EXPECT_TRUE(MayRenew(Approved(kToday), kToday).ok());
  EXPECT_REFUSED(MayRenew(Approved("2026-03-01"), kToday), "APPROVAL_EXPIRED");
}

TEST(Application, ResidentsApplyForThemselvesOnly) {
  pb::SubmitApplicationRequest request;
  request.set_person_ref(kKari);
  EXPECT_TRUE(MaySubmit(As(ROLE_PERSON, kKari), request).ok());
  EXPECT_EQ(MaySubmit(As(ROLE_PERSON, kOla), request).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(MaySubmit(As(ROLE_HOUSING_OFFICE), request).ok());
}

TEST(Application, APersonHasOneUnderWay) {
  EXPECT_TRUE(MayHaveAnother(false).ok());
  EXPECT_REFUSED(MayHaveAnother(true), "APPLICATION_OPEN");
}

// ---- H7 ----

TEST(H7, AVacancyIsOfferedOnceAtATimeAndAPersonHasOneOffer) {
  pb::Vacancy vacancy = OpenVacancy();
  pb::Application application = Approved();
  EXPECT_TRUE(MayOffer(vacancy, application, Entry(5, ""), kToday).ok());
  application.set_state(pb::APPLICATION_STATE_OFFERED);
  EXPECT_REFUSED(MayOffer(vacancy, application, Entry(5, ""), kToday), "PERSON_HAS_OFFER");
  vacancy.set_state(pb::VACANCY_STATE_OFFERED);
  EXPECT_REFUSED(MayOffer(vacancy, Approved(), Entry(5, ""), kToday), "VACANCY_TAKEN");
}

TEST(H7, NothingIsOfferedOnAnExpiredApprovalOrAnUnsuitableKind) {
  EXPECT_REFUSED(MayOffer(OpenVacancy(), Approved("2026-03-01"), Entry(5, ""), kToday), "APPROVAL_EXPIRED");
  pb::Vacancy small_house = OpenVacancy();
  small_house.set_scheme_kind(pb::SCHEME_KIND_SMALL_HOUSE);
  EXPECT_REFUSED(MayOffer(small_house, Approved(), Entry(5, ""), kToday), "NOT_SUITABLE");
}

TEST(H7, AnExpiredOfferCannotBeAccepted) {
  pb::PlaceOffer place_offer;
  place_offer.set_state(pb::PLACE_OFFER_STATE_PENDING);
  place_offer.set_answer_by(kToday);
  EXPECT_TRUE(MayAnswer(place_offer, kToday).ok()) << "on the last day it can";
  EXPECT_REFUSED(MayAnswer(place_offer, "2026-03-03"), "OFFER_EXPIRED") << "whether or not a clock has marked it";
  place_offer.set_state(pb::PLACE_OFFER_STATE_EXPIRED);
  EXPECT_REFUSED(MayAnswer(place_offer, kToday), "OFFER_EXPIRED");
}

TEST(H7, AnOfferIsAnsweredOnce) {
  pb::PlaceOffer place_offer;
  place_offer.set_answer_by(kToday);
  for (auto state : {pb::PLACE_OFFER_STATE_ACCEPTED, pb::PLACE_OFFER_STATE_DECLINED, pb::PLACE_OFFER_STATE_REVOKED}) {
    place_offer.set_state(state);
    EXPECT_REFUSED(MayAnswer(place_offer, kToday), "WRONG_STATE");
  }
}

TEST(H7, TheTimeToAnswerEndsWithTheApproval) {
  EXPECT_EQ(NewPlaceOffer("o", OpenVacancy(), Approved(), Entry(1, ""), Bokollektivet(), kToday).answer_by(),
            "2026-03-09");
  EXPECT_EQ(
      NewPlaceOffer("o", OpenVacancy(), Approved("2026-03-04"), Entry(1, ""), Bokollektivet(), kToday).answer_by(),
      "2026-03-04");
}

TEST(H7, AnOfferedPersonIsToldOnlyOfALaterDay) {
  pb::PlaceOffer place_offer;
  place_offer.set_from_date("2026-03-05");
  EXPECT_FALSE(ApplyPostponement("2026-03-04", &place_offer));
  EXPECT_FALSE(ApplyPostponement("2026-03-05", &place_offer));
  EXPECT_EQ(place_offer.from_date(), "2026-03-05");
  EXPECT_TRUE(ApplyPostponement("2026-03-06", &place_offer));
  EXPECT_EQ(place_offer.from_date(), "2026-03-06");
}

// ---- H8 ----

TEST(H8, AnAkuttenStayCreatesNoTenancy) {
  const pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, kToday, "2026-04-01");
  EXPECT_REFUSED(MaySign(stay, Akutten(), {}, kToday, "", kToday), "TENANCY_NOT_ALLOWED");
  EXPECT_TRUE(MayArrive(Stay(pb::STAY_STATE_RESERVED, kToday, ""), Akutten(), {}, kToday, kToday).ok());
}

TEST(H8, NobodyMovesIntoBokollektivetWithoutASignedTenancyThatHasBegun) {
  const pb::Stay stay = Stay(pb::STAY_STATE_RESERVED, kToday, "");
  pb::Tenancy tenancy;
  EXPECT_REFUSED(MayArrive(stay, Bokollektivet(), {}, kToday, kToday), "TENANCY_REQUIRED");
  tenancy.set_state(pb::TENANCY_STATE_NOTIFIED);
  EXPECT_REFUSED(MayArrive(stay, Bokollektivet(), {false, false, &tenancy}, kToday, kToday), "TENANCY_REQUIRED");
  tenancy.set_state(pb::TENANCY_STATE_SIGNED);
  tenancy.set_start_date("2026-03-03");
  EXPECT_REFUSED(MayArrive(stay, Bokollektivet(), {false, false, &tenancy}, kToday, kToday), "TENANCY_REQUIRED");
  tenancy.set_start_date(kToday);
  EXPECT_TRUE(MayArrive(stay, Bokollektivet(), {false, false, &tenancy}, kToday, kToday).ok());
}

TEST(H8, NobodyMovesInOnATenancyThatIsOver) {
  const pb::Stay stay = Stay(pb::STAY_STATE_RESERVED, "2026-02-20", "");
  pb::Tenancy tenancy;
  tenancy.set_state(pb::TENANCY_STATE_SIGNED);
  tenancy.set_start_date("2026-02-20");
  tenancy.set_end_date(kToday);
  EXPECT_REFUSED(MayArrive(stay, Smahus(), {false, false, &tenancy}, kToday, kToday), "TENANCY_REQUIRED");
  EXPECT_TRUE(MayArrive(stay, Smahus(), {false, false, &tenancy}, "2026-03-01", kToday).ok()) << "entered late";
  tenancy.set_end_date("2026-03-03");
  EXPECT_TRUE(MayArrive(stay, Smahus(), {false, false, &tenancy}, kToday, kToday).ok());
}

TEST(H8, ATenancyRunsOutUnderAResidentWhoIsStillThere) {
  const pb::Stay lives = Stay(pb::STAY_STATE_ARRIVED, "2026-02-20", ""),
                 reserved = Stay(pb::STAY_STATE_RESERVED, "2026-02-20", "");
  pb::Tenancy tenancy;
  tenancy.set_state(pb::TENANCY_STATE_SIGNED);
  EXPECT_FALSE(RanOutUnderResident(tenancy, lives, kToday)) << "without an end";
  tenancy.set_end_date(kToday);
  EXPECT_FALSE(RanOutUnderResident(tenancy, lives, kToday)) << "on the day itself they may still leave";
  tenancy.set_end_date("2026-03-01");
  EXPECT_TRUE(RanOutUnderResident(tenancy, lives, kToday));
  EXPECT_FALSE(RanOutUnderResident(tenancy, reserved, kToday)) << "nobody lives there by it";
  tenancy.set_state(pb::TENANCY_STATE_ENDED);
  EXPECT_FALSE(RanOutUnderResident(tenancy, lives, kToday));
}

TEST(H8, SpecialTermsNeedAWrittenNoticeBeforeTheStart) {
  const pb::Stay stay = Stay(pb::STAY_STATE_RESERVED, kToday, "");
  EXPECT_REFUSED(MaySign(stay, Smahus(), {}, kToday, "", kToday), "SPECIAL_TERMS_NOTICE_REQUIRED");
  pb::Tenancy notified = NewTenancy("t", stay, Smahus());
  notified.set_notice_date("2026-03-03");
  EXPECT_REFUSED(MaySign(stay, Smahus(), {std::nullopt, notified}, kToday, "", kToday),
                 "SPECIAL_TERMS_NOTICE_REQUIRED");
  notified.set_notice_date("2026-02-25");
  EXPECT_TRUE(MaySign(stay, Smahus(), {std::nullopt, notified}, kToday, "", kToday).ok());
  EXPECT_TRUE(MaySign(stay, Smahus(), {std::nullopt, notified}, kToday, "2026-09-01", kToday).ok())
      << "special terms may be short";
}

TEST(H8, ATenancyWithAnEndIsFollowedByAnother) {
  const pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-20", "");
  Tenancies tenancies;
  tenancies.contract = NewTenancy("t", stay, Smahus());
  tenancies.contract->set_state(pb::TENANCY_STATE_SIGNED);
  EXPECT_REFUSED(MayGiveNotice(stay, Smahus(), tenancies, kToday, kToday), "TENANCY_EXISTS");
  EXPECT_REFUSED(MaySign(stay, Bokollektivet(), tenancies, kToday, "", kToday), "TENANCY_EXISTS");
  tenancies.contract->set_end_date("2026-04-01");
  EXPECT_TRUE(MayGiveNotice(stay, Smahus(), tenancies, kToday, kToday).ok());
  EXPECT_EQ(TenancyStart(stay, tenancies), "2026-04-01");
  EXPECT_REFUSED(MaySign(stay, Smahus(), tenancies, "2026-04-01", "", kToday), "SPECIAL_TERMS_NOTICE_REQUIRED");
  tenancies.notice = NewTenancy("n", stay, Smahus());
  tenancies.notice->set_notice_date(kToday);
  EXPECT_REFUSED(MayGiveNotice(stay, Smahus(), tenancies, kToday, kToday), "TENANCY_EXISTS");
  EXPECT_REFUSED(MaySign(stay, Smahus(), tenancies, "2026-03-31", "", kToday), "TENANCY_EXISTS");
  EXPECT_REFUSED(MaySign(stay, Smahus(), tenancies, "2026-04-02", "", kToday), "DATE_OUT_OF_ORDER");
  EXPECT_TRUE(MaySign(stay, Smahus(), tenancies, "2026-04-01", "", kToday).ok());
  const pb::Stay reserved = Stay(pb::STAY_STATE_RESERVED, "2026-02-20", "");
  EXPECT_REFUSED(MaySign(reserved, Smahus(), tenancies, "2026-04-01", "", kToday), "TENANCY_EXISTS")
      << "nobody could move in by the first";
  tenancies.contract->set_end_date("2026-03-01");  // it has run out
  EXPECT_TRUE(MaySign(stay, Smahus(), tenancies, kToday, "", kToday).ok());
  EXPECT_TRUE(MaySign(reserved, Smahus(), tenancies, kToday, "", kToday).ok());
}

TEST(H8, AnOrdinaryTenancyLastsThreeYears) {
  const pb::Stay stay = Stay(pb::STAY_STATE_RESERVED, kToday, "");
  EXPECT_REFUSED(MaySign(stay, Bokollektivet(), {}, kToday, "2029-03-01", kToday), "TENANCY_TOO_SHORT");
  EXPECT_TRUE(MaySign(stay, Bokollektivet(), {}, kToday, "2029-03-02", kToday).ok());
  EXPECT_TRUE(MaySign(stay, Bokollektivet(), {}, kToday, "", kToday).ok());
}

TEST(Policies, TakeOverFromTheirDayAndNotBehindALaterOne) {
  pb::SchemePolicy last, next;
  last.set_valid_from("2026-11-23");
  next.set_valid_from("2026-11-22");
  EXPECT_TRUE(MaySetPolicy(next, nullptr).ok());
  EXPECT_REFUSED(MaySetPolicy(next, &last), "DATE_OUT_OF_ORDER");
  next.set_valid_from("2026-11-23");
  EXPECT_TRUE(MaySetPolicy(next, &last).ok()) << "the same day: put right";
}

TEST(H8, APolicyHasATenancyOnTheApplicationRouteAndNowhereElse) {
  pb::SetSchemePolicyRequest request;
  *request.mutable_policy() = Akutten();
  EXPECT_TRUE(Check(request).ok());
  request.mutable_policy()->set_tenancy_kind(pb::TENANCY_KIND_ORDINARY);
  EXPECT_REFUSED(Check(request), "INVALID_FIELD");
  *request.mutable_policy() = Bokollektivet();
  EXPECT_TRUE(Check(request).ok());
  request.mutable_policy()->set_tenancy_kind(pb::TENANCY_KIND_NONE);
  EXPECT_REFUSED(Check(request), "INVALID_FIELD");
}

// ---- H9 ----

TEST(H9, TheScoreIsTheSumOfWeightsAndLevels) {
  pb::NeedRule rule;
  for (auto [code, weight] : {std::pair("HOMELESS", 100), std::pair("HEALTH", 30)}) {
    pb::NeedWeight* w = rule.add_weights();
    w->set_factor_code(code);
    w->set_weight(weight);
    w->set_level_max(3);
  }
  pb::AssessNeedRequest request;
  auto* factor = request.add_factors();
  factor->set_factor_code("HOMELESS");
  factor->set_level(3);
  factor = request.add_factors();
  factor->set_factor_code("HEALTH");
  factor->set_level(1);
  EXPECT_EQ(Score(rule, request).value(), 330);
  factor->set_level(4);
  EXPECT_REFUSED(Score(rule, request).status(), "INVALID_FIELD");
  factor->set_factor_code("HAIR_COLOUR");
  EXPECT_REFUSED(Score(rule, request).status(), "INVALID_FIELD");
}

TEST(H9, ARankStoresTheVersionOfTheRuleAndTheReason) {
  const pb::ListEntry entry = Entry(5, "");
  EXPECT_EQ(entry.rule_version(), 4);
  EXPECT_EQ(entry.reason_code(), "NO_HOME");
}

TEST(H9, TheMorePressingNeedStandsFirstWhoeverCameFirst) {
  const std::string early = "018f0000-0000-7000-8000-000000000001", late = "019f0000-0000-7000-8000-000000000001";
  EXPECT_LT(Entry(200, "", late).rank_key(), Entry(100, "", early).rank_key());
}

TEST(H9, NoDayThatAnApplicantNamesMovesThem) {
  const std::string rank = Entry(100, "").rank_key();
  for (const char* needed_by : {"0001-01-01", "2026-03-05", "2027-03-05"}) {
    EXPECT_EQ(Entry(100, needed_by).rank_key(), rank) << needed_by;
    EXPECT_EQ(Entry(100, needed_by).needed_by(), needed_by) << "who assesses or schemes sees it";
  }
}

TEST(H9, AmongEqualsALotDecidesAndNotTheTime) {
  // Ids of this kind grow with time. Were the order theirs, no later one would ever stand first.
  int later_first = 0;
  for (int i = 0; i < 64; ++i) {
    const std::string early = absl::StrCat("018f0000-0000-7000-8000-0000000000", 10 + i);
    const std::string late = absl::StrCat("019f0000-0000-7000-8000-0000000000", 10 + i);
    later_first += Entry(100, "", late).rank_key() < Entry(100, "", early).rank_key();
  }
  EXPECT_GT(later_first, 16);
  EXPECT_LT(later_first, 48);
}

TEST(H9, ANewAssessmentKeepsTheLot) {
  pb::ListEntry entry = Entry(100, "");
  const std::string before = entry.rank_key();
  pb::NeedAssessment same;
  same.set_score(100);
  ApplyAssessment(same, &entry);
  EXPECT_EQ(entry.rank_key(), before);
}

TEST(H9, WhoeverPassesAMorePressingNeedOverSaysWhy) {
  const pb::ListEntry before = Entry(9, "");
  EXPECT_TRUE(MayPassOver(nullptr, "").ok()) << "nobody is before them";
  EXPECT_TRUE(MayPassOver(nullptr, "A").ok());
  EXPECT_TRUE(MayPassOver(&before, "A").ok());
  EXPECT_REFUSED(MayPassOver(&before, ""), "PASSED_OVER_REASON_REQUIRED");
}

// ---- H10 and the length of stays ----

TEST(H10, AnEndedStayHasADestination) {
  pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "2026-03-20");
  ApplyEnd(kToday, "410", "OWN_HOME", &stay);
  EXPECT_EQ(stay.destination_code(), "410");
  EXPECT_EQ(stay.end_date(), kToday);
  EXPECT_EQ(stay.held_until(), "2026-03-03");
}

TEST(H10, AnEndIsRecordedWhenItHasComeAndAfterTheArrival) {
  const pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "");
  EXPECT_REFUSED(MayEnd(stay, "2026-03-03", kToday), "NOT_YET");
  EXPECT_REFUSED(MayEnd(stay, "2026-01-31", kToday), "DATE_OUT_OF_ORDER");
  EXPECT_TRUE(MayEnd(stay, "2026-02-01", kToday).ok());
}

TEST(LengthOfStay, IsThatOfThePolicyUnlessItIsExtendedWithAReason) {
  pb::ReserveStayRequest request;
  const Period period = PeriodOf(request, "", Akutten(), kToday).value();
  EXPECT_EQ(period.start_date, kToday);
  EXPECT_EQ(period.end_date, "2026-05-31");
  request.set_end_date("2026-06-01");
  EXPECT_REFUSED(PeriodOf(request, "", Akutten(), kToday).status(), "MAX_STAY_EXCEEDED");
  request.set_end_date(kToday);
  EXPECT_REFUSED(PeriodOf(request, "", Akutten(), kToday).status(), "DATE_OUT_OF_ORDER");
  request.set_start_date("2026-03-01");
  EXPECT_REFUSED(PeriodOf(request, "", Akutten(), kToday).status(), "START_IN_PAST");
}

TEST(LengthOfStay, OfAHomeIsOpenEnded) {
  EXPECT_EQ(PeriodOf({}, "2026-04-01", Bokollektivet(), kToday).value().end_date, "");
  EXPECT_EQ(PeriodOf({}, "2026-04-01", Bokollektivet(), kToday).value().start_date, "2026-04-01");
}

TEST(LengthOfStay, IsExtendedForwardOnly) {
  const pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "2026-03-10");
  EXPECT_REFUSED(MayExtend(stay, "2026-03-10", kToday), "DATE_OUT_OF_ORDER");
  EXPECT_TRUE(MayExtend(stay, "2026-03-11", kToday).ok());
  EXPECT_REFUSED(MayExtend(Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", ""), "2026-03-11", kToday),
                 "EXTENSION_NOT_POSSIBLE");
  EXPECT_REFUSED(MayExtend(Stay(pb::STAY_STATE_ENDED, "2026-02-01", "2026-03-01"), "2026-03-11", kToday),
                 "WRONG_STATE");
}

TEST(Marks, ComeAtSixtyAndNinetyDaysOnce) {
  pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "");
  EXPECT_EQ(NextMark(stay, Akutten()), 60);
  stay.add_marks_passed(60);
  EXPECT_EQ(NextMark(stay, Akutten()), 90);
  stay.add_marks_passed(90);
  EXPECT_EQ(NextMark(stay, Akutten()), 0);
}

TEST(Overstay, IsJudgedOnlyWhenTheEndHasPassed) {
  pb::JudgeOverstayRequest request;
  request.set_authorised(true);
  request.set_authorised_until("2026-03-09");
  EXPECT_REFUSED(MayJudgeOverstay(Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", kToday), request, kToday), "WRONG_STATE");
  EXPECT_TRUE(MayJudgeOverstay(Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "2026-03-01"), request, kToday).ok());
  request.set_authorised_until(kToday);
  EXPECT_REFUSED(MayJudgeOverstay(Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "2026-03-01"), request, kToday),
                 "DATE_OUT_OF_ORDER");
}

TEST(Absence, KeepsThePlaceAndIsRecordedOnce) {
  pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "");
  EXPECT_TRUE(MayBeAbsent(stay, kToday, "2026-03-09", kToday).ok());
  EXPECT_REFUSED(MayBeAbsent(stay, kToday, "2026-03-01", kToday), "DATE_OUT_OF_ORDER");
  EXPECT_REFUSED(MayBeAbsent(stay, "2026-03-03", "", kToday), "NOT_YET");
  stay.set_absence_reason_code("HOSPITAL");
  EXPECT_REFUSED(MayBeAbsent(stay, kToday, "", kToday), "WRONG_STATE");
}

TEST(Absence, OnlyWhoIsAwayReturns) {
  pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "");
  EXPECT_REFUSED(MayReturn(stay), "NOT_ABSENT");
  stay.set_absence_reason_code("HOSPITAL");
  EXPECT_TRUE(MayReturn(stay).ok());
}

// ---- Own things only ----

TEST(OwnThings, AResidentSeesOwnThingsAndNobodyElses) {
  const pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "");
  EXPECT_TRUE(MaySee(As(ROLE_PERSON, kKari), stay).ok());
  EXPECT_EQ(MaySee(As(ROLE_PERSON, kOla), stay).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(MaySee(As(ROLE_PERSON, kKari), Approved()).ok());
  EXPECT_EQ(MaySee(As(ROLE_PERSON, kOla), Approved()).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(MaySee(As(ROLE_STAFF), stay).ok());
  EXPECT_EQ(MaySee(As(ROLE_OPERATOR), stay).code(), absl::StatusCode::kNotFound);
}

TEST(OwnThings, APersonWithoutAReferenceOwnsNothing) {
  pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "");
  stay.clear_person_ref();
  EXPECT_FALSE(MaySee(As(ROLE_PERSON), stay).ok());
}

TEST(OwnThings, NavSeesItsOwnOfficesRequisitionsAndTheHospitalItsOwnReferrals) {
  pb::Requisition requisition = Received();
  EXPECT_TRUE(MaySee(As(ROLE_NAV, "", "nav-sandnes"), requisition).ok());
  EXPECT_EQ(MaySee(As(ROLE_NAV, "", "nav-stavanger"), requisition).code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(MaySee(As(ROLE_NAV), requisition).ok());
  requisition.set_organisation_id("sus");
  requisition.set_responsible_unit("sus-sikkerhet");
  EXPECT_TRUE(MaySee(As(ROLE_SPECIALIST_HEALTH, "", "sus-sikkerhet"), requisition).ok());
  EXPECT_FALSE(MaySee(As(ROLE_NAV, "", "sus-sikkerhet"), requisition).ok());
}

// ---- Follow-up and statistics ----

TEST(Contacts, ArePlannedAheadAndHeldOnce) {
  const pb::Stay stay = Stay(pb::STAY_STATE_ARRIVED, "2026-02-01", "");
  EXPECT_REFUSED(MayPlanContact(stay, "2026-03-01", kToday), "DATE_OUT_OF_ORDER");
  EXPECT_TRUE(MayPlanContact(stay, kToday, kToday).ok());
  pb::Contact contact;
  contact.set_state(pb::CONTACT_STATE_OVERDUE);
  EXPECT_TRUE(MayRecord(contact, kToday, kToday).ok()) << "late is better than never";
  EXPECT_REFUSED(MayRecord(contact, "2026-03-03", kToday), "NOT_YET");
  contact.set_state(pb::CONTACT_STATE_HELD);
  EXPECT_REFUSED(MayRecord(contact, kToday, kToday), "WRONG_STATE");
}

google::protobuf::RepeatedPtrField<pb::Count> Counts(std::initializer_list<int> numbers) {
  google::protobuf::RepeatedPtrField<pb::Count> counts;
  for (int number : numbers) counts.Add()->set_count(number);
  return counts;
}

std::vector<int> Shown(const google::protobuf::RepeatedPtrField<pb::Count>& counts) {
  std::vector<int> shown;
  for (const pb::Count& count : counts) shown.push_back(count.has_count() ? count.count() : -1);
  return shown;
}

TEST(SmallNumbers, AreAbsentAndCannotBeSubtracted) {
  auto counts = Counts({3, 20, 8, 0});
  Suppress(5, &counts);
  EXPECT_THAT(Shown(counts), ElementsAre(-1, 20, -1, 0)) << "a single one would follow from the sum";
}

}  // namespace
}  // namespace mestring::housing
