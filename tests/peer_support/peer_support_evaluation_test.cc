// Rounds of evaluation: what is published, and that nothing left in the database links an answer to anybody.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/digest.h"
#include "tests/peer_support/town.h"
#include "tests/support/race.h"

namespace mestring::peer_support {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Stub = Town::Stub;

class EvaluationTest : public testing::TestWithParam<const char*> {
 protected:
  Town town_{GetParam()};

  absl::StatusOr<pb::OpenEvaluationResponse> Open() {
    pb::OpenEvaluationRequest request;
    request.set_name("Runde");
    request.set_close_by("2027-01-31");
    for (const char* code : {"HELP", "TRUST"}) {
      pb::EvaluationQuestion* question = request.add_questions();
      question->set_code(code);
      question->set_text("Et spørsmål");
    }
    return town_.Call(&Stub::OpenEvaluation, UnitLeader(), request);
  }
  // Makes codes, as the caller does, and invites by their digests.
  std::vector<std::string> Invite(const std::string& round_id, pb::Stakeholder stakeholder, int count) {
    std::vector<std::string> codes;
    pb::InviteToEvaluationRequest request;
    request.set_evaluation_round_id(round_id);
    request.set_stakeholder(stakeholder);
    for (int i = 0; i < count; ++i) {
      codes.push_back(SomePerson());
      request.add_code_digests(Sha256Hex(codes.back()));
    }
    Must(town_.Call(&Stub::InviteToEvaluation, UnitLeader(), request));
    return codes;
  }
  absl::Status Answer(const std::string& code, int help, int trust, const Who& who) {
    pb::SubmitAnswerRequest request;
    request.set_code(code);
    pb::EvaluationScore* score = request.add_scores();
    score->set_question_code("HELP");
    score->set_score(help);
    score = request.add_scores();
    score->set_question_code("TRUST");
    score->set_score(trust);
    return town_.Call(&Stub::SubmitAnswer, who, request).status();
  }
  absl::StatusOr<pb::CloseEvaluationResponse> Close(const std::string& round_id) {
    pb::CloseEvaluationRequest request;
    request.set_evaluation_round_id(round_id);
    return town_.Call(&Stub::CloseEvaluation, UnitLeader(), request);
  }
  // Every cell of every table, as text.
  std::map<std::string, std::vector<std::string>> WholeDatabase() {
    std::map<std::string, std::vector<std::string>> cells;
    const bool sqlite = town_.service().db().engine() == "sqlite";
    EXPECT_TRUE(town_.service()
                    .db()
                    .Read([&](Tx& tx) -> absl::Status {
                      ASSIGN(const auto columns,
                             (tx.Query<std::string, std::string>(
                                 sqlite ? "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
                                          "WHERE m.type = 'table' ORDER BY 1, 2"
                                        : "SELECT table_name, column_name FROM information_schema.columns WHERE "
                                          "table_schema = 'public' ORDER BY 1, 2")));
                      for (const auto& [table, column] : columns) {
                        ASSIGN(const auto rows,
                               tx.Query<std::string>(absl::StrCat("SELECT CAST(", column, " AS TEXT) FROM ", table)));
                        for (const auto& [cell] : rows) cells[absl::StrCat(table, ".", column)].push_back(cell);
                      }
                      return absl::OkStatus();
                    })
                    .ok());
    return cells;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, EvaluationTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(EvaluationTest, FiveGroupsAreAskedAndSmallOnesAreNotPublished) {
  const std::string round_id = Open()->round().id();
  EXPECT_EQ(ReasonOf(Open().status()), "ROUND_OPEN");
  for (const std::string& code : Invite(round_id, pb::STAKEHOLDER_USER, 4)) {
    EXPECT_TRUE(Answer(code, 5, 4, Resident(SomePerson())).ok());
  }
  for (const std::string& code : Invite(round_id, pb::STAKEHOLDER_NEXT_OF_KIN, 3)) {
    EXPECT_TRUE(Answer(code, 4, 3, NextOfKin(SomePerson())).ok());
  }
  const auto nav = Invite(round_id, pb::STAKEHOLDER_NAV, 3);
  EXPECT_TRUE(Answer(nav[0], 1, 1, Staff()).ok());
  EXPECT_TRUE(Answer(nav[1], 1, 1, Staff()).ok());
  Invite(round_id, pb::STAKEHOLDER_SPECIALIST_HEALTH, 3);
  const auto closed = Close(round_id);
  ASSERT_TRUE(closed.ok()) << closed.status();
  ASSERT_THAT(closed->round().results(), SizeIs(4));
  EXPECT_THAT(closed->round().unpublished(), ElementsAre(pb::STAKEHOLDER_NAV, pb::STAKEHOLDER_SPECIALIST_HEALTH));
  std::map<std::string, std::pair<int64_t, bool>> figures;
  const auto events = town_.EventsOf<pb::EvaluationClosed>();
  ASSERT_THAT(events, SizeIs(1));
  for (const auto& figure : events[0].figures()) {
    figures[figure.code()] = {figure.value(), figure.suppressed()};
  }
  EXPECT_EQ(figures["USER_ANSWERS"], std::pair(int64_t{4}, false));
  EXPECT_EQ(figures["USER_MEAN_CENTI"], std::pair(int64_t{450}, false));
  EXPECT_EQ(figures["NEXT_OF_KIN_MEAN_CENTI"], std::pair(int64_t{350}, false));
  EXPECT_EQ(figures["NAV_ANSWERS"], std::pair(int64_t{0}, true));
  EXPECT_EQ(figures["SPECIALIST_HEALTH_MEAN_CENTI"], std::pair(int64_t{0}, true));
  EXPECT_EQ(ReasonOf(Close(round_id).status()), "WRONG_STATE");
}

TEST_P(EvaluationTest, AnInvitationIsGoodOnce) {
  const std::string round_id = Open()->round().id();
  const std::string code = Invite(round_id, pb::STAKEHOLDER_USER, 1)[0];
  EXPECT_EQ(ReasonOf(Answer(SomePerson(), 5, 5, Staff())), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Answer(code, 5, 6, Staff())), "INVALID_FIELD");
  EXPECT_TRUE(Answer(code, 5, 5, Staff()).ok());
  EXPECT_EQ(ReasonOf(Answer(code, 5, 5, Staff())), "NOT_FOUND");
  pb::InviteToEvaluationRequest again;
  again.set_evaluation_round_id(round_id);
  again.set_stakeholder(pb::STAKEHOLDER_NAV);
  again.add_code_digests(Sha256Hex("a code"));
  EXPECT_TRUE(town_.Call(&Stub::InviteToEvaluation, UnitLeader(), again).ok());
  EXPECT_EQ(ReasonOf(town_.Call(&Stub::InviteToEvaluation, UnitLeader(), again).status()), "ALREADY_EXISTS");
}

TEST_P(EvaluationTest, OneCodeInManyHandsCountsOnce) {
  const std::string round_id = Open()->round().id();
  const std::string code = Invite(round_id, pb::STAKEHOLDER_USER, 1)[0];
  auto counts = AllAtOnce(50, [&](int) { return Answer(code, 3, 3, Staff()); });
  EXPECT_EQ(counts[""], 1);
  EXPECT_EQ(counts["NOT_FOUND"], 49);
}

TEST_P(EvaluationTest, BeforeAndAfterStandBesideEachOther) {
  std::string round_id;
  for (const int score : {2, 4}) {
    round_id = Open()->round().id();
    for (const std::string& code : Invite(round_id, pb::STAKEHOLDER_USER, 3)) {
      EXPECT_TRUE(Answer(code, score, score, Staff()).ok());
    }
    EXPECT_TRUE(Close(round_id).ok());
    town_.GoDays(1);
  }
  pb::GetEvaluationRequest get;
  get.set_evaluation_round_id(round_id);
  const auto evaluation = town_.Call(&Stub::GetEvaluation, AsPeer(SomePerson()), get);
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  ASSERT_THAT(evaluation->changes(), SizeIs(2));
  EXPECT_EQ(evaluation->changes(0).before_centi(), 200);
  EXPECT_EQ(evaluation->changes(0).after_centi(), 400);
  EXPECT_THAT(town_.Call(&Stub::ListEvaluations, Staff(), pb::ListEvaluationsRequest())->rounds(), SizeIs(2));
}

// A replica of the next version has invited a group that this version does not know.
TEST_P(EvaluationTest, ARoundWithAGroupOfTheNextVersionIsNotClosedByThisOne) {
  const std::string round_id = Open()->round().id();
  Must(Answer(Invite(round_id, pb::STAKEHOLDER_USER, 1)[0], 5, 5, Staff()));
  const auto name_group = [&](std::string_view group) {
    Must(town_.service().db().Write(
        [&](Tx& tx) { return tx.Exec("UPDATE evaluation_sums SET stakeholder = :group", group).status(); }));
  };
  name_group("STAKEHOLDER_SCHOOL");
  EXPECT_EQ(ReasonOf(Close(round_id).status()), "STORED_BY_NEWER_VERSION");
  EXPECT_THAT(WholeDatabase()["evaluation_sums.stakeholder"], SizeIs(2)) << "what was answered is kept";
  name_group(pb::Stakeholder_Name(pb::STAKEHOLDER_USER));
  Must(Close(round_id));
}

// [P11] Somebody with the whole database, the codes, and the list of who got which.
TEST_P(EvaluationTest, AScanOfTheDatabaseLinksNoAnswerToAPersonOrAnInvitation) {
  const std::string round_id = Open()->round().id();
  const std::vector<std::string> codes = Invite(round_id, pb::STAKEHOLDER_USER, 3);
  const std::string small = Invite(round_id, pb::STAKEHOLDER_NAV, 1)[0];
  const auto before = WholeDatabase();
  std::vector<std::string> persons;
  for (size_t i = 0; i < codes.size(); ++i) {
    persons.push_back(SomePerson());
    ASSERT_TRUE(Answer(codes[i], static_cast<int>(i) + 1, 5, Resident(persons.back())).ok());
  }
  ASSERT_TRUE(Answer(small, 1, 2, Staff()).ok());

  // While the round is open: of all that changed, nothing names who answered, which invitation, when, or
  // what this one said.
  auto after = WholeDatabase();
  for (const auto& [column, cells] : after) {
    const auto earlier = before.find(column);
    const bool changed = earlier == before.end() || earlier->second != cells;
    if (changed) {
      EXPECT_THAT(column, testing::StartsWith("evaluation_")) << "an answer left a trace";
    }
    for (const std::string& cell : cells) {
      for (const std::string& person : persons) EXPECT_EQ(cell.find(person), std::string::npos) << column;
      for (const std::string& code : codes) {
        EXPECT_EQ(cell.find(code), std::string::npos) << column;
        if (!column.starts_with("evaluation_")) continue;
        EXPECT_EQ(cell.find(Sha256Hex(code)), std::string::npos) << column;
      }
    }
  }
  EXPECT_THAT(after["evaluation_sums.answers"], testing::UnorderedElementsAre("3", "3", "1", "1"));
  std::vector<std::string> columns;
  for (const auto& [column, cells] : after) {
    if (column.starts_with("evaluation_sums.")) columns.push_back(column);
  }
  EXPECT_THAT(columns,
              ElementsAre("evaluation_sums.answers", "evaluation_sums.evaluation_round_id",
                          "evaluation_sums.question_code", "evaluation_sums.score_sum", "evaluation_sums.stakeholder"))
      << "no time, no order, no key";

  // Once it is closed: nothing but what is published.
  ASSERT_TRUE(Close(round_id).ok());
  after = WholeDatabase();
  EXPECT_THAT(after["evaluation_sums.answers"], IsEmpty());
  EXPECT_THAT(after["evaluation_invitations.code_digest"], IsEmpty());
  EXPECT_THAT(after["evaluation_rounds.results"], Not(IsEmpty()));
  for (const std::string& cell : after["evaluation_rounds.results"]) {
    EXPECT_EQ(cell.find("STAKEHOLDER_NAV"), std::string::npos) << "the small group is nowhere";
  }
}

}  // namespace
}  // namespace mestring::peer_support
