// Performing a story.
//
// Hides: in which order a step is printed, checked and saved.
// Invariants: nothing waits a fixed time; a check that takes time is repeated until it holds, with a bound. Progress is
// saved after each step, and ids derive from the run's seed, so that a story that was interrupted goes on where it
// stopped and repeats no effect: a step that was under way is sent again under the same request_id.
// Rejected: a second process that prints the events. Its lines would fall between those of
// the wrong step; the subscriber stays a process of its own, and the story reads its journal.
#include "services/ctl/play.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "services/ctl/event_text.h"
#include "services/ctl/failure.h"
#include "services/ctl/token.h"

namespace mestring::ctl {
namespace {

// So much of the expectation is printed beside a call that succeeded.
constexpr size_t kToldCharactersMax = 100;
// A loop in a story is for a handful of places, not for load.
constexpr int kIterationsMax = 1000;

constexpr char kBold[] = "1", kDim[] = "2", kRed[] = "31", kGreen[] = "32", kYellow[] = "33";

// What was expected, as a few words each: the name of the member and its value.
void Flatten(const std::string& name, const Json& json, std::vector<std::string>& out) {
  if (json.is_object()) {
    for (const auto& [member, value] : json.items()) {
      if (member == "$set") {
        out.push_back(absl::StrCat(value == true ? "" : "no ", name));
      } else if (member == "$size") {
        out.push_back(absl::StrCat(value.dump(), " ", name));
      } else {
        Flatten(member == "$contains" ? name : member, value, out);
      }
    }
  } else if (json.is_array()) {
    for (const Json& element : json) Flatten(name, element, out);
  } else {
    out.push_back(absl::StrCat(name, " = ", Brief(json)));
  }
}

std::string Told(const Json& expected) {
  std::vector<std::string> parts;
  Flatten("", expected, parts);
  std::string out;
  for (const std::string& part : parts) {
    if (out.size() + part.size() > kToldCharactersMax) return out + " …";
    absl::StrAppend(&out, out.empty() ? "" : ", ", part);
  }
  return out;
}

absl::StatusOr<Identity> IdentityOf(const Json& step) {
  Identity identity;
  if (!Text(step, "as").empty()) {
    ASSIGN(identity.roles, ParseRoles(Text(step, "as")));
  }
  identity.person_ref = Text(step, "person");
  identity.organisation_id = Text(step, "organisation");
  return identity;
}

// "1..7" or a list.
absl::StatusOr<std::vector<Json>> Values(const Json& range) {
  if (range.is_array()) return std::vector<Json>(range.begin(), range.end());
  const std::pair<std::string, std::string> ends =
      absl::StrSplit(range.is_string() ? range.get<std::string>() : "", absl::MaxSplits("..", 1));
  int first, last;
  if (!absl::SimpleAtoi(ends.first, &first) || !absl::SimpleAtoi(ends.second, &last) ||
      last - first >= kIterationsMax) {
    return absl::InvalidArgumentError(absl::StrCat("\"for\" wants \"1..7\" or a list, not ", range.dump(), "."));
  }
  std::vector<Json> values;
  for (int i = first; i <= last; ++i) values.push_back(std::to_string(i));
  return values;
}

// Is this the event? `expected` is a short or full type, or {"type", "subject", "data": {…}}.
bool IsEvent(const Json& expected, const Json& event) {
  const std::string type = expected.is_string() ? expected.get<std::string>() : Text(expected, "type");
  if (type != Text(event, "type") && type != ShortType(Text(event, "type"))) return false;
  if (expected.is_string()) return true;
  Json rest = expected;
  rest.erase("type");
  return Match(rest, event).empty();
}

absl::Status Stop(std::string_view sentence) { return absl::FailedPreconditionError(sentence); }

}  // namespace

absl::StatusOr<absl::Time> NextTime(std::string_view text, absl::Time now, absl::TimeZone zone) {
  static constexpr std::string_view kDays[] = {"monday", "tuesday",  "wednesday", "thursday",
                                               "friday", "saturday", "sunday"};
  const std::vector<std::string> words = absl::StrSplit(absl::AsciiStrToLower(text), ' ', absl::SkipEmpty());
  const std::vector<std::string> clock = absl::StrSplit(words.empty() ? "" : words.back(), ':');
  int hour = -1, minute = -1, weekday = -1;
  for (int i = 0; i < 7; ++i) {
    if (words.size() == 2 && words[0] == kDays[i]) weekday = i;
  }
  const absl::StatusOr<absl::CivilDay> date =
      words.size() == 2 ? ParseDate(words[0]) : absl::InvalidArgumentError("there is no date");
  if (clock.size() != 2 || !absl::SimpleAtoi(clock[0], &hour) || !absl::SimpleAtoi(clock[1], &minute) || hour < 0 ||
      hour > 23 || minute < 0 || minute > 59 || words.size() > 2 || (words.size() == 2 && weekday < 0 && !date.ok())) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not \"15:40\", \"monday 08:00\" or \"2027-02-10 17:00\"."));
  }
  if (date.ok()) {
    const absl::Time time = absl::FromCivil(absl::CivilMinute(*date) + 60 * hour + minute, zone);
    if (time > now) return time;
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" lies behind; the clock moves ahead only."));
  }
  for (absl::CivilDay day = DateIn(zone, now);; ++day) {
    if (weekday >= 0 && static_cast<int>(absl::GetWeekday(day)) != weekday) continue;
    const absl::Time time = absl::FromCivil(absl::CivilMinute(day) + 60 * hour + minute, zone);
    if (time > now) return time;
  }
}

Play::Play(const Story& story, Stage& stage, Options options, std::ostream& out)
    : story_(story), stage_(stage), options_(std::move(options)), out_(out), variables_(options_.seed, [this] {
        return DateIn(options_.zone, stage_.Now());
      }) {}

absl::Status Play::Run() {
  const Json& progress = options_.progress;
  if (progress.is_object() && progress.value("done", false)) {
    out_ << "The story \"" << story_.name << "\" was played on this data before; it is not played twice.\n";
    return absl::OkStatus();
  }
  for (const auto& [name, value] : story_.let.items()) {
    ASSIGN(Json expanded, variables_.Expand(value));
    variables_.Set(name, std::move(expanded));
  }
  if (options_.let.is_object()) {
    for (const auto& [name, value] : options_.let.items()) variables_.Set(name, value);
  }
  if (progress.is_object()) {
    first_step_ = progress.value("next_step", size_t{0});
    moving_step_ = progress.value("moving_step", SIZE_MAX);
    moving_to_ = absl::FromUnixSeconds(progress.value("moving_to", int64_t{0}));
    sent_ = progress.value("sent", Json::object());
    const Json saved = progress.value("variables", Json::object());
    for (const auto& [name, value] : saved.items()) variables_.Set(name, value);
    place_ = progress.value("place", int64_t{0});
    if (first_step_ > 0) out_ << "Going on at step " << first_step_ + 1 << " of " << story_.steps.size() << ".\n";
  } else if (stage_.HasEvents()) {
    // The story only checks events that come from here on.
    for (bool more = true; more;) {
      ASSIGN(const auto before, stage_.EventsAfter(place_));
      more = !before.empty();
      if (more) place_ = before.back().place;
    }
  }
  for (size_t i = first_step_; i < story_.steps.size(); ++i) {
    if (absl::Status status = RunStep(i); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat("The story stopped at step ", i + 1, " of ", story_.steps.size(),
                                                      ": ", status.message()));
    }
    ++steps_played_;
    TRY(Save(i + 1, i + 1 == story_.steps.size()));
  }
  return absl::OkStatus();
}

absl::Status Play::RunStep(size_t index) {
  const Json& step = story_.steps[index];
  if (step.contains("chapter")) out_ << "\n" << Styled(Text(step, "chapter"), kBold, options_.colour) << "\n";
  TRY(Advance(index, step));
  if (step.contains("say")) {
    ASSIGN(const Json sentence, variables_.Expand(step["say"]));
    const std::string time = absl::FormatTime("%a %d %b %Y %H:%M", stage_.Now(), options_.zone);
    out_ << (options_.brief ? "" : "\n") << Styled(time, kDim, options_.colour) << "  "
         << (sentence.is_string() ? sentence.get<std::string>() : sentence.dump()) << std::endl;
  }
  if (!step.contains("for")) return RunOnce(index, "", step);
  ASSIGN(const Json loop, variables_.Expand(step["for"]));
  if (loop.size() != 1) return absl::InvalidArgumentError("\"for\" takes one variable.");
  ASSIGN(const std::vector<Json> values, Values(loop.begin().value()));
  const Json calls = step.value("do", Json::array({step}));
  for (const Json& value : values) {
    variables_.Set(loop.begin().key(), value);
    const std::string name = value.is_string() ? value.get<std::string>() : value.dump();
    for (size_t i = 0; i < calls.size(); ++i) {
      TRY(RunOnce(index, i == 0 ? name : absl::StrCat(name, "/", i), calls[i]));
    }
  }
  return absl::OkStatus();
}

absl::Status Play::RunOnce(size_t index, const std::string& iteration, const Json& step) {
  Json once = step;
  for (const char* plan : {"for", "say", "chapter", "advance", "advance_to"}) once.erase(plan);
  ASSIGN(const Json expanded, variables_.Expand(once));
  if (expanded.contains("call") || expanded.contains("repeat")) {
    TRY(PerformUntil(expanded, variables_.Uuid(absl::StrCat("request/", index, "/", iteration))));
  }
  return AwaitEvents(expanded.value("events", Json::array()));
}

absl::Status Play::Advance(size_t index, const Json& step) {
  if (!step.contains("advance") && !step.contains("advance_to")) return absl::OkStatus();
  const absl::Time now = stage_.Now();
  if (moving_step_ != index) {
    if (step.contains("advance")) {
      ASSIGN(const absl::Duration by, ParseDuration(Text(step, "advance")));
      moving_to_ = absl::FromUnixSeconds(absl::ToUnixSeconds(now + by));
    } else {
      ASSIGN(const Json to, variables_.Expand(step["advance_to"]));
      ASSIGN(moving_to_, NextTime(to.is_string() ? to.get<std::string>() : "", now, options_.zone));
    }
    moving_step_ = index;
    TRY(Save(index, false));
  }
  out_ << "\n"
       << Styled(absl::FormatTime("… until %A %d %B %Y %H:%M", moving_to_, options_.zone), kDim, options_.colour)
       << std::endl;
  return stage_.MoveClock(moving_to_);
}

absl::Status Play::PerformUntil(const Json& step, const std::string& request_id) {
  if (!step.contains("within")) return Perform(step, request_id);
  ASSIGN(const absl::Duration within, ParseDuration(Text(step, "within")));
  const absl::Time deadline = absl::Now() + within;
  ASSIGN(const Identity identity, IdentityOf(step));
  for (;;) {
    Json request = step.value("request", Json::object());
    const absl::StatusOr<Json> answer = stage_.Call(Text(step, "call"), request, identity, request_id);
    std::vector<Mismatch> mismatches;
    const absl::Status checked = CheckAnswer(step, answer, mismatches);
    if (checked.ok()) {
      Tell(step, answer);
      return answer.ok() ? Keep(step, *answer) : absl::OkStatus();
    }
    if (absl::Now() >= deadline) {
      ShowFailure(step, answer, mismatches);
      return Stop(absl::StrCat(checked.message(), " (asked again for ", absl::FormatDuration(within), ")"));
    }
    stage_.Pause();
  }
}

absl::Status Play::Perform(const Json& step, const std::string& request_id) {
  Json again = step;
  if (step.contains("repeat")) {
    const std::string name = Text(step, "repeat");
    if (!sent_.contains(name)) return absl::InvalidArgumentError(absl::StrCat("No step is called \"", name, "\"."));
    const Json& first = sent_[name];
    again = first["step"];
    again["request"] = first["request"];
    again["expect"] = first["answer"];
    for (const char* once : {"save", "name", "events"}) again.erase(once);
  }
  ASSIGN(const Identity identity, IdentityOf(again));
  Json request = again.value("request", Json::object());
  const absl::StatusOr<Json> answer = stage_.Call(Text(again, "call"), request, identity, request_id);
  std::vector<Mismatch> mismatches;
  if (absl::Status checked = CheckAnswer(again, answer, mismatches); !checked.ok()) {
    ShowFailure(again, answer, mismatches);
    return checked;
  }
  if (step.contains("repeat")) again["expect"] = {{"answer", "the very same"}};
  Tell(again, answer);
  if (!answer.ok()) return absl::OkStatus();
  if (step.contains("name")) {
    sent_[Text(step, "name")] = {{"step", step}, {"request", request}, {"answer", *answer}};
  }
  return Keep(step, *answer);
}

absl::Status Play::CheckAnswer(const Json& step, const absl::StatusOr<Json>& answer,
                               std::vector<Mismatch>& mismatches) {
  const std::string call = Text(step, "call");
  if (step.contains("refused")) {
    if (answer.ok()) return Stop(absl::StrCat(call, " was to be refused, and was not."));
    mismatches = Match(step["refused"], FailureJson(answer.status()));
    return mismatches.empty() ? absl::OkStatus() : Stop(absl::StrCat(call, " was refused for another reason."));
  }
  if (!answer.ok()) return Stop(absl::StrCat(call, " failed."));
  if (step.contains("expect")) mismatches = Match(step["expect"], *answer);
  return mismatches.empty() ? absl::OkStatus() : Stop(absl::StrCat(call, " answered otherwise than expected."));
}

absl::Status Play::Keep(const Json& step, const Json& answer) {
  if (!step.contains("save")) return absl::OkStatus();
  for (const auto& [name, path] : step["save"].items()) {
    const Json value = ctl::At(answer, path.is_string() ? path.get<std::string>() : "");
    if (value.is_null()) return Stop(absl::StrCat("the answer holds no ", path.dump(), " to keep as ", name, "."));
    variables_.Set(name, value);
  }
  return absl::OkStatus();
}

absl::Status Play::AwaitEvents(const Json& expected) {
  if (!stage_.HasEvents()) return absl::OkStatus();
  const absl::Time deadline = absl::Now() + options_.events_wait;
  std::vector<Json> missing(expected.begin(), expected.end());
  // The sentence before this one has printed the time.
  const LineStyle line{.colour = options_.colour, .stream = true, .time = false, .zone = options_.zone};
  for (;;) {
    ASSIGN(const std::vector<JournalEntry> entries, stage_.EventsAfter(place_));
    for (const auto& [place, event] : entries) {
      place_ = place;
      if (!options_.brief) {
        out_ << "      " << Styled("event", kGreen, options_.colour) << " " << EventLine(event, line) << std::endl;
      }
      const auto found = std::find_if(missing.begin(), missing.end(),
                                      [&event = event](const Json& wanted) { return IsEvent(wanted, event); });
      if (found != missing.end()) missing.erase(found);
    }
    if (missing.empty()) return absl::OkStatus();
    if (absl::Now() >= deadline) break;
    stage_.Pause();
  }
  out_ << "    " << Styled("FAILED", kRed, options_.colour) << " this event did not reach the subscriber in "
       << absl::FormatDuration(options_.events_wait) << ": " << missing.front().dump() << std::endl;
  return Stop(absl::StrCat("the event ", missing.front().dump(), " did not arrive."));
}

absl::Status Play::Save(size_t next_step, bool done) {
  if (!options_.save) return absl::OkStatus();
  return options_.save({{"story", story_.name},
                        {"seed", options_.seed},
                        {"next_step", next_step},
                        {"moving_step", moving_step_},
                        {"moving_to", absl::ToUnixSeconds(moving_to_)},
                        {"done", done},
                        {"place", place_},
                        {"variables", variables_.values()},
                        {"sent", sent_}});
}

void Play::Tell(const Json& step, const absl::StatusOr<Json>& answer) {
  if (options_.brief) return;
  const std::string as = Text(step, "as");
  out_ << "    " << ShortType(Text(step, "call")) << (as.empty() ? "" : absl::StrCat(" (", as, ")"));
  if (!answer.ok()) {
    out_ << "  " << Styled("refused", kYellow, options_.colour) << "  " << ReasonOf(answer.status()) << ": "
         << answer.status().message();
  } else if (const std::string told = Told(step.value("expect", Json::object())); !told.empty()) {
    out_ << "  " << told;
  }
  out_ << std::endl;
}

void Play::ShowFailure(const Json& step, const absl::StatusOr<Json>& answer, const std::vector<Mismatch>& mismatches) {
  out_ << "    " << Styled("FAILED", kRed, options_.colour) << " " << Text(step, "call") << "\n";
  if (!answer.ok()) out_ << "      " << absl::StrReplaceAll(FailureText(answer.status()), {{"\n", "\n      "}}) << "\n";
  for (const Mismatch& mismatch : mismatches) {
    out_ << "      " << mismatch.path << "\n        expected " << mismatch.expected << "\n        got      "
         << mismatch.got << "\n";
  }
  if (answer.ok() && mismatches.empty()) out_ << "      got " << answer->dump() << "\n";
  out_ << "      request " << step.value("request", Json::object()).dump() << std::endl;
}

}  // namespace mestring::ctl
