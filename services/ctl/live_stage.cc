// A story on running services, and the command "play".
//
// Hides: how the rehearsal's clock is moved. All services of a rehearsal read one file with an offset in seconds; it
// is written whole (a rename), and the move is over when every service says that it has the new time.
// Invariants: the clock only goes forward. The run's progress lies in a file beside the data it belongs to, so that
// data and story come and go together.
#include "services/ctl/live_stage.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "services/ctl/failure.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {
namespace {

// Short, because these pauses set the pace of a story; long enough not to burden a service that is asked again.
constexpr absl::Duration kPause = absl::Milliseconds(20);
constexpr int kPageSize = 500;

absl::Status WriteWhole(const std::string& path, const std::string& content) {
  const std::string temporary = absl::StrCat(path, ".new");
  std::ofstream file(temporary, std::ios::trunc);
  file << content;
  file.close();
  std::error_code failed;
  if (file) std::filesystem::rename(temporary, path, failed);
  if (!file || failed) return absl::FailedPreconditionError(absl::StrCat("Cannot write ", path, "."));
  return absl::OkStatus();
}

Identity Operator() {
  Identity identity;
  identity.roles = {"OPERATOR"};
  return identity;
}

absl::StatusOr<Json> LetOf(const Arguments& arguments) {
  Json let = Json::object();
  for (const std::string& pair : arguments.All("--let")) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (parts.first.empty() || pair.find('=') == std::string::npos) return Usage("--let wants NAME=VALUE.");
    let[parts.first] = parts.second;
  }
  return let;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LiveStage>> LiveStage::Open(const Settings& settings, const std::string& journal) {
  std::unique_ptr<LiveStage> stage(new LiveStage(settings));
  if (!settings.clock_file.empty()) {
    int64_t seconds = 0;
    // No file yet means that the clock was never moved.
    const std::optional<std::string> text = ReadFile(settings.clock_file);
    if (text && absl::SimpleAtoi(*text, &seconds)) stage->offset_ = absl::Seconds(seconds);
  }
  if (journal.empty()) return stage;
  const absl::Time deadline = absl::Now() + kJournalWait;
  for (;;) {
    absl::StatusOr<std::unique_ptr<JournalReader>> reader = JournalReader::Open(journal);
    if (reader.ok()) {
      stage->journal_ = *std::move(reader);
      return stage;
    }
    if (absl::Now() >= deadline) return Usage(reader.status().message());
    stage->Pause();
  }
}

absl::StatusOr<Json> LiveStage::Call(const std::string& method, Json& request, const Identity& identity,
                                     const std::string& request_id) {
  ASSIGN(const Caller::Method found, caller_.Find(method));
  if (found.TakesRequestId() && Text(request, "request_id").empty()) request["request_id"] = request_id;
  return caller_.Call(method, request, identity);
}

absl::StatusOr<std::vector<JournalEntry>> LiveStage::EventsAfter(int64_t place) {
  return journal_->After(place, kPageSize);
}

absl::Time LiveStage::Now() { return absl::Now() + offset_; }

absl::Status LiveStage::MoveClock(absl::Time to) {
  if (settings_.clock_file.empty()) {
    return absl::FailedPreconditionError(
        "this step moves the clock, and only a rehearsal has one that can be moved (--clock-file)");
  }
  const absl::Duration offset = absl::Ceil(to - absl::Now(), absl::Seconds(1));
  if (offset > offset_) {
    TRY(WriteWhole(settings_.clock_file, absl::StrCat(absl::ToInt64Seconds(offset), "\n")));
    offset_ = offset;
  }
  const absl::Time deadline = absl::Now() + kClockWait;
  for (const auto& [service, address] : settings_.services) {
    for (;;) {
      Json request = Json::object();
      ASSIGN(const Json status, caller_.Call(absl::StrCat(service, ".GetStatus"), request, Operator()));
      absl::Time time;
      std::string error;
      if (absl::ParseTime(absl::RFC3339_full, Text(status, "service_time"), &time, &error) && time >= to) break;
      if (absl::Now() >= deadline) {
        return absl::DeadlineExceededError(absl::StrCat(service, " did not take the moved clock over"));
      }
      Pause();
    }
  }
  return absl::OkStatus();
}

void LiveStage::Pause() { absl::SleepFor(kPause); }

absl::StatusOr<std::vector<JournalEntry>> LiveStage::NextOf(const std::string& stream, int64_t place) {
  const absl::Time deadline = absl::Now() + kJournalWait;
  for (;;) {
    ASSIGN(std::vector<JournalEntry> next, journal_->After(place, 1, stream));
    if (!next.empty() || absl::Now() >= deadline) return next;
    Pause();
  }
}

absl::StatusOr<int> LiveStage::CompareWithLog(const std::string& service) {
  Identity reader;
  reader.roles = {"SERVICE"};
  std::string after;
  const std::string stream = StreamKey(settings_.municipality, service);
  int64_t place = 0;
  int count = 0;
  bool surplus = false;  // the journal went on where the log ended
  for (;;) {
    Json request = {{"page_size", kPageSize}};
    if (!after.empty()) request["after"] = after;
    ASSIGN(const Json page, caller_.Call(absl::StrCat(service, ".EventService.List"), request, reader));
    const Json log = page.value("events", Json::array());
    for (const Json& entry : log) {
      ASSIGN(const std::vector<JournalEntry> next, NextOf(stream, place));
      if (next.empty() || Text(next.front().event, "id") != Text(entry, "id")) {
        return absl::DataLossError(absl::StrCat("The subscriber's journal differs from the log of ", service, " at ",
                                                Text(entry, "cursor"), "."));
      }
      place = next.front().place;
      ++count;
    }
    if (!log.empty()) {
      surplus = false;
      after = Text(page, "as_of");
      continue;
    }
    ASSIGN(const std::vector<JournalEntry> more, journal_->After(place, 1, stream));
    if (more.empty()) return count;
    // The log may have grown since the last page; the next one has whatever the journal may have.
    if (surplus) {
      return absl::DataLossError(absl::StrCat("The subscriber's journal has an event that the log of ", service,
                                              " has not: ", Text(more.front().event, "cursor"), "."));
    }
    surplus = true;
  }
}

absl::StatusOr<int> PlayCommand(const Arguments& arguments, const Settings& given) {
  const std::string file = arguments.At(0);
  const std::optional<std::string> text = ReadFile(file);
  if (!text) return Usage(absl::StrCat("Cannot read ", file, "."));
  const absl::StatusOr<Story> story = ParseStory(*text);
  if (!story.ok()) return Usage(absl::StrCat(file, ": ", story.status().message()));
  Settings settings = given;
  settings.quiet = true;
  ASSIGN(const auto stage, LiveStage::Open(settings, arguments.Get("--journal")));
  Play::Options options;
  options.seed = arguments.Get("--seed", NewId(absl::Now()));
  options.colour = settings.colour;
  options.brief = arguments.Has("--brief");
  ASSIGN(options.let, LetOf(arguments));
  options.zone = settings.zone;
  if (const std::string path = arguments.Get("--progress"); !path.empty()) {
    if (const std::optional<std::string> saved = ReadFile(path)) {
      const std::optional<Json> progress = ParseJson(*saved);
      if (!progress || !progress->is_object() || Text(*progress, "story") != story->name) {
        return Usage(absl::StrCat(path, " is not the progress of the story \"", story->name, "\"."));
      }
      options.progress = *progress;
      options.seed = Text(*progress, "seed");
    }
    options.save = [path](const Json& progress) { return WriteWhole(path, progress.dump() + "\n"); };
  }
  if (arguments.Has("--journal") == false) std::cerr << "Events are not checked (no --journal)." << std::endl;
  Play play(*story, *stage, options, std::cout);
  TRY(play.Run());
  if (stage->HasEvents() && play.steps_played() > 0) {
    for (const auto& [service, address] : settings.services) {
      ASSIGN(const int count, stage->CompareWithLog(service));
      std::cout << "\nThe subscriber has all " << count << " events of " << service << ", each once and in order.\n";
    }
  }
  return kDone;
}

}  // namespace mestring::ctl
