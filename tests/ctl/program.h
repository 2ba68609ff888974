// mestringctl as the program that a user starts, and a housing service as the program that an operator starts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/process.h"

namespace mestring::ctl {

struct Outcome {
  int exit_code = -1;
  std::string out, err;
};

class ProgramTest : public testing::Test {
 protected:
  ProgramTest();

  // Runs a command of bash in which `mestringctl` is the program, with the settings of this test (MESTRINGCTL_CONFIG)
  // and nothing on standard input.
  Outcome Run(std::string_view command);
  // Runs mestringctl on a terminal, on which the user types `typed`; all that the terminal shows is in `out`.
  Outcome RunOnTerminal(std::string_view arguments, std::string_view typed);

  // Starts the service, with further variables ("MESTRING_REFLECTION=true"), and returns when it answers.
  void StartHousing(const std::vector<std::string>& variables = {});
  // As the settings say it; "" takes a file with no more than that away.
  void WriteSettings(std::string_view redis = "redis://127.0.0.1:1");
  // Registers an offer, which publishes one event.
  void RegisterHousingScheme(std::string_view code);
  // The cursors of the owner's log, in order.
  std::vector<std::string> Cursors();

  std::string Path(std::string_view name) const;
  void Write(std::string_view name, std::string_view text) const;
  std::string address() const;

 private:
  TempFolder folder_;
  const int port_ = FreePort();
  Process housing_;
  int runs_ = 0;
};

}  // namespace mestring::ctl
