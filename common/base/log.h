// One JSON object per line on standard error. Never a payload, a name or a token: fields are codes,
// ids of resources, counts, durations, and the keyed hash of a caller.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace mestring {

enum class Severity { kInfo, kWarning, kError };

struct LogField {
  std::string_view name;
  std::variant<std::string_view, int64_t, double> value;
};

// Thread-safe; a line is written whole. `event` is a stable name such as "rpc" or "relay.orphans_removed".
void Log(Severity severity, std::string_view event, std::initializer_list<LogField> fields);

// While it lives, the lines of this thread wait, and are written together: a write costs more than the line. One at a
// time on a thread.
class LogBatch {
 public:
  LogBatch();
  // Writes what waits.
  ~LogBatch();
  LogBatch(const LogBatch&) = delete;
  void Flush();
};

}  // namespace mestring
