// A story: calls with what each must answer, as JSON. This is the language; play.h performs it.
//
// A file holds one array of steps, or one step per line:
//   {"story": "name", "let": {"nav": "nav-sandnes"}}   first; constants
//   {"chapter": "Akutten"}                             a heading
//   {"say": "NAV asks for a place.",                   the sentence that is printed
//    "as": "NAV", "organisation": "nav-sandnes", "person": "${ada}",
//    "call": "housing.SubmitRequisition", "request": {…},
//    "expect": {…},                                    a part of the response (Match below), or
//    "refused": {"code": …, "reason": …},              the error
//    "within": "20s",                                  asks again until it is so: if a timer or a subscriber does it
//    "save": {"stay": "stay.id"},                      variables from the response
//    "events": ["StayReserved", {"type": …, "data": {…}}]}   what must reach the subscriber (the order within each
//                                                      stream is checked against its log at the end)
// and further: "advance": "60d" or "advance_to": "15:40" | "monday 08:00" | "2027-02-10 17:00" moves the rehearsal's
// clock before the call;
// "name": "a" and later "repeat": "a" sends the very same request again and wants the very same answer;
// "for": {"n": "1..7"} or {"n": ["a", "b"]} does the step once for each; with "do": [step, …] it does several calls
// for each. In strings, ${x} is a variable; ${today}, ${today+30} are dates of the rehearsal, ${year}, ${year+1} its
// years; ${uuid:x} is a UUID, the same one throughout a run.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/ctl/json.h"

namespace mestring::ctl {

struct Story {
  std::string name;
  Json let = Json::object();
  std::vector<Json> steps;  // each an object with known members only
};

absl::StatusOr<Story> ParseStory(std::string_view text);

// The variables of a run.
class Variables {
 public:
  // `seed` makes ${uuid:…} differ between runs; `today` answers ${today}.
  Variables(std::string seed, std::function<absl::CivilDay()> today)
      : seed_(std::move(seed)), today_(std::move(today)) {}

  void Set(const std::string& name, Json value) { values_[name] = std::move(value); }
  const Json& values() const { return values_; }
  // Replaces ${…} everywhere in `json`, in names of members too. A string that is only one variable takes its value
  // as it is. An unknown variable is an error that names it.
  absl::StatusOr<Json> Expand(const Json& json) const;
  // A UUID made of the seed and `name`.
  std::string Uuid(std::string_view name) const;

 private:
  absl::StatusOr<Json> Value(std::string_view name) const;
  absl::StatusOr<Json> ExpandString(const std::string& text) const;

  const std::string seed_;
  const std::function<absl::CivilDay()> today_;
  Json values_ = Json::object();
};

// Where `got` is not what was expected.
struct Mismatch {
  std::string path;
  std::string expected;
  std::string got;
};

// What `expected` asks of `got`: an object's members must match (more may be there); a list must match element by
// element; numbers and their text are equal (JSON of int64). Instead of a value may stand
//   {"$contains": [x, …]}  a list that holds, for each, an element that matches
//   {"$size": n}           a list of this length
//   {"$set": true|false}   a value that is there and not empty, or not
std::vector<Mismatch> Match(const Json& expected, const Json& got);

// The value at "stays.0.id" or "offers[code=akutten].id", null if there is none.
Json At(const Json& json, std::string_view path);

}  // namespace mestring::ctl
