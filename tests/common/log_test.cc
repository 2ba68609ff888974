#include "common/base/log.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "nlohmann/json.hpp"

namespace mestring {
namespace {

std::string Written(const std::function<void()>& write) {
  testing::internal::CaptureStderr();
  write();
  return testing::internal::GetCapturedStderr();
}

TEST(LogTest, ALineIsOneJsonObject) {
  const std::string line = Written([] {
    Log(Severity::kWarning, "relay.orphans_removed", {{"stream", "a"}, {"count", int64_t{3}}, {"seconds", 0.25}});
  });
  ASSERT_EQ(line.back(), '\n');
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto object = nlohmann::json::parse(line);
  EXPECT_EQ(object["severity"], "WARNING");
  EXPECT_EQ(object["event"], "relay.orphans_removed");
  EXPECT_EQ(object["stream"], "a");
  EXPECT_EQ(object["count"], 3);
  EXPECT_EQ(object["seconds"], 0.25);
  EXPECT_EQ(object["time"].get<std::string>().size(), std::string("2026-11-23T08:00:00.000Z").size());
}

TEST(LogTest, NoValueCanBreakTheLine) {
  for (const std::string& value :
       {std::string("quote \" backslash \\ newline \n tab \t"), std::string("\0nul", 4),
        std::string("\xff\xfe not UTF-8"), std::string("},{\"event\":\"forged\""), std::string("bl\xc3\xa5")}) {
    const std::string line = Written([&] { Log(Severity::kInfo, "x", {{"value", value}}); });
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    const auto object = nlohmann::json::parse(line, nullptr, false);
    ASSERT_FALSE(object.is_discarded()) << line;
    EXPECT_EQ(object["event"], "x");
  }
}

TEST(LogTest, ALongLineIsCutAndStillAnObject) {
  const std::string text(3000, 'x');
  const std::string line = Written([&] {
    Log(Severity::kInfo, "x", {{"a", text}, {"b", text}, {"c", text}, {"d", text}, {"e", text}, {"f", text}});
  });
  EXPECT_LE(line.size(), 4096u);
  EXPECT_FALSE(nlohmann::json::parse(line, nullptr, false).is_discarded());
}

TEST(LogTest, ANumberThatIsNoneIsNull) {
  const std::string line = Written([] {
    Log(Severity::kInfo, "x", {{"value", std::numeric_limits<double>::quiet_NaN()}});
  });
  EXPECT_TRUE(nlohmann::json::parse(line)["value"].is_null());
}

}  // namespace
}  // namespace mestring
