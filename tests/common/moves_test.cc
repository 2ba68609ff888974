// S10: what a write saves and what it tells agree.
#include "common/store/moves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mestring/test/v1/test.pb.h"

namespace mestring {
namespace {

namespace tpb = test::v1;

using testing::HasSubstr;

constexpr char kOne[] = "018f3f2a-0000-7000-8000-000000000001", kOther[] = "018f3f2a-0000-7000-8000-000000000002";

tpb::Note Note(std::string id, int64_t version) {
  tpb::Note note;
  note.set_id(std::move(id));
  note.set_version(version);
  return note;
}

class MovesTest : public testing::Test {
 protected:
  void Saved(const std::string& id, int64_t version, bool is_new = false) { moves_.Saved(Note(id, version), is_new); }
  void Told(const std::string& id, int64_t version) { ASSERT_TRUE(moves_.Told(tpb::NoteWritten(), id, version).ok()); }
  void ToldOfMerge(const std::string& id, int64_t version, const std::string& merged, const std::string& quoting = "") {
    tpb::NotesMerged event;
    event.set_note_id(id);
    if (!merged.empty()) event.add_merged_note_ids(merged);
    event.set_quoting_note_id(quoting);
    ASSERT_TRUE(moves_.Told(event, id, version).ok());
  }
  std::string Problem(bool new_may_have_no_event = false) {
    const absl::Status status = moves_.Check(new_may_have_no_event);
    EXPECT_TRUE(status.ok() || absl::IsInternal(status)) << status;
    return std::string(status.message());
  }

  Moves moves_;
};

TEST_F(MovesTest, WhatIsToldInTheOrderOfTheWriteIsRight) {
  Saved(kOne, 1, true);
  Told(kOne, 1);
  Saved(kOne, 2);
  Told(kOne, 2);
  EXPECT_EQ(Problem(), "");
}

TEST_F(MovesTest, AnEventMayComeBeforeTheSaveThatItTellsOf) {
  Told(kOne, 3);
  Saved(kOne, 3);
  EXPECT_EQ(Problem(), "");
}

TEST_F(MovesTest, WhatNoEventNamesIsAnErrorThatSaysWhat) {
  Saved(kOne, 1, true);
  Told(kOne, 1);
  Saved(kOther, 7);
  EXPECT_EQ(Problem(), absl::StrCat("the write gave mestring.test.v1.Note ", kOther,
                                    " version 7 and no event names it: publish one, or name it in one "
                                    "(mestring/events/v1/moves.proto)"));
}

TEST_F(MovesTest, AVersionAfterTheNewestEventIsSilent) {
  Saved(kOne, 4);
  Told(kOne, 4);
  Saved(kOne, 5);
  EXPECT_THAT(Problem(), HasSubstr("has version 4, the write stored version 5"));
}

TEST_F(MovesTest, AnEventNamesOthersByItsFields) {
  Saved(kOne, 2);
  Saved(kOther, 5);
  ToldOfMerge(kOne, 2, kOther);
  EXPECT_EQ(Problem(), "");
}

TEST_F(MovesTest, WhatAFieldMovesHasMoved) {
  Saved(kOne, 2);
  ToldOfMerge(kOne, 2, kOther);
  EXPECT_THAT(Problem(), HasSubstr("NotesMerged says by merged_note_ids that Note"));
}

TEST_F(MovesTest, WhatAFieldMayMoveHasMovedOrNot) {
  Saved(kOne, 2);
  ToldOfMerge(kOne, 2, "", kOther);
  EXPECT_EQ(Problem(), "");
  Saved(kOne, 3);
  Saved(kOther, 9);
  ToldOfMerge(kOne, 3, "", kOther);
  EXPECT_EQ(Problem(), "");
}

TEST_F(MovesTest, TheSubjectOfAnEventIsSavedAndDeclared) {
  Told(kOne, 2);
  EXPECT_THAT(Problem(), HasSubstr("NoteWritten is about a Note that the write did not save"));
  Saved(kOne, 2);
  ASSERT_TRUE(moves_.Told(tpb::NotebookClosed(), kOne, 2).ok());
  EXPECT_THAT(Problem(), HasSubstr("NotebookClosed is about a Note and does not say so"));
}

TEST_F(MovesTest, AnEventOfNoResourceNeedsNone) {
  ASSERT_TRUE(moves_.Told(tpb::NotebookClosed(), kOne, 1).ok());
  EXPECT_EQ(Problem(), "");
}

TEST_F(MovesTest, OnlyWhatIsNewMayBeUntold) {
  Saved(kOne, 1, true);
  EXPECT_EQ(Problem(/*new_may_have_no_event=*/true), "");
  Saved(kOne, 1, true);
  Saved(kOther, 2);
  EXPECT_THAT(Problem(/*new_may_have_no_event=*/true), HasSubstr(kOther));
}

TEST_F(MovesTest, EachCheckBeginsAnew) {
  Saved(kOne, 1, true);
  Told(kOne, 1);
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(Problem(), "");
  Saved(kOne, 2);
  EXPECT_THAT(Problem(), HasSubstr("version 2 and no event names it")) << "the event was of version 1";
}

TEST_F(MovesTest, ANameThatIsNoResourceIsAnErrorOfTheContract) {
  const absl::Status status = moves_.Told(tpb::NoteMisnamed(), kOne, 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("NoteMisnamed says that it moves Notebook"));
}

}  // namespace
}  // namespace mestring
