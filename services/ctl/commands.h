// All commands, each declared once.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/ctl/arguments.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

struct Command {
  std::string_view name;       // "events tail"
  std::string_view arguments;  // "SERVICE.METHOD [JSON|-]"
  std::string_view summary;    // one line
  std::string_view details;    // more, and examples
  size_t arguments_min, arguments_max;
  std::vector<Option> options;  // of its own, beside CommonOptions()
  absl::StatusOr<int> (*run)(const Arguments&, const Settings&);
};

const std::vector<Command>& Commands();

// The whole program: `words` without the program's name. Returns the exit code.
int RunCommandLine(const std::vector<std::string>& words,
                   const std::function<std::string(const std::string&)>& variable);

// completion.cc: the command "completion", and what the shell asks while the user types.
absl::StatusOr<int> CompletionCommand(const Arguments& arguments, const Settings& settings);
// Candidates for the last word of a command line that ends at the cursor, "mestringctl events ta". The shell ends a
// word at each of its `breaks` and takes what is before it ("--output=", "mestring:") for an earlier word; the
// candidates are without that. "@files" and "@folders" leave the answer to the shell.
std::vector<std::string> Complete(const std::string& breaks, const std::string& line, const Settings& settings);

}  // namespace mestring::ctl
