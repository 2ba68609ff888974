// The table of commands and the way from a command line to one of them.
//
// Hides: how words become a command, and a status an exit code.
// Invariants: help, completion and parsing read the same table, so none can forget an option. Results go to standard
// output, failures and remarks to standard error.
#include "services/ctl/commands.h"

#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "services/ctl/call.h"
#include "services/ctl/describe.h"
#include "services/ctl/events.h"
#include "services/ctl/failure.h"
#include "services/ctl/play.h"
#include "services/ctl/status.h"
#include "services/ctl/token_command.h"
#include "services/ctl/version.h"

namespace mestring::ctl {
namespace {

// Where the summaries begin in the list of commands.
constexpr size_t kCommandColumns = 38;
// More services than a municipality runs; more words on a command line are a mistake.
constexpr size_t kServicesMax = 16;

constexpr std::string_view kCallDetails =
    "Calls any RPC of a running service; what it offers comes from the service itself (reflection), else from the\n"
    "contracts that this program was built with. The response is printed as JSON with all its fields, empty ones\n"
    "too; only what is not set at all is left out. An error goes to standard error with its code, reason and fields.\n"
    "A missing request_id is made up and shown: after an unclear end, repeat the call with it, and nothing happens\n"
    "twice.\n\n"
    "  mestringctl call housing.GetAvailability --as STAFF\n"
    "  mestringctl call housing.EndStay '{\"stay_id\": \"…\"}' --as STAFF\n"
    "  mestringctl call housing.EventService.List '{\"page_size\": 5}' --as SERVICE\n";

constexpr std::string_view kDescribeDetails =
    "A type is a message or an enum, by its full or its short name. The types of events are known, too.\n\n"
    "  mestringctl describe housing.EndStay\n"
    "  mestringctl describe housing.StayState\n"
    "  mestringctl describe housing.StayReserved\n"
    "  mestringctl describe mestring.access.v1.Role\n";

constexpr std::string_view kRebaseDetails =
    "A subscription stops when the owner's history is no longer what the subscriber has seen of it. When a person has\n"
    "decided what becomes of what was learned from the lost events, this lets it go on. Asks before, or wants --yes.\n";

constexpr std::string_view kEraseDetails =
    "Cannot be taken back. Log and stream lose the content; subscribers are told, and delete what they keep of it.\n"
    "Asks before, or wants --yes.\n";

constexpr std::string_view kTailDetails =
    "Without options: reads Redis as any subscriber may, from now on. A cursor that the stream no longer leads on "
    "from\n"
    "(trimmed), or never did, ends it with exit code 21. With --owner: asks the service's own log. With\n"
    "--journal: a subscriber of its own to the named services, or to all, which writes each event exactly once into a\n"
    "SQLite file and goes on where it stopped, also after a crash, a flushed Redis or a week.\n";

constexpr std::string_view kPlayDetails =
    "A story is JSON: steps with a sentence, a call, and what must come of it (services/ctl/story.h describes them).\n"
    "Stops at the first failed expectation with exit code 1. With --progress, a run that was interrupted goes on "
    "where\n"
    "it stopped, and a story that was played to its end is not played again.\n";

constexpr std::string_view kTokenShowDetails =
    "Prints header and claims of a token, and what they mean; the signature is not checked. Exit code 1 if no service\n"
    "takes it, because it has expired or lacks what each wants. With --as, of the token that such a call is made "
    "with.\n\n"
    "  mestringctl token show --as NAV --organisation nav-sandnes\n"
    "  mestringctl token show .local/service.token\n"
    "  mestringctl token show < token-of-the-provider\n";

constexpr std::string_view kTokenDetails =
    "Signs with the local key (made by --init, or by ./deploy/local/run). Elsewhere the identity provider signs.\n\n"
    "  mestringctl token --init .local/keys\n"
    "  mestringctl token --as NAV --organisation nav-sandnes --lifetime 8h\n";

std::vector<Command> CallCommands() {
  return {
      {"call",
       "SERVICE.METHOD [JSON|-]",
       "call an RPC",
       kCallDetails,
       1,
       2,
       {{"--table", "LIST:FIELD,…", "print a list of the response as a table: --table offers:code,name"},
        {"--text", "FIELD", "print only this text of the response: --text calendar > council.ics"},
        {"--html", "FIELD", "print this Markdown text as a page: --html minutes.body > minutes.html"}},
       CallCommand},
      {"list", "[SERVICE]", "services and methods, with the roles that may call them", "", 0, 1, {}, ListCommand},
      {"describe",
       "SERVICE.METHOD|TYPE",
       "a method, a message or an enum, with what its contract says of it",
       kDescribeDetails,
       1,
       1,
       {},
       DescribeCommand},
      {"status",
       "[SERVICE]",
       "are the services well? health, positions, lag, parked events; exit code 1 if not",
       "",
       0,
       1,
       {},
       StatusCommand},
  };
}

std::vector<Command> EventsCommands() {
  const Option after{"--after", "CURSOR", "begin after this one; 0-0 is before everything that is kept"};
  const Option count{"--count", "N", "end after so many"};
  const Option yes{"--yes", "", "do it without asking"};
  return {
      {"events tail",
       "[SERVICE …]",
       "events as they arrive",
       kTailDetails,
       0,
       kServicesMax,
       {after,
        count,
        {"--no-follow", "", "end when all that is there was shown"},
        {"--owner", "", "ask the owner's EventService instead of Redis"},
        {"--journal", "FILE", "keep events and position in this SQLite file"}},
       EventsTailCommand},
      {"events list", "[SERVICE]", "events of the owner's log", "", 0, 1, {after, count}, EventsListCommand},
      {"events parked", "[SERVICE]", "events that a service could not apply", "", 0, 1, {}, EventsParkedCommand},
      {"events retry",
       "SERVICE STREAM",
       "apply parked events again, in order; exit code 1 if some remain",
       "",
       2,
       2,
       {{"--subject", "ID", "only those of this resource"}},
       EventsRetryCommand},
      {"events rebase",
       "SERVICE STREAM CURSOR",
       "let a subscription that stopped at a fork go on after a cursor that the owner knows",
       kRebaseDetails,
       3,
       3,
       {yes},
       EventsRebaseCommand},
      {"events erase",
       "SERVICE CURSOR",
       "take the content out of an event that should never have been published",
       kEraseDetails,
       2,
       2,
       {yes},
       EventsEraseCommand},
  };
}

std::vector<Command> OtherCommands() {
  const std::vector<Option> claims = {{"--subject", "TEXT", "claim sub"},
                                      {"--lifetime", "TIME", "default 1h"},
                                      {"--issuer", "TEXT", "claim iss (MESTRINGCTL_ISSUER)"},
                                      {"--audience", "TEXT", "claim aud (MESTRINGCTL_AUDIENCE)"}};
  std::vector<Option> signing = {{"--init", "FOLDER", "make key.json and jwks.json there, if they are missing"}};
  signing.insert(signing.end(), claims.begin(), claims.end());
  return {
      {"play",
       "FILE",
       "perform a story: calls with expectations",
       kPlayDetails,
       1,
       1,
       {{"--journal", "FILE", "check events in this subscriber's journal"},
        {"--brief", "", "tell only the sentences, and what fails"},
        {"--progress", "FILE", "where the run is remembered"},
        {"--let", "NAME=VALUE", "set a variable; may be repeated"},
        {"--seed", "TEXT", "derive ids from it (default: a new one)"},
        {"--clock-file", "FILE", "offset in seconds that the services read (MESTRINGCTL_CLOCK_FILE)"},
        {"--zone", "NAME", "time zone of dates (MESTRINGCTL_TIME_ZONE, default Europe/Oslo)"}},
       PlayCommand},
      {"token show", "[FILE|-]", "what stands in a token", kTokenShowDetails, 0, 1, claims, TokenShowCommand},
      {"token", "", "sign a token, or make the local key", kTokenDetails, 0, 0, signing, TokenCommand},
      {"completion",
       "bash",
       "print completion for the shell: source <(mestringctl completion bash)",
       "",
       1,
       1,
       {},
       CompletionCommand},
  };
}

std::string Help() {
  std::string out = "mestringctl: one client for the services of Mestring\n\n";
  for (const Command& command : Commands()) {
    std::string left = absl::StrCat(command.name, command.arguments.empty() ? "" : " ", command.arguments);
    left.resize(std::max(left.size(), kCommandColumns), ' ');
    absl::StrAppend(&out, "  ", left, "  ", command.summary, "\n");
  }
  return absl::StrCat(
      out, "\nOptions of every command:\n", OptionsHelp(CommonOptions()), "\n", ExitCodesHelp(),
      "\n\"mestringctl COMMAND --help\" says more, \"mestringctl --version\" what this was built from.\n");
}

std::string HelpOf(const Command& command) {
  std::string out = absl::StrCat("mestringctl ", command.name, command.arguments.empty() ? "" : " ", command.arguments,
                                 "\n\n", command.summary, "\n");
  if (!command.details.empty()) absl::StrAppend(&out, "\n", command.details);
  if (!command.options.empty()) absl::StrAppend(&out, "\nOptions:\n", OptionsHelp(command.options));
  return absl::StrCat(out, "\nOptions of every command:\n", OptionsHelp(CommonOptions()), "\n", ExitCodesHelp());
}

// The command that the words begin with: the longest name wins. Its words are taken off.
absl::StatusOr<const Command*> TakeCommand(std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const Command& command : Commands()) {
    const std::vector<std::string> name = absl::StrSplit(command.name, ' ');
    names.emplace_back(command.name);
    names.push_back(name.front());
    if (words.size() < name.size() || !std::equal(name.begin(), name.end(), words.begin())) continue;
    words.erase(words.begin(), words.begin() + static_cast<int64_t>(name.size()));
    return &command;
  }
  std::string given = words.front();
  if (given == "events") {
    if (words.size() == 1) return Usage("events needs one of tail, list, parked, retry, rebase and erase.");
    absl::StrAppend(&given, " ", words[1]);
    names.erase(std::remove(names.begin(), names.end(), "events"), names.end());
  }
  const std::string nearest = NearestTo(given, names);
  return Usage(absl::StrCat(
      "There is no command ", given,
      nearest.empty() ? "; \"mestringctl --help\" lists them." : absl::StrCat("; did you mean ", nearest, "?")));
}

void PrintFailure(const absl::Status& failure, bool json) {
  std::cerr << (json ? FailureJson(failure).dump() : FailureText(failure)) << std::endl;
}

int AnswerCompletion(const std::vector<std::string>& words,
                     const std::function<std::string(const std::string&)>& variable) {
  absl::StatusOr<Settings> settings = LoadSettings(Arguments(), variable);
  if (!settings.ok() || words.size() != 3) return kNo;
  for (const std::string& candidate : Complete(words[1], words[2], *settings)) std::cout << candidate << "\n";
  return kDone;
}

}  // namespace

const std::vector<Command>& Commands() {
  static const std::vector<Command>& commands = *[] {
    auto* all = new std::vector<Command>(CallCommands());
    for (const auto& part : {EventsCommands(), OtherCommands()}) all->insert(all->end(), part.begin(), part.end());
    return all;
  }();
  return commands;
}

int RunCommandLine(const std::vector<std::string>& given,
                   const std::function<std::string(const std::string&)>& variable) {
  std::vector<std::string> words = given;
  if (words.empty() || words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
    (words.empty() ? std::cerr : std::cout) << Help();
    return words.empty() ? kUsage : kDone;
  }
  if (words.front() == "--version") {
    std::cout << VersionText();
    return kDone;
  }
  if (words.front() == "__complete") return AnswerCompletion(words, variable);
  absl::StatusOr<const Command*> command = TakeCommand(words);
  if (!command.ok()) {
    PrintFailure(command.status(), false);
    return kUsage;
  }
  std::vector<Option> options = (*command)->options;
  options.insert(options.end(), CommonOptions().begin(), CommonOptions().end());
  absl::StatusOr<Arguments> arguments =
      ParseArguments(words, options, (*command)->arguments_min, (*command)->arguments_max);
  if (!arguments.ok()) {
    PrintFailure(arguments.status(), false);
    std::cerr << "Usage: mestringctl " << (*command)->name << " " << (*command)->arguments << std::endl;
    return kUsage;
  }
  if (arguments->Has("--help")) {
    std::cout << HelpOf(**command);
    return kDone;
  }
  absl::StatusOr<Settings> settings = LoadSettings(*arguments, variable);
  if (!settings.ok()) {
    PrintFailure(settings.status(), false);
    return ExitCodeOf(settings.status());
  }
  absl::StatusOr<int> done = (*command)->run(*arguments, *settings);
  if (done.ok()) return *done;
  PrintFailure(done.status(), settings->json);
  return ExitCodeOf(done.status());
}

}  // namespace mestring::ctl
