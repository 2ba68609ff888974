// The reasons that RPCs name (reasons.proto) are those that the table above their service explains: none that nobody
// explains, and none that nobody gives. That an RPC gives no other, the kernel checks when it refuses (pipeline.h).
#include "common/base/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/contract_files.h"

namespace mestring {
namespace {

using google::protobuf::ServiceDescriptor;
using testing::ElementsAre;
using testing::IsEmpty;

// The first column of the lines "   PLACE_TAKEN    no such place is free …" in the comment above a service.
std::vector<std::string> Explained(const std::string& comment) {
  const std::regex row("^ {3}([A-Z][A-Z_]*[A-Z]) {2,}\\S.*$");
  std::vector<std::string> names;
  std::smatch found;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(comment, '\n'))) {
    if (std::regex_match(line, found, row)) names.push_back(found[1]);
  }
  return names;
}

struct Named {
  std::string rpc;
  std::vector<std::string> reasons;
};

// What is wrong between the table of a service and what its RPCs name.
std::vector<std::string> Problems(const std::vector<std::string>& table, const std::vector<Named>& rpcs) {
  std::vector<std::string> problems;
  std::set<std::string> explained, given;
  for (const std::string& reason : table) {
    if (!explained.insert(reason).second) problems.push_back(absl::StrCat("the table explains ", reason, " twice"));
    if (IsOfEveryService(reason))
      problems.push_back(absl::StrCat("the table explains ", reason, ", as README.md does"));
  }
  for (const Named& named : rpcs) {
    std::set<std::string> once;
    for (const std::string& reason : named.reasons) {
      given.insert(reason);
      if (!once.insert(reason).second) problems.push_back(absl::StrCat(named.rpc, " names ", reason, " twice"));
      if (!explained.contains(reason)) {
        problems.push_back(absl::StrCat(named.rpc, " names ", reason, ", which the table does not explain"));
      }
    }
  }
  for (const std::string& reason : explained) {
    if (!given.contains(reason)) problems.push_back(absl::StrCat("no RPC names ", reason, " of the table"));
  }
  return problems;
}

TEST(Reasons, OfAnRpcAreThoseThatTheTableOfItsServiceExplains) {
  const ContractFiles contracts;
  size_t reasons = 0;
  for (const auto* file : contracts.files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      const ServiceDescriptor& service = *file->service(s);
      google::protobuf::SourceLocation location;
      ASSERT_TRUE(service.GetSourceLocation(&location));
      const std::vector<std::string> table = Explained(location.leading_comments);
      std::vector<Named> rpcs;
      for (int m = 0; m < service.method_count(); ++m) {
        rpcs.push_back({service.method(m)->name(), ReasonsOf(*service.method(m))});
      }
      EXPECT_THAT(Problems(table, rpcs), IsEmpty()) << service.full_name();
      reasons += table.size();
    }
  }
  EXPECT_GT(reasons, 100u);
}

TEST(Reasons, AReasonThatStandsInOnePlaceOnlyIsFound) {
  const std::vector<std::string> table =
      Explained(" Words, and a table:\n   PLACE_TAKEN   it is\n   NOT_YET       it is not\n   WRONG_STATE   always\n");
  EXPECT_THAT(table, ElementsAre("PLACE_TAKEN", "NOT_YET", "WRONG_STATE"));
  EXPECT_THAT(
      Problems(table, {{"Take", {"PLACE_TAKEN", "PLACE_TAKEN"}}, {"Wait", {"TOO_LATE", "WRONG_STATE"}}}),
      ElementsAre("the table explains WRONG_STATE, as README.md does", "Take names PLACE_TAKEN twice",
                  "Wait names TOO_LATE, which the table does not explain", "no RPC names NOT_YET of the table"));
}

}  // namespace
}  // namespace mestring
