// Deadlines that housing missed reach the council as counts of a month, and as nothing else (C9): a real housing
// service on a real Redis, whose log tells of deadlines, and the council's clock, which obeys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/events/parked.h"
#include "mestring/common/v1/assigned_actions_events.pb.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/housing.h"
#include "tests/council/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/redis.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring::council {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;
using Stub = Town::Stub;

constexpr auto kContact = housing::v1::DEADLINE_KIND_CONTACT, kArrival = housing::v1::DEADLINE_KIND_ARRIVAL;

// Housing, and where a council may listen to it.
class HousingTells : public testing::TestWithParam<const char*> {
 protected:
  HousingTells() {
    std::ofstream(folder_.path() + "/token") << Token({access::v1::ROLE_SERVICE});
    housing_ = std::make_unique<RunningService>(HousingDefinition(), GetParam(), Adjust(housing_port_));
  }

  std::function<void(Config&)> Adjust(int port) {
    return [this, port](Config& config) {
      config.redis_url = redis_.url();
      config.listen = absl::StrCat("127.0.0.1:", port);
      config.token_file = folder_.path() + "/token";
      config.owners = absl::StrCat("council=127.0.0.1:", council_port_, ",housing=127.0.0.1:", housing_port_);
    };
  }
  // Codes and values, "few" for what is suppressed.
  static std::map<std::string, std::string> FiguresOf(const pb::FigureSet& set) {
    std::map<std::string, std::string> figures;
    for (const auto& figure : set.figures()) {
      figures[figure.code()] = figure.suppressed() ? "few" : absl::StrCat(figure.value());
    }
    return figures;
  }

  RedisServer redis_;
  TempFolder folder_;
  const int council_port_ = FreePort(), housing_port_ = FreePort();
  std::unique_ptr<RunningService> housing_;
};

class FiguresTest : public HousingTells {
 protected:
  FiguresTest() : town_(std::make_unique<Town>(GetParam(), Adjust(council_port_))) {}

  // Housing tells that so many deadlines of a day were missed.
  void Missed(housing::v1::DeadlineKind kind, const std::string& due_date, int times = 1) {
    for (int i = 0; i < times; ++i) {
      housing::v1::DeadlineMissed event;
      event.set_kind(kind);
      event.set_subject_id(SomePerson());
      event.set_person_ref(SomePerson());
      event.set_due_date(due_date);
      cases_.insert(cases_.end(), {event.subject_id(), event.person_ref()});
      EXPECT_DONE(housing_->db().Write([&](Tx& tx) { return tx.Publish(event, event.subject_id(), 1); }));
    }
  }
  // Publishes an event as a version of housing would in which an enum has one more value.
  static constexpr int kNotNamed = 99;
  template <class E>
  void PublishNewer(E event, const std::string& subject, int enum_field) {
    event.GetReflection()->MutableUnknownFields(&event)->AddVarint(enum_field, kNotNamed);
    EXPECT_DONE(housing_->db().Write([&](Tx& tx) { return tx.Publish(event, subject, 1); }));
  }
  // What is counted and no set of figures yet: "2027-01-01 DEADLINE_KIND_CONTACT" to its count.
  std::map<std::string, int64_t> Counted() {
    std::map<std::string, int64_t> counted;
    EXPECT_DONE(town_->service().db().Read([&](Tx& tx) -> absl::Status {
      counted.clear();
      ASSIGN(const auto rows,
             (tx.Query<std::string, std::string, int64_t>("SELECT month, kind, missed FROM missed_deadlines")));
      for (const auto& [month, kind, missed] : rows) counted[absl::StrCat(month, " ", kind)] = missed;
      return absl::OkStatus();
    }));
    return counted;
  }
  bool CountsBecome(const std::map<std::string, int64_t>& expected) {
    return WaitUntil([&] { return Counted() == expected; });
  }
  std::vector<pb::FigureSet> Sets() {
    const auto list = Must(town_->Call(&Stub::ListFigures, Staff(), pb::ListFiguresRequest()));
    return {list.figure_sets().begin(), list.figure_sets().end()};
  }

  std::unique_ptr<Town> town_;
  // Every subject and person that housing has told of.
  std::vector<std::string> cases_;
};

INSTANTIATE_TEST_SUITE_P(Engines, FiguresTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });
INSTANTIATE_TEST_SUITE_P(Engines, HousingTells, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(HousingTells, FiguresThatAreSuppressedAlsoWhileTheCouncilHasNoMandate) {
  RunningTown<pb::CouncilService> council(CouncilDefinition(), GetParam(), Adjust(council_port_));
  housing::v1::StatisticsPublished published;  // by a housing service that holds nothing back
  published.mutable_statistics()->mutable_waiting()->set_code("ALL");
  published.mutable_statistics()->mutable_waiting()->set_count(9);
  for (const auto& [code, count] : {std::pair("FEW", 4), std::pair("SOME", 5), std::pair("MANY", 20)}) {
    housing::v1::Count* kind = published.mutable_statistics()->add_waiting_by_kind();
    kind->set_code(code);
    kind->set_count(count);
  }
  EXPECT_DONE(housing_->db().Write([&](Tx& tx) { return tx.Publish(published, SomePerson(), 1); }));
  pb::ListFiguresResponse list;
  ASSERT_TRUE(WaitUntil([&] {
    list = Must(council.Call(&Stub::ListFigures, Staff(), pb::ListFiguresRequest()));
    return list.figure_sets_size() == 1;
  }));
  EXPECT_THAT(FiguresOf(list.figure_sets(0)),
              ElementsAre(Pair("waiting.ALL", "9"), Pair("waiting_by_kind.FEW", "few"),
                          Pair("waiting_by_kind.MANY", "20"), Pair("waiting_by_kind.SOME", "few")));
}

TEST_P(FiguresTest, MissedDeadlinesOfAMonthLieOnTheNextAgendaAsCounts) {
  town_->GoTo("2027-01-30");
  Missed(kContact, "2027-01-04", 4);
  Missed(kContact, "2027-01-31");  // not over yet by our clock: counts today
  Missed(kArrival, "2027-01-29", 6);
  Missed(kArrival, "2026-12-31");
  ASSERT_TRUE(CountsBecome({{"2026-12-01 DEADLINE_KIND_ARRIVAL", 1},
                            {"2027-01-01 DEADLINE_KIND_ARRIVAL", 6},
                            {"2027-01-01 DEADLINE_KIND_CONTACT", 5}}));
  town_->GoTo("2027-01-31");
  EXPECT_THAT(Counted(), SizeIs(2)) << "December was heard of late, and is made a day after that";
  town_->GoTo("2027-02-07");
  ASSERT_THAT(Sets(), SizeIs(1)) << "the last day of grace of January";
  EXPECT_EQ(Sets()[0].from_date(), "2026-12-01");
  EXPECT_THAT(FiguresOf(Sets()[0]), ElementsAre(Pair("deadlines_missed.DEADLINE_KIND_ARRIVAL", "few")));

  town_->GoTo("2027-02-08");
  ASSERT_THAT(Sets(), SizeIs(2));
  EXPECT_THAT(Counted(), IsEmpty()) << "what became a set is no count any more";
  const pb::FigureSet january = Sets()[0];
  EXPECT_EQ(january.source(), "housing");
  EXPECT_EQ(january.from_date(), "2027-01-01");
  EXPECT_EQ(january.to_date(), "2027-01-31");
  EXPECT_EQ(january.receive_date(), "2027-02-08");
  EXPECT_THAT(FiguresOf(january), ElementsAre(Pair("deadlines_missed.DEADLINE_KIND_ARRIVAL", "6"),
                                              Pair("deadlines_missed.DEADLINE_KIND_CONTACT", "5")));
  // Of a month that is made: in the month in which it is heard.
  Missed(kContact, "2027-01-05");
  ASSERT_TRUE(CountsBecome({{"2027-02-01 DEADLINE_KIND_CONTACT", 1}}));
  town_->GoTo("2027-03-08");

  const pb::Meeting called = town_->Called(town_->annual_plan[1]);
  const pb::GetMeetingResponse meeting = town_->Meeting(called.id());
  ASSERT_THAT(meeting.papers(), SizeIs(3));
  EXPECT_EQ(meeting.papers(2).from_date(), "2027-02-01");
  ASSERT_THAT(meeting.agenda(), SizeIs(1));
  EXPECT_EQ(meeting.agenda(0).kind(), pb::AGENDA_ITEM_KIND_FIGURES);
  // Each set is told when it comes, when it becomes a paper, and when it waits again.
  pb::CancelMeetingRequest cancel;
  cancel.set_meeting_id(called.id());
  cancel.set_reason("Snow.");
  EXPECT_DONE(town_->Call(&Stub::CancelMeeting, Secretary(), cancel));
  EXPECT_THAT(town_->EventsOf<pb::FiguresReceived>(), SizeIs(3));
  const auto placed = town_->EventsOf<pb::FiguresPlaced>();
  ASSERT_THAT(placed, SizeIs(6));
  EXPECT_EQ(placed[0].meeting_id(), called.id());
  EXPECT_EQ(placed[5].meeting_id(), "");
  ExpectVersionsAreTold(*town_);
}

TEST_P(FiguresTest, DowntimeOverTheEndOfAMonthLosesNothingAndCountsNothingTwice) {
  town_->GoTo("2027-01-20");
  Missed(kContact, "2027-01-04", 3);
  ASSERT_TRUE(CountsBecome({{"2027-01-01 DEADLINE_KIND_CONTACT", 3}}));
  // The council is down until March; Redis loses everything meanwhile, and is filled again.
  town_->service().Stop();
  Missed(kContact, "2027-01-29", 4);
  housing_->Restart();
  redis_.FlushAll();
  Missed(kContact, "2027-02-03", 6);
  town_->service().clock().Set(town_->service().clock().Now() + absl::Hours(24 * 50));
  town_->service().Restart();
  ASSERT_TRUE(CountsBecome({{"2027-01-01 DEADLINE_KIND_CONTACT", 7}, {"2027-02-01 DEADLINE_KIND_CONTACT", 6}}))
      << "January is not made before what was missed of it is heard";
  // Everything comes once more, to a council that has it.
  redis_.FlushAll();
  town_->service().Restart();
  Missed(kArrival, "2027-03-01");
  ASSERT_TRUE(WaitUntil([&] { return Counted().contains("2027-03-01 DEADLINE_KIND_ARRIVAL"); }));
  EXPECT_THAT(Sets(), IsEmpty());
  town_->GoDays(2);
  ASSERT_THAT(Sets(), SizeIs(2));
  std::map<std::string, std::string> contacts;
  for (const pb::FigureSet& set : Sets()) {
    contacts[set.from_date()] = FiguresOf(set)["deadlines_missed.DEADLINE_KIND_CONTACT"];
  }
  EXPECT_THAT(contacts, ElementsAre(Pair("2027-01-01", "7"), Pair("2027-02-01", "6")));
  town_->GoTo("2027-04-08");
  EXPECT_THAT(Sets(), SizeIs(3));
  EXPECT_THAT(Counted(), IsEmpty());
}

// Housing is upgraded before the council.
TEST_P(FiguresTest, WhatAHousingServiceThatIsNewerTellsIsCountedOrKept) {
  town_->GoTo("2027-01-20");
  const std::string said = town_->Dropped("Warmer entrances", SomePerson());
  town_->Answered(said, town_->Opened(town_->Called(town_->annual_plan[0])));
  const pb::Action action = town_->ActionFor(said, "housing", "2027-04-01");

  common::v1::ActionProgressed progressed;
  progressed.set_action_id(action.id());
  PublishNewer(progressed, action.id(), common::v1::ActionProgressed::kStateFieldNumber);
  housing::v1::DeadlineMissed missed;
  missed.set_subject_id(SomePerson());
  missed.set_due_date("2027-01-04");
  PublishNewer(missed, missed.subject_id(), housing::v1::DeadlineMissed::kKindFieldNumber);
  ASSERT_TRUE(CountsBecome({{"2027-01-01 DEADLINE_KIND_UNSPECIFIED", 1}})) << "a deadline is one, of whatever kind";

  EXPECT_DONE(town_->service().db().Read([&](Tx& tx) -> absl::Status {
    ASSIGN(const auto parked, OldestParked(tx, StreamKey("1108", "housing"), action.id()));
    common::v1::ActionProgressed kept;
    EXPECT_TRUE(parked && kept.ParseFromString(parked->data()));
    EXPECT_EQ(kept.state(), kNotNamed) << "it waits for a council that knows it";
    return absl::OkStatus();
  }));
}

TEST_P(FiguresTest, NoPersonAndNoCaseOfAMissedDeadlineStandsInTheDatabase) {
  town_->GoTo("2027-01-20");
  Missed(kContact, "2027-01-04", 7);
  ASSERT_TRUE(CountsBecome({{"2027-01-01 DEADLINE_KIND_CONTACT", 7}}));
  const auto expect_no_case = [&] {
    const std::string stored = town_->WholeDatabase();
    EXPECT_THAT(stored, HasSubstr("DEADLINE_KIND_CONTACT")) << "the scan finds what is there";
    EXPECT_THAT(stored, HasSubstr(town_->user.principal));
    ASSERT_THAT(cases_, SizeIs(14));
    for (const std::string& id : cases_) EXPECT_THAT(stored, Not(HasSubstr(id)));
  };
  expect_no_case();
  town_->GoTo("2027-02-08");
  ASSERT_THAT(Sets(), SizeIs(1));
  expect_no_case();
}

}  // namespace
}  // namespace mestring::council
