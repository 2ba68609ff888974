// H1 has one answer: after each step of thousands of random stories, everybody who asks who holds a place gets what a
// plain model says. A story is one transaction that is given up at its end, so that 10,000 rounds take seconds.

#include <gtest/gtest.h>

#include "tests/housing/places_story.h"

namespace mestring::housing {
namespace {

constexpr unsigned kSeed = 20261123;
constexpr int kStories = 500, kStepsInAStory = 20;  // 10,000 rounds

// The first step after which something differs, and what; or no step.
struct Outcome {
  size_t step;
  std::string difference;
};
Outcome Told(OpenTown& town, const std::vector<Step>& steps) {
  Outcome outcome{steps.size(), ""};
  bool is_told = false;  // what is given up runs a second time, in case another write in its group had spoiled it
  const absl::Status status = town.town().service().db().Write([&](Tx& tx) {
    Story story(town, tx);
    for (size_t i = 0; i < steps.size() && outcome.difference.empty() && !is_told; ++i) {
      outcome = {i, story.Tell(steps[i])};
    }
    is_told = true;
    return absl::CancelledError("the story is over");
  });
  EXPECT_EQ(status.message(), "the story is over") << status;
  return outcome;
}

// Leaves out each step without which something still differs.
std::string SmallestStory(OpenTown& town, std::vector<Step> steps) {
  Outcome outcome = Told(town, steps);
  steps.resize(outcome.step + 1);
  for (size_t i = 0; i < steps.size();) {
    std::vector<Step> fewer = steps;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    const Outcome of_fewer = Told(town, fewer);
    if (of_fewer.difference.empty()) {
      ++i;
      continue;
    }
    outcome = of_fewer;
    fewer.resize(of_fewer.step + 1);
    steps = std::move(fewer);
  }
  std::string text;
  for (const Step& step : steps) absl::StrAppend(&text, "  ", Text(step), "\n");
  return absl::StrCat(text, "  ", outcome.difference);
}

class HeldPlacesTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Engines, HeldPlacesTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(HeldPlacesTest, EverybodyWhoAsksGetsTheAnswerOfThePlainModel) {
  OpenTown town(GetParam());
  printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  for (int i = 0; i < kStories; ++i) {
    std::vector<Step> steps;
    for (int j = 0; j < kStepsInAStory; ++j) steps.push_back(SomeStep(random));
    const Outcome outcome = Told(town, steps);
    ASSERT_EQ(outcome.difference, "") << "seed " << kSeed << ", round " << i * kStepsInAStory + outcome.step
                                      << "; the smallest story that differs:\n"
                                      << SmallestStory(town, steps);
  }
}

}  // namespace
}  // namespace mestring::housing
