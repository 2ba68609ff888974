// The command line: each command and option is declared once; parsing, help and completion follow from that.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mestring::ctl {

struct Option {
  std::string_view name;   // "--output"
  std::string_view value;  // what stands after it, "json|text"; empty for a switch
  std::string_view help;
};

// A parsed command line.
class Arguments {
 public:
  bool Has(std::string_view option) const { return options_.contains(option); }
  // The last value given, or `fallback`.
  std::string Get(std::string_view option, std::string_view fallback = "") const;
  // Every value given, in order: for options that may be repeated.
  std::vector<std::string> All(std::string_view option) const;
  const std::vector<std::string>& positional() const { return positional_; }
  // The nth positional argument, or "".
  std::string At(size_t index) const { return index < positional_.size() ? positional_[index] : ""; }

 private:
  friend absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>&, const std::vector<Option>&, size_t,
                                                  size_t);
  std::vector<std::string> positional_;
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
};

// Options may stand anywhere, as "--name value" or "--name=value"; "--" ends them. Errors are usage errors that
// name the option, and the nearest known one.
absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& words, const std::vector<Option>& options,
                                         size_t positional_min, size_t positional_max);

// "  --output json|text   how results are printed", one line per option, aligned.
std::string OptionsHelp(const std::vector<Option>& options);

// The candidate that `word` most likely meant, or "" if none is near.
std::string NearestTo(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace mestring::ctl
