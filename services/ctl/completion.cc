// Completion of the command line.
//
// Hides: what the shell script asks. The script stays three lines long and never grows old: it hands the words over
// and this program, which has the table of commands and can ask the services, answers.
// Invariants: a service that does not answer costs at most kAskMax, and then only its methods are missing.
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/errors.h"
#include "services/ctl/client.h"
#include "services/ctl/commands.h"
#include "services/ctl/failure.h"
#include "services/ctl/token.h"

namespace mestring::ctl {
namespace {

// Longer, and a person thinks that the terminal hangs.
constexpr absl::Duration kAskMax = absl::Milliseconds(800);

// "." and "/" are no word breaks here, so COMPREPLY holds whole words; ":" is one in bash, and no candidate has it.
constexpr char kBash[] = R"(_mestringctl() {
  mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _mestringctl mestringctl
)";

void AddMethods(const Settings& settings, std::vector<std::string>& out) {
  Settings hurried = settings;
  hurried.deadline = kAskMax;
  for (const auto& [name, address] : settings.services) {
    absl::StatusOr<std::unique_ptr<Client>> client = Client::Open(hurried, name);
    if (!client.ok()) continue;
    absl::StatusOr<const Contract*> contract = (*client)->GetContract();
    if (!contract.ok()) continue;
    for (const auto* service : (*contract)->services()) {
      for (int i = 0; i < service->method_count(); ++i)
        out.push_back(absl::StrCat(name, ".", service->method(i)->name()));
    }
  }
}

void AddServices(const Settings& settings, std::vector<std::string>& out) {
  for (const auto& [name, address] : settings.services) out.push_back(name);
}

// What may stand at this place, whether or not it begins like the word under way.
std::vector<std::string> Candidates(const std::vector<std::string>& before, const Settings& settings) {
  std::vector<std::string> out;
  const Command* chosen = nullptr;
  for (const Command& command : Commands()) {
    const std::vector<std::string> name = absl::StrSplit(command.name, ' ');
    const size_t known = std::min(before.size(), name.size());
    if (!std::equal(name.begin(), name.begin() + static_cast<int64_t>(known), before.begin())) continue;
    if (known < name.size()) {
      out.push_back(name[known]);
    } else {
      chosen = &command;
    }
  }
  if (chosen == nullptr) return out;
  const std::string previous = before.empty() ? "" : before.back();
  if (previous == "--as") return RoleNames();
  if (previous == "--output") return {"json", "text"};
  for (const auto* options : {&chosen->options, &CommonOptions()}) {
    for (const Option& option : *options) out.emplace_back(option.name);
  }
  if (chosen->name == "call" || chosen->name == "describe") AddMethods(settings, out);
  if (absl::StrContains(chosen->arguments, "SERVICE") && chosen->name != "call") AddServices(settings, out);
  if (chosen->name == "completion") out.push_back("bash");
  return out;
}

}  // namespace

std::vector<std::string> Complete(const std::vector<std::string>& words, const Settings& settings) {
  if (words.empty()) return {};
  std::vector<std::string> out;
  for (const std::string& candidate : Candidates({words.begin(), words.end() - 1}, settings)) {
    if (absl::StartsWith(candidate, words.back()) && std::find(out.begin(), out.end(), candidate) == out.end()) {
      out.push_back(candidate);
    }
  }
  return out;
}

absl::StatusOr<int> CompletionCommand(const Arguments& arguments, const Settings&) {
  if (arguments.At(0) != "bash") return Usage("Only bash is known.");
  std::cout << kBash;
  return kDone;
}

}  // namespace mestring::ctl
