// The commands "events …" as their users meet them, on a real service and a real Redis.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "tests/ctl/program.h"
#include "tests/support/redis.h"
#include "tests/support/wait.h"

namespace mestring::ctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kStream[] = "mestring:{1108}:housing";

class ProgramEventsTest : public ProgramTest {
 protected:
  ProgramEventsTest() {
    WriteSettings(redis_.url());
    StartHousing({"MESTRING_REDIS_URL=" + redis_.url()});
    for (const char* code : {"a", "b", "c", "d"}) RegisterHousingScheme(code);
    cursors_ = Cursors();
    EXPECT_EQ(cursors_.size(), 5u) << "the start of the epoch, and each scheme";
    EXPECT_TRUE(WaitUntil([this] { return redis_.Do({"XLEN", kStream}) == "5"; }));
  }

  Outcome TailAfter(const std::string& cursor, const std::string& more = "--no-follow") {
    return Run(absl::StrCat("mestringctl events tail housing --after ", cursor, " ", more));
  }
  static size_t Lines(const std::string& text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  RedisServer redis_;
  std::vector<std::string> cursors_;
};

TEST_F(ProgramEventsTest, ATailBeginsAfterItsCursorAndShowsTheYear) {
  const Outcome all = TailAfter("0-0");
  EXPECT_EQ(Lines(all.out), 5u) << all.err;
  EXPECT_THAT(all.out, testing::ContainsRegex("^20[0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9:]+  [0-9]+-0  EpochStarted"));
  EXPECT_EQ(Lines(TailAfter(cursors_[1]).out), 3u);
  EXPECT_EQ(Lines(TailAfter(cursors_[1], "--owner --count 2").out), 2u);
  EXPECT_EQ(TailAfter(cursors_[4]).exit_code, 0);
}

TEST_F(ProgramEventsTest, AJournalOfSeveralStreamsNamesTheStreamOfEachLine) {
  const Outcome lines = Run(absl::StrCat(
      "mestringctl events tail --journal j.db --count 2 --services housing=", address(), ",other=", address()));
  EXPECT_THAT(lines.out, testing::ContainsRegex("  housing +[0-9]+-0  EpochStarted")) << lines.err;
}

// S14: says so and exits, wherever it is asked.
TEST_F(ProgramEventsTest, ACursorThatTheStreamDoesNotLeadOnFromEndsTheTail) {
  for (const char* invented : {"99-1", "9999999999-7"}) {
    for (const char* where : {"", "--no-follow", "--owner"}) {
      const Outcome forked = TailAfter(invented, where);
      EXPECT_EQ(forked.exit_code, 21) << invented << " " << where;
      EXPECT_THAT(forked.err, HasSubstr("CURSOR_FORKED"));
      EXPECT_THAT(forked.out, IsEmpty());
    }
  }
  // Between two that are there, too.
  EXPECT_EQ(TailAfter(cursors_[2].substr(0, cursors_[2].find('-')) + "-99").exit_code, 21);

  redis_.Do({"XTRIM", kStream, "MAXLEN", "2"});
  const Outcome trimmed = TailAfter(cursors_[1], "");
  EXPECT_EQ(trimmed.exit_code, 21);
  EXPECT_THAT(trimmed.err, AllOf(HasSubstr("CURSOR_PRUNED"), HasSubstr(absl::StrCat("it goes on at ", cursors_[3])),
                                 HasSubstr("mestringctl events tail housing --owner --after " + cursors_[1])));
  EXPECT_EQ(Lines(TailAfter(cursors_[1], "--owner --count 3").out), 3u);
  // The last before what is left is no loss.
  EXPECT_EQ(Lines(TailAfter(cursors_[2]).out), 2u);
}

TEST_F(ProgramEventsTest, ACursorThatIsNotThereEndsTheTailAlsoIfTheOwnerCannotBeAsked) {
  const Outcome outcome = TailAfter("99-1", "--services housing=127.0.0.1:1");
  EXPECT_EQ(outcome.exit_code, 21);
  EXPECT_THAT(outcome.err, HasSubstr("the owner could not be asked"));
  EXPECT_EQ(Lines(TailAfter(cursors_[1], "--no-follow --services housing=127.0.0.1:1").out), 3u) << "no need to ask";
}

// A stream with a hole, as a reader meets it on its way.
TEST_F(ProgramEventsTest, AGapOnTheWayIsTold) {
  redis_.Do({"XDEL", kStream, cursors_[2]});
  const Outcome outcome = TailAfter("0-0");
  EXPECT_EQ(Lines(outcome.out), 4u);
  EXPECT_THAT(outcome.err, HasSubstr(absl::StrCat("Between ", cursors_[1], " and ", cursors_[3])));
}

TEST_F(ProgramEventsTest, EraseAsksAndSaysWhatWillHappen) {
  const std::string command = "events erase housing " + cursors_[2];
  Outcome outcome = Run("mestringctl " + command);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("cannot be brought back"), HasSubstr("--yes")));
  outcome = RunOnTerminal(command, "no");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("cannot be brought back"), HasSubstr("Nothing was done.")));
  EXPECT_EQ(Cursors().size(), 5u);
  EXPECT_EQ(RunOnTerminal(command, "yes").exit_code, 0);
  EXPECT_EQ(Cursors().size(), 6u) << "EventErased tells of it";
  EXPECT_EQ(Run("mestringctl events erase housing " + cursors_[3] + " --yes").exit_code, 0);
  // What was erased is nobody's loss: a tail goes on after it.
  ASSERT_TRUE(WaitUntil([this] { return redis_.Do({"XRANGE", kStream, cursors_[2], cursors_[3]}).empty(); }));
  EXPECT_EQ(TailAfter(cursors_[2]).exit_code, 0);
}

TEST_F(ProgramEventsTest, RebaseAsksAndSaysWhatWillHappen) {
  const std::string command = absl::StrCat("events rebase housing 'mestring:{1108}:council' 5-3");
  const Outcome outcome = Run("mestringctl " + command);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("goes on after 5-3"), HasSubstr("--yes")));
  EXPECT_EQ(RunOnTerminal(command, "").exit_code, 1);
  EXPECT_EQ(Run("mestringctl " + command + " --yes").exit_code, 19) << "asked, and refused: it is not forked";
}

}  // namespace
}  // namespace mestring::ctl
