// The language of stories.
//
// Hides: how a story is written down, and what "the expected answer" means.
// Invariants: nothing is silently ignored: an unknown member of a step, an unknown variable and an unknown matcher are
// errors before, or at, the step. Expansion and matching are pure.
// Rejected: a scripting language. A story that can be read by the people whose work it tells must not hold code; what
// needs a loop or a condition is a test.
#include "services/ctl/story.h"

#include <openssl/sha.h>

#include <array>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/errors.h"

namespace mestring::ctl {
namespace {

constexpr std::array kMembers = {
    "story",   "let",    "chapter", "say",    "as",      "organisation", "person", "call",   "request", "expect",
    "refused", "within", "save",    "events", "advance", "advance_to",   "name",   "repeat", "for",     "do"};

absl::Status Wrong(size_t number, std::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat("Step ", number, " of the story: ", problem));
}

absl::Status CheckStep(const Json& step, size_t number) {
  if (!step.is_object()) return Wrong(number, "is not a JSON object.");
  for (const auto& [member, value] : step.items()) {
    bool known = false;
    for (const char* name : kMembers) known = known || member == name;
    if (!known) return Wrong(number, absl::StrCat("\"", member, "\" is not a member of a step."));
  }
  if (step.contains("expect") && step.contains("refused")) return Wrong(number, "is expected and refused at once.");
  if (step.contains("call") == step.contains("repeat") && (step.contains("request") || step.contains("expect"))) {
    return Wrong(number, "needs one of \"call\" and \"repeat\".");
  }
  for (const char* text : {"say", "call", "within", "advance", "advance_to", "name", "repeat", "chapter", "story"}) {
    if (step.contains(text) && !step[text].is_string())
      return Wrong(number, absl::StrCat("\"", text, "\" is not text."));
  }
  for (const char* object : {"let", "request", "refused", "save", "for"}) {
    if (step.contains(object) && !step[object].is_object()) {
      return Wrong(number, absl::StrCat("\"", object, "\" is not an object."));
    }
  }
  if (step.contains("do") != (step.contains("for") && !step.contains("call"))) {
    return Wrong(number, "needs \"for\", and either \"call\" or \"do\".");
  }
  for (const Json& inner : step.value("do", Json::array())) {
    for (const char* outer : {"say", "chapter", "for", "do", "advance", "advance_to", "name", "repeat"}) {
      if (inner.contains(outer)) return Wrong(number, absl::StrCat("\"do\" cannot hold \"", outer, "\"."));
    }
    TRY(CheckStep(inner, number));
  }
  if (step.contains("events") && !step["events"].is_array()) return Wrong(number, "\"events\" is not a list.");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Json>> ParseLines(std::string_view text) {
  std::vector<Json> steps;
  size_t number = 0;
  for (std::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    std::optional<Json> step = ParseJson(line);
    if (!step) return absl::InvalidArgumentError(absl::StrCat("Line ", number, " of the story is not JSON."));
    steps.push_back(*std::move(step));
  }
  return steps;
}

bool IsEmpty(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         ((value.is_array() || value.is_object()) && value.empty());
}

std::string Plain(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// A member of an answer: on the wire, an absent value and a default are the same.
bool EqualScalars(const Json& expected, const Json& got) {
  if (expected == got) return true;
  if (got.is_null()) return IsEmpty(expected) || expected == 0 || expected == false;
  const bool numbers = expected.is_number() || got.is_number();
  return numbers && Plain(expected) == Plain(got);
}

void MatchAt(const std::string& path, const Json& expected, const Json& got, std::vector<Mismatch>& out);

void MatchSpecial(const std::string& path, const Json& expected, const Json& got, std::vector<Mismatch>& out) {
  const std::string name = expected.begin().key();
  const Json& operand = expected.begin().value();
  if (name == "$size") {
    const size_t size = got.is_array() ? got.size() : 0;
    if (operand != size)
      out.push_back({path, absl::StrCat(operand.dump(), " elements"), absl::StrCat(size, " elements")});
  } else if (name == "$set") {
    if (operand != !IsEmpty(got)) out.push_back({path, operand == true ? "something" : "nothing", got.dump()});
  } else if (name == "$contains") {
    const Json wanted = operand.is_array() ? operand : Json::array({operand});
    for (const Json& element : wanted) {
      bool found = false;
      for (const Json& candidate : got.is_array() ? got : Json::array())
        found = found || Match(element, candidate).empty();
      if (!found) out.push_back({path, absl::StrCat("a list with ", element.dump()), got.dump()});
    }
  } else {
    out.push_back({path, absl::StrCat("the unknown matcher ", name), got.dump()});
  }
}

void MatchAt(const std::string& path, const Json& expected, const Json& got, std::vector<Mismatch>& out) {
  if (expected.is_object() && expected.size() == 1 && absl::StartsWith(expected.begin().key(), "$")) {
    MatchSpecial(path, expected, got, out);
  } else if (expected.is_object()) {
    if (!got.is_object() && !got.is_null()) {
      out.push_back({path, expected.dump(), got.dump()});
      return;
    }
    for (const auto& [name, value] : expected.items()) {
      const auto member = got.find(name);
      MatchAt(path.empty() ? name : absl::StrCat(path, ".", name), value,
              got.is_object() && member != got.end() ? *member : Json(), out);
    }
  } else if (expected.is_array()) {
    const size_t size = got.is_array() ? got.size() : 0;
    if (size != expected.size()) {
      out.push_back({path, expected.dump(), got.dump()});
      return;
    }
    for (size_t i = 0; i < size; ++i) MatchAt(absl::StrCat(path, ".", i), expected[i], got[i], out);
  } else if (!EqualScalars(expected, got)) {
    out.push_back({path, expected.dump(), got.is_null() ? "nothing" : got.dump()});
  }
}

// The first element of `list` whose member is so: "code=akutten".
const Json* ElementWhere(const Json& list, std::string_view condition) {
  const std::pair<std::string, std::string> wanted = absl::StrSplit(condition, absl::MaxSplits('=', 1));
  if (!list.is_array()) return nullptr;
  for (const Json& element : list) {
    if (element.is_object() && element.contains(wanted.first) && Plain(element[wanted.first]) == wanted.second) {
      return &element;
    }
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<Story> ParseStory(std::string_view text) {
  Story story;
  std::vector<Json> steps;
  if (std::optional<Json> whole = ParseJson(text); whole && whole->is_array()) {
    steps.assign(whole->begin(), whole->end());
  } else {
    ASSIGN(steps, ParseLines(text));
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    TRY(CheckStep(steps[i], i + 1));
    if (!steps[i].contains("story")) continue;
    if (i != 0) return Wrong(i + 1, "names the story, which only the first step may.");
    story.name = Text(steps[i], "story");
    if (steps[i].contains("let")) story.let = steps[i]["let"];
  }
  if (story.name.empty()) return absl::InvalidArgumentError("The story does not begin with {\"story\": \"its name\"}.");
  steps.erase(steps.begin());
  story.steps = std::move(steps);
  return story;
}

std::string Variables::Uuid(std::string_view name) const {
  const std::string text = absl::StrCat(seed_, "\n", name);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  digest[6] = (digest[6] & 0x0f) | 0x40;  // version 4
  digest[8] = (digest[8] & 0x3f) | 0x80;  // variant of RFC 9562
  const std::string hex = absl::BytesToHexString(std::string_view(reinterpret_cast<const char*>(digest.data()), 16));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

absl::StatusOr<Json> Variables::Value(std::string_view name) const {
  if (absl::StartsWith(name, "uuid:")) return Json(Uuid(name.substr(5)));
  for (const std::string_view unit : {"today", "year"}) {
    if (!absl::StartsWith(name, unit)) continue;
    int by = 0;
    std::string_view shift = name.substr(unit.size());
    if (absl::StartsWith(shift, "+")) shift.remove_prefix(1);
    if (!shift.empty() && !absl::SimpleAtoi(shift, &by)) continue;
    return unit == "year" ? Json(today_().year() + by) : Json(FormatDate(today_() + by));
  }
  const auto found = values_.find(std::string(name));
  if (found == values_.end()) return absl::InvalidArgumentError(absl::StrCat("There is no variable ${", name, "}."));
  return *found;
}

absl::StatusOr<Json> Variables::ExpandString(const std::string& text) const {
  std::string out = text;
  size_t from = 0;
  // The innermost first: "${place_${n}}".
  for (size_t end = out.find('}'); end != std::string::npos; end = out.find('}', from)) {
    const size_t begin = out.rfind("${", end);
    if (begin == std::string::npos) {
      from = end + 1;
      continue;
    }
    ASSIGN(const Json value, Value(std::string_view(out).substr(begin + 2, end - begin - 2)));
    if (begin == 0 && end + 1 == out.size()) return value;
    out.replace(begin, end + 1 - begin, Plain(value));
    from = begin + Plain(value).size();
  }
  if (absl::StrContains(out, "${")) return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" lacks a }."));
  return Json(out);
}

absl::StatusOr<Json> Variables::Expand(const Json& json) const {
  if (json.is_string()) return ExpandString(json.get_ref<const std::string&>());
  if (json.is_array()) {
    Json out = Json::array();
    for (const Json& element : json) {
      ASSIGN(Json expanded, Expand(element));
      out.push_back(std::move(expanded));
    }
    return out;
  }
  if (!json.is_object()) return json;
  Json out = Json::object();
  for (const auto& [name, value] : json.items()) {
    ASSIGN(const Json expanded_name, ExpandString(name));
    ASSIGN(Json expanded, Expand(value));
    out[Plain(expanded_name)] = std::move(expanded);
  }
  return out;
}

std::vector<Mismatch> Match(const Json& expected, const Json& got) {
  std::vector<Mismatch> out;
  MatchAt("", expected, got, out);
  return out;
}

Json At(const Json& json, std::string_view path) {
  const Json* at = &json;
  for (std::string_view name : absl::StrSplit(path, '.', absl::SkipEmpty())) {
    size_t index = 0;
    if (const size_t bracket = name.find('['); bracket != std::string_view::npos && name.back() == ']') {
      const std::string list(name.substr(0, bracket));
      if (!at->is_object() || !at->contains(list)) return Json();
      at = ElementWhere((*at)[list], name.substr(bracket + 1, name.size() - bracket - 2));
      if (at == nullptr) return Json();
    } else if (at->is_array() && absl::SimpleAtoi(name, &index) && index < at->size()) {
      at = &(*at)[index];
    } else if (at->is_object() && at->contains(std::string(name))) {
      at = &(*at)[std::string(name)];
    } else {
      return Json();
    }
  }
  return *at;
}

}  // namespace mestring::ctl
