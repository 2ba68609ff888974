// The names of states that a schema writes out (a partial index and a check can do nothing else) are those of the
// contract, each of an enum that the table in question holds: one that is renamed there and not here would be an index
// of no rows, or a check of nothing, and no engine would say so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/contract_files.h"
#include "tests/support/golden.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;

// What `pattern` takes of a text, all occurrences.
std::vector<std::smatch> All(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  return {std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()};
}

std::vector<std::string> FilesOfServices(std::string_view extension) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(SourcePath("services"))) {
    if (entry.path().extension() != extension) continue;
    paths.push_back(std::filesystem::relative(entry.path(), SourcePath("")).string());
  }
  return paths;
}

class Schemas : public testing::Test {
 protected:
  // By the tables that the services declare: "stays" is mestring.housing.v1.Stay.
  void SetUp() override {
    for (const std::string& path : FilesOfServices(".h")) {
      const std::string text = ReadSource(path);
      for (const std::smatch& table : All(text, R"re(MESTRING_TABLE\((\w+)::v1::(\w+), "(\w+)")re")) {
        const Descriptor* message = contracts_.files().front()->pool()->FindMessageTypeByName(
            absl::StrCat("mestring.", table[1].str(), ".v1.", table[2].str()));
        ASSERT_NE(message, nullptr) << table[0];
        tables_[table[1]][table[3]] = message;
      }
    }
  }

  // The quoted names in a schema that no enum of the tables in the same statement has, and how many it has in all.
  std::vector<std::string> Unknown(const std::string& service, const std::string& sql, int* names = nullptr) {
    const std::string bare = std::regex_replace(sql, std::regex("--[^\n]*"), "");
    std::vector<std::string> unknown;
    for (const std::string& statement : std::vector<std::string>(absl::StrSplit(bare, ';'))) {
      for (const std::smatch& name : All(statement, "'([A-Z]+(?:_[A-Z]+)+)'")) {
        if (names != nullptr) ++*names;
        if (!IsOfTables(service, statement, name[1])) unknown.push_back(name[1]);
      }
    }
    return unknown;
  }

 private:
  bool IsOfTables(const std::string& service, const std::string& statement, const std::string& name) {
    for (const std::smatch& table : All(statement, R"re((?:ON|TABLE|UPDATE|FROM|INTO) (\w+))re")) {
      const auto message = tables_[service].find(table[1]);
      if (message == tables_[service].end()) continue;
      for (int i = 0; i < message->second->field_count(); ++i) {
        const auto* type = message->second->field(i)->enum_type();
        if (type != nullptr && type->FindValueByName(name) != nullptr) return true;
      }
    }
    return false;
  }

  ContractFiles contracts_;
  std::map<std::string, std::map<std::string, const Descriptor*>> tables_;  // by service and table
};

TEST_F(Schemas, NameStatesAsTheContractsDo) {
  int names = 0;
  for (const std::string& path : FilesOfServices(".sql")) {
    const std::string service = std::vector<std::string>(absl::StrSplit(path, '/')).at(1);
    EXPECT_THAT(Unknown(service, ReadSource(path), &names), testing::IsEmpty()) << path;
  }
  EXPECT_GT(names, 40);
}

TEST_F(Schemas, ANameThatTheEnumsOfTheTableDoNotHaveIsFound) {
  EXPECT_THAT(Unknown("housing", "CREATE INDEX a ON stays (id) WHERE state = 'STAY_STATE_ARRIVED';"),
              testing::IsEmpty());
  EXPECT_THAT(
      Unknown("housing", "CREATE INDEX a ON stays (id) WHERE state IN ('STAY_STATE_ARRIVED', 'STAY_STATE_GONE');"),
      testing::ElementsAre("STAY_STATE_GONE"));
  EXPECT_THAT(Unknown("housing", "CREATE INDEX a ON vacancies (id) WHERE state = 'STAY_STATE_ARRIVED';"),
              testing::ElementsAre("STAY_STATE_ARRIVED"));
}

}  // namespace
}  // namespace mestring
