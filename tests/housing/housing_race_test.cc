// One place, many hands: two hundred callers at once want the same few places.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/housing/town.h"
#include "tests/support/race.h"
#include "tests/support/service_process.h"

namespace mestring::housing {
namespace {

using testing::ElementsAre;
using testing::Pair;
using Stub = Town::Stub;

constexpr int kCallers = 200;

// Seven places that are requisitioned.
std::string SevenShelterPlaces(Town& town) {
  for (int i = 4; i <= 7; ++i) {
    pb::AddPlaceRequest place;
    place.set_scheme_id(town.akutten);
    place.set_label(absl::StrCat(i));
    EXPECT_TRUE(town.Call(&Stub::AddPlace, UnitLeader(), place).ok());
  }
  return town.akutten;
}

class RaceTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Engines, RaceTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(RaceTest, TwoHundredReserveSevenPlacesAndSevenGetOne) {
  Town town(GetParam());
  const std::string scheme_id = SevenShelterPlaces(town);
  std::vector<std::string> requisitions;
  for (int i = 0; i < kCallers; ++i) requisitions.push_back(town.Granted(SomePerson(), scheme_id).id());
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    pb::ReserveStayRequest request;
    request.set_requisition_id(requisitions[i]);
    return town.Call(&Stub::ReserveStay, Staff(), request).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 7), Pair("PLACE_TAKEN", kCallers - 7)));
  EXPECT_EQ(town.Availability(scheme_id).reserved(), 7);
  EXPECT_EQ(town.EventsOf<pb::StayReserved>().size(), 7);
}

TEST_P(RaceTest, TwoHundredOfferAndReserveBokollektivetsSevenPlacesAndSevenAreGiven) {
  Town town(GetParam());
  std::vector<pb::Vacancy> vacancies;
  for (const pb::Place& place : town.Places(town.bokollektivet)) vacancies.push_back(town.Vacant(place.id()));
  ASSERT_EQ(vacancies.size(), 7);
  std::vector<std::string> applications;
  for (int i = 0; i < kCallers; ++i) applications.push_back(town.Listed(SomePerson(), i % 10).id());
  const auto offered = AllAtOnce(kCallers, [&](int i) {
    pb::MakePlaceOfferRequest request;
    request.set_vacancy_id(vacancies[i % 7].id());
    request.set_application_id(applications[i]);
    request.set_passed_over_reason_code("A");
    return town.Call(&Stub::MakePlaceOffer, HousingOffice(), request).status();
  });
  EXPECT_THAT(offered, ElementsAre(Pair("", 7), Pair("VACANCY_TAKEN", kCallers - 7)));

  pb::ListPlaceOffersRequest list;
  list.set_state(pb::PLACE_OFFER_STATE_PENDING);
  const auto place_offers = town.Call(&Stub::ListPlaceOffers, HousingOffice(), list);
  ASSERT_EQ(place_offers->place_offers_size(), 7);
  for (const pb::PlaceOffer& place_offer : place_offers->place_offers()) town.Accepted(place_offer);
  const auto reserved = AllAtOnce(kCallers, [&](int i) {
    pb::ReserveStayRequest request;
    request.set_place_offer_id(place_offers->place_offers(i % 7).id());
    return town.Call(&Stub::ReserveStay, HousingOffice(), request).status();
  });
  EXPECT_THAT(reserved, ElementsAre(Pair("", 7), Pair("ALREADY_PLACED", kCallers - 7)));
  EXPECT_EQ(town.Availability(town.bokollektivet).reserved(), 7);
  EXPECT_EQ(town.Availability(town.bokollektivet).free(), 0);
}

TEST(RaceOfTwoProcesses, OnOneDatabaseGivesSevenPlacesToSeven) {
  Town town("postgresql");
  const std::string scheme_id = SevenShelterPlaces(town);
  std::vector<std::string> requisitions;
  for (int i = 0; i < kCallers; ++i) requisitions.push_back(town.Granted(SomePerson(), scheme_id).id());
  TwoReplicas<pb::HousingService> replicas(town);
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    pb::ReserveStayRequest request;
    request.set_requisition_id(requisitions[i]);
    return replicas.For(i).Call(&Stub::ReserveStay, Staff(), request).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 7), Pair("PLACE_TAKEN", kCallers - 7)));
  EXPECT_EQ(replicas.For(1).EventsOf<pb::StayReserved>().size(), 7);
  EXPECT_TRUE(replicas.BothRun());
}

}  // namespace
}  // namespace mestring::housing
