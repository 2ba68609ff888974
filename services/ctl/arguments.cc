// Parsing of the command line.
//
// Hides: the forms in which an option may be written.
// Invariants: nothing is guessed. An unknown option, a missing value and a surplus word are errors that say what
// would be right. A lone "-" is a word (it means standard input).
// Rejected: CLI11. It would be the largest header of the project for what fits on one page, and completion would
// need the declared table beside it all the same.
#include "services/ctl/arguments.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/ctl/failure.h"
#include "services/ctl/table.h"

namespace mestring::ctl {
namespace {

// More edits than this and a suggestion is noise.
constexpr size_t kSuggestionEditsMax = 3;

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

absl::StatusOr<const Option*> Find(std::string_view name, const std::vector<Option>& options) {
  std::vector<std::string> names;
  for (const Option& option : options) {
    if (option.name == name) return &option;
    names.emplace_back(option.name);
  }
  const std::string nearest = NearestTo(name, names);
  return Usage(
      absl::StrCat("There is no option ", name, nearest.empty() ? "." : absl::StrCat("; did you mean ", nearest, "?")));
}

}  // namespace

std::string Arguments::Get(std::string_view option, std::string_view fallback) const {
  auto found = options_.find(option);
  return found == options_.end() ? std::string(fallback) : found->second.back();
}

std::vector<std::string> Arguments::All(std::string_view option) const {
  auto found = options_.find(option);
  return found == options_.end() ? std::vector<std::string>() : found->second;
}

absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& words, const std::vector<Option>& options,
                                         size_t positional_min, size_t positional_max) {
  Arguments arguments;
  bool only_words = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (only_words || !absl::StartsWith(word, "-") || word == "-") {
      arguments.positional_.push_back(word);
      continue;
    }
    if (word == "--") {
      only_words = true;
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word == "-h" ? "--help" : word.substr(0, equals);
    ASSIGN(const Option* option, Find(name, options));
    std::string value;
    if (option->value.empty()) {
      if (equals != std::string::npos) return Usage(absl::StrCat(name, " takes no value."));
    } else if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (++i < words.size()) {
      value = words[i];
    } else {
      return Usage(absl::StrCat(name, " needs a value: ", name, " ", option->value));
    }
    arguments.options_[name].push_back(value);
  }
  if (arguments.Has("--help")) return arguments;
  if (arguments.positional_.size() < positional_min) return Usage("Something is missing.");
  if (arguments.positional_.size() > positional_max) {
    return Usage(absl::StrCat("\"", arguments.positional_[positional_max], "\" is one word too many."));
  }
  return arguments;
}

std::string OptionsHelp(const std::vector<Option>& options) {
  size_t width = 0;
  for (const Option& option : options) width = std::max(width, Columns(option.name) + 1 + Columns(option.value));
  std::string out;
  for (const Option& option : options) {
    std::string left = absl::StrCat(option.name, option.value.empty() ? "" : " ", option.value);
    left.append(width - Columns(left), ' ');
    absl::StrAppend(&out, "  ", left, "  ", option.help, "\n");
  }
  return out;
}

std::string NearestTo(std::string_view word, const std::vector<std::string>& candidates) {
  std::string nearest;
  size_t best = kSuggestionEditsMax + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best) best = distance, nearest = candidate;
  }
  return nearest;
}

}  // namespace mestring::ctl
