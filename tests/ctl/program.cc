#include "tests/ctl/program.h"

#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/ctl/json.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring::ctl {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

ProgramTest::ProgramTest() {
  std::filesystem::create_directory(Path("bin"));
  std::filesystem::create_symlink(MESTRINGCTL, Path("bin/mestringctl"));
  WriteSettings();
  EXPECT_EQ(Run("mestringctl token --init keys").exit_code, 0);
}

std::string ProgramTest::Path(std::string_view name) const { return absl::StrCat(folder_.path(), "/", name); }

void ProgramTest::Write(std::string_view name, std::string_view text) const { ReplaceFile(Path(name), text); }

std::string ProgramTest::address() const { return absl::StrCat("127.0.0.1:", port_); }

void ProgramTest::WriteSettings(std::string_view redis) {
  Write(
      "settings.json",
      Json({{"services", {{"housing", address()}}}, {"keys", Path("keys")}, {"municipality", "1108"}, {"redis", redis}})
          .dump());
}

Outcome ProgramTest::Run(std::string_view command) {
  const std::string out = absl::StrCat(Path("out-"), ++runs_), err = absl::StrCat(Path("err-"), runs_);
  Process process;
  EXPECT_TRUE(process.Start(
      {"/bin/bash", "-c",
       absl::StrCat("export PATH=", Path("bin"), ":/usr/bin:/bin MESTRINGCTL_CONFIG=", Path("settings.json"), "\ncd ",
                    folder_.path(), " && {\n", command, "\n} </dev/null >", out, " 2>", err)},
      {}, Path("bash")));
  const int status = process.Wait();
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadAll(out), ReadAll(err)};
}

Outcome ProgramTest::RunOnTerminal(std::string_view arguments, std::string_view typed) {
  return Run(absl::StrCat("script -qec \"mestringctl ", arguments, "\" /dev/null <<< '", typed, "'"));
}

void ProgramTest::StartHousing(const std::vector<std::string>& variables) {
  std::vector<std::string> environment = {
      absl::StrCat("MESTRING_DATABASE=sqlite:", Path("housing.db")),
      absl::StrCat("MESTRING_LISTEN=", address()),
      "MESTRING_METRICS_LISTEN=127.0.0.1:0",
      "MESTRING_HEALTH_LISTEN=127.0.0.1:0",
      absl::StrCat("MESTRING_JWKS_FILE=", Path("keys/jwks.json")),
      "MESTRING_OWNERS=activities=127.0.0.1:1,peer_support=127.0.0.1:1,council=127.0.0.1:1"};
  if (std::none_of(variables.begin(), variables.end(),
                   [](const std::string& variable) { return absl::StartsWith(variable, "MESTRING_REDIS_URL="); })) {
    environment.push_back("MESTRING_REDIS_URL=");
  }
  environment.insert(environment.end(), variables.begin(), variables.end());
  ASSERT_TRUE(housing_.Start({HOUSING}, environment, Path("log")));
  ASSERT_TRUE(WaitUntil([&] { return absl::StrContains(ReadAll(Path("log")), "service.started"); }))
      << ReadAll(Path("log"));
}

void ProgramTest::RegisterHousingScheme(std::string_view code) {
  const Outcome outcome = Run(absl::StrCat("mestringctl call housing.RegisterHousingScheme '{\"code\": \"", code,
                                           "\", \"name\": \"An offer\", \"kind\": \"SCHEME_KIND_COLLECTIVE\"}' "
                                           "--as HOUSING_OFFICE"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
}

std::vector<std::string> ProgramTest::Cursors() {
  std::vector<std::string> cursors;
  for (std::string_view line :
       absl::StrSplit(Run("mestringctl events list housing --output json").out, '\n', absl::SkipEmpty())) {
    cursors.push_back(Text(ParseJson(line).value_or(Json()), "cursor"));
  }
  return cursors;
}

}  // namespace mestring::ctl
