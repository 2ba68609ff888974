#include "common/base/log.h"

// One JSON object per line on standard error.
//
// Lines are built in memory and written by one write(2), so those of several threads never mix (POSIX keeps a write to
// a pipe whole up to PIPE_BUF, and to a file in append mode always). It needs no lock, and no thread that could lose
// the last lines at a crash. A longer value is cut, so that a line always is one JSON object.

#include <time.h>
#include <unistd.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace mestring {
namespace {

// PIPE_BUF on Linux; a line is shorter by the end of the object.
constexpr size_t kWriteMax = 4096;
constexpr size_t kLineMax = kWriteMax - 64;
// One value: the text of a library's error, which may be long.
constexpr size_t kValueMax = 1024;

void AppendQuoted(std::string_view text, std::string* out) {
  const bool cut = text.size() > kValueMax;
  if (cut) text = text.substr(0, kValueMax);
  out->push_back('"');
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = text[i];
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c < 0x20 || c >= 0x7F) {
      // Beyond ASCII as a question mark: what we write is ASCII, and what a library writes may be
      // cut inside a character or not be UTF-8 at all.
      absl::StrAppend(out, c < 0x20 ? " " : "?");
    } else {
      out->push_back(c);
    }
  }
  if (cut) out->append("...");
  out->push_back('"');
}

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "INFO";
    case Severity::kWarning:
      return "WARNING";
    default:
      return "ERROR";
  }
}

void AppendValue(const LogField& field, std::string* out) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    AppendQuoted(*text, out);
  } else if (const auto* whole = std::get_if<int64_t>(&field.value)) {
    absl::StrAppend(out, *whole);
  } else {
    const double number = std::get<double>(field.value);
    // JSON knows neither NaN nor infinity.
    absl::StrAppend(out, std::isfinite(number) ? absl::StrFormat("%.3f", number) : "null");
  }
}

// The time as RFC 3339 in UTC. Not absl::FormatTime: this runs for every RPC, and the seconds change
// seldom.
void AppendTime(std::string* out) {
  thread_local time_t known_second = -1;
  thread_local char text[sizeof "2026-11-23T08:00:00"];
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != known_second) {
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    known_second = now.tv_sec;
  }
  const int millis = static_cast<int>(now.tv_nsec / 1000000);
  const char digits[] = {'.',
                         static_cast<char>('0' + millis / 100),
                         static_cast<char>('0' + millis / 10 % 10),
                         static_cast<char>('0' + millis % 10),
                         'Z',
                         '\0'};
  absl::StrAppend(out, text, digits);
}

void Write(std::string_view lines) {
  // A log that cannot be written (a closed pipe) must not stop the service.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, lines.data(), lines.size());
}

// The lines of this thread that wait, as long as a LogBatch lives on it.
thread_local bool batching = false;
thread_local std::string waiting;

void WriteWaiting() {
  if (!waiting.empty()) Write(waiting);
  waiting.clear();
}

}  // namespace

LogBatch::LogBatch() { batching = true; }
LogBatch::~LogBatch() {
  Flush();
  batching = false;
}
void LogBatch::Flush() { WriteWaiting(); }

void Log(Severity severity, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line;
  line.reserve(512);
  line.append("{\"time\":\"");
  AppendTime(&line);
  absl::StrAppend(&line, "\",\"severity\":\"", NameOf(severity), "\",\"event\":");
  AppendQuoted(event, &line);
  for (const LogField& field : fields) {
    const size_t before = line.size();
    line.push_back(',');
    AppendQuoted(field.name, &line);
    line.push_back(':');
    AppendValue(field, &line);
    if (line.size() > kLineMax) {
      line.resize(before);
      line.append(",\"cut\":\"the line is too long\"");
      break;
    }
  }
  line.append("}\n");
  if (!batching) return Write(line);
  if (waiting.size() + line.size() > kWriteMax) WriteWaiting();
  waiting.append(line);
}

}  // namespace mestring
