// Completion of the command line.
//
// Hides: what the shell asks. The script is a few lines long and never out of date: it hands the line to this program,
// which has the table of commands and can ask the services. The word by which the table names a place ("SERVICE",
// "FILE", "ROLE[,ROLE]") decides what may stand there.
// Invariants: a service that does not answer costs at most kAskMax; what this program was built with is used instead.
#include <algorithm>
#include <iostream>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/events/stream.h"
#include "services/ctl/call.h"
#include "services/ctl/commands.h"
#include "services/ctl/failure.h"
#include "services/ctl/fields.h"
#include "services/ctl/token.h"

namespace mestring::ctl {
namespace {

// Longer, and a person thinks that the terminal hangs.
constexpr absl::Duration kAskMax = absl::Milliseconds(800);

// The words that end in these are the beginning of one: no blank comes after them.
constexpr char kBash[] = R"(_mestringctl() {
  local word=${COMP_WORDS[COMP_CWORD]}
  [ "$word" = = ] && word=
  mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" __complete "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  case ${COMPREPLY[0]} in
    @files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    @folders) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    *[.:=]) compopt -o nospace 2>/dev/null ;;
  esac
}
complete -F _mestringctl mestringctl
)";

// The line as the shell divides it, up to the cursor.
struct Line {
  std::vector<std::string> words;  // complete ones
  std::string last;                // under way, "" after a blank
  bool quoted = false;             // within quotes nothing but their end ends a word
};

Line Divide(const std::string& line) {
  Line out;
  char quote = '\0';
  bool begun = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '\0' && absl::ascii_isspace(c)) {
      if (begun) out.words.push_back(std::move(out.last));
      out.last.clear();
      begun = out.quoted = false;
      continue;
    }
    begun = true;
    if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
      out.quoted = true;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      out.last += line[++i];
    } else {
      out.last += c;
    }
  }
  return out;
}

// A place on the command line, and what stands before it.
class Place {
 public:
  Place(const Settings& settings, const std::string& last) : settings_(settings), last_(last) {
    settings_.deadline = kAskMax;
    settings_.quiet = true;
  }

  std::vector<std::string> Candidates(const std::vector<std::string>& before);

 private:
  // By the name of the place in the table of commands.
  std::vector<std::string> Values(std::string_view kind);
  std::vector<std::string> Services(std::string_view end) const;
  std::vector<std::string> Methods();
  std::vector<std::string> Types() const;
  std::vector<std::string> Streams();
  std::vector<std::string> Fields(bool table);
  std::vector<std::string> RoleLists() const;

  Settings settings_;
  const std::string last_;
  std::vector<std::string> positional_;  // before this place
};

std::vector<std::string> Place::Services(std::string_view end) const {
  std::vector<std::string> out;
  for (const auto& [name, address] : settings_.services) out.push_back(absl::StrCat(name, end));
  return out;
}

std::vector<std::string> Place::Methods() {
  const size_t dot = last_.find('.');
  if (dot == std::string::npos) return Services(".");
  const std::string target = last_.substr(0, dot);
  std::vector<std::string> out;
  if (!settings_.services.contains(target)) return out;
  const auto client = Client::Open(settings_, target);
  if (!client.ok()) return out;
  const absl::StatusOr<const Contract*> told = (*client)->GetContract();
  const Contract contract = told.ok() ? **told : Contract::BuiltIn(target);
  for (const auto* service : contract.services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      out.push_back(absl::StrCat(target, ".", service->method(i)->name()));
    }
  }
  return out;
}

std::vector<std::string> Place::Types() const {
  std::vector<std::string> names = Contract::BuiltIn("").TypeNames();
  if (absl::StrContains(last_, ".")) return names;
  std::set<std::string> packages;
  for (const std::string& name : names) packages.insert(name.substr(0, name.find('.') + 1));
  return {packages.begin(), packages.end()};
}

std::vector<std::string> Place::Streams() {
  std::vector<std::string> out;
  if (positional_.empty()) return out;
  Identity identity = settings_.identity;
  if (!identity.given()) identity.roles = {"OPERATOR"};
  Json request = Json::object();
  Caller caller(settings_);
  const absl::StatusOr<Json> status = caller.Call(absl::StrCat(positional_[0], ".GetStatus"), request, identity);
  if (status.ok()) {
    const Json subscriptions = status->value("subscriptions", Json::array());
    for (const Json& subscription : subscriptions) out.push_back(Text(subscription, "stream"));
    return out;
  }
  for (const auto& [name, address] : settings_.services) {
    if (name != positional_[0]) out.push_back(StreamKey(settings_.municipality, name));
  }
  return out;
}

std::vector<std::string> Place::Fields(bool table) {
  if (positional_.empty()) return {};
  Caller caller(settings_);
  absl::StatusOr<Caller::Method> method = caller.Find(positional_[0]);
  const google::protobuf::MethodDescriptor* descriptor = method.ok() ? method->descriptor : nullptr;
  const absl::StatusOr<MethodName> name = ParseMethodName(settings_, positional_[0]);
  const Contract built_in = Contract::BuiltIn(name.ok() ? name->target : "");
  if (descriptor == nullptr && name.ok()) descriptor = built_in.Find(name->service, name->method).value_or(nullptr);
  if (descriptor == nullptr) return {};
  return table ? TableLayouts(*descriptor->output_type(), last_) : TextPaths(*descriptor->output_type());
}

// "NAV,STAFF" after "NAV,ST".
std::vector<std::string> Place::RoleLists() const {
  std::vector<std::string> out;
  const std::string before = last_.substr(0, last_.rfind(',') + 1);
  for (const std::string& role : RoleNames()) out.push_back(absl::StrCat(before, role));
  return out;
}

std::vector<std::string> Place::Values(std::string_view kind) {
  if (kind == "SERVICE") return Services("");
  if (kind == "SERVICE.METHOD") return Methods();
  if (kind == "SERVICE.METHOD|TYPE") {
    std::vector<std::string> out = Methods(), types = Types();
    out.insert(out.end(), types.begin(), types.end());
    return out;
  }
  if (kind == "STREAM") return Streams();
  if (kind == "ROLE[,ROLE]") return RoleLists();
  if (kind == "NAME=HOST:PORT,…") return Services("=");
  if (kind == "LIST:FIELD,…" || kind == "FIELD") return Fields(kind != "FIELD");
  if (kind == "FILE" || kind == "FILE|-") return {"@files"};
  if (kind == "FOLDER") return {"@folders"};
  // What the table spells out: "json|text", "bash", the "-" of "JSON|-".
  std::vector<std::string> out;
  for (const std::string_view word : absl::StrSplit(kind, '|')) {
    if (std::none_of(word.begin(), word.end(), absl::ascii_isupper)) out.emplace_back(word);
  }
  return out;
}

// "SERVICE" and "SERVICE" again of "[SERVICE …]".
std::string KindOfArgument(const Command& command, size_t index) {
  std::vector<std::string> kinds = absl::StrSplit(command.arguments, absl::ByAnyChar(" []"), absl::SkipEmpty());
  if (!kinds.empty() && kinds.back() == "…") {
    kinds.pop_back();
    index = std::min(index, kinds.size() - 1);
  }
  return index < kinds.size() ? kinds[index] : "";
}

std::vector<std::string> Place::Candidates(const std::vector<std::string>& before) {
  std::vector<std::string> out;
  const Command* chosen = nullptr;
  size_t words = 0;
  for (const Command& command : Commands()) {
    const std::vector<std::string> name = absl::StrSplit(command.name, ' ');
    const size_t known = std::min(before.size(), name.size());
    if (!std::equal(name.begin(), name.begin() + static_cast<int64_t>(known), before.begin())) continue;
    if (known < name.size()) {
      out.push_back(name[known]);
    } else if (name.size() > words) {
      chosen = &command;
      words = name.size();
    }
  }
  if (before.empty()) out.insert(out.end(), {"--help", "--version"});
  if (chosen == nullptr) return out;
  std::vector<Option> options = chosen->options;
  options.insert(options.end(), CommonOptions().begin(), CommonOptions().end());
  const auto named = [&options](std::string_view word) {
    return std::find_if(options.begin(), options.end(), [word](const Option& option) { return option.name == word; });
  };
  for (size_t i = words; i < before.size(); ++i) {
    const auto option = named(before[i]);
    if (option != options.end() && !option->value.empty()) {
      if (++i == before.size()) return Values(option->value);
    } else if (!absl::StartsWith(before[i], "--")) {
      positional_.push_back(before[i]);
    }
  }
  if (const std::string argument = KindOfArgument(*chosen, positional_.size()); !argument.empty()) {
    const std::vector<std::string> values = Values(argument);
    out.insert(out.end(), values.begin(), values.end());
  }
  if (absl::StartsWith(last_, "-") || out.empty()) {
    std::erase(out, "@files");
    for (const Option& option : options) out.emplace_back(option.name);
  }
  return out;
}

}  // namespace

std::vector<std::string> Complete(const std::string& breaks, const std::string& text, const Settings& settings) {
  Line line = Divide(text);
  if (line.words.empty()) return {};
  line.words.erase(line.words.begin());
  // "--output=js" is "--output" and "js".
  std::string before;
  if (const size_t equals = line.last.find('='); absl::StartsWith(line.last, "--") && equals != std::string::npos) {
    before = line.last.substr(0, equals + 1);
    line.words.push_back(line.last.substr(0, equals));
    line.last.erase(0, equals + 1);
  }
  std::vector<std::string> out;
  const std::string whole = before + line.last;
  const size_t broken = line.quoted ? std::string::npos : whole.find_last_of(breaks);
  for (const std::string& candidate : Place(settings, line.last).Candidates(line.words)) {
    if (absl::StartsWith(candidate, "@")) return {candidate};
    if (!absl::StartsWith(candidate, line.last)) continue;
    std::string answer = before + candidate;
    if (broken != std::string::npos) answer.erase(0, broken + 1);
    if (std::find(out.begin(), out.end(), answer) == out.end()) out.push_back(answer);
  }
  return out;
}

absl::StatusOr<int> CompletionCommand(const Arguments& arguments, const Settings&) {
  if (arguments.At(0) != "bash") return Usage("Only bash is known.");
  std::cout << kBash;
  return kDone;
}

}  // namespace mestring::ctl
