// Other programs that a test starts: always a fresh program (never a bare fork: a child that shares an
// open SQLite file destroys its locks), always ended by the test, even if the test dies.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace mestring {

// A folder of its own below TMPDIR (/tmp), removed with its content at the end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A port of 127.0.0.1 that nobody uses at the moment.
int FreePort();
// What an HTTP port of 127.0.0.1 answers to a GET, head and all; empty if nothing listens there.
std::string HttpGet(int port, const std::string& path);

// One running program. Not thread-safe; start it from a thread that outlives it (the kernel ends it
// with the thread that started it).
class Process {
 public:
  Process() = default;
  ~Process() { Kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Starts `arguments` (the first is the program) with `environment` ("NAME=value") added to ours. Its
  // output goes to `log`, or, if that is empty, its standard output can be read by ReadLine and its
  // standard error is ours. False if it could not be started.
  bool Start(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {},
             const std::string& log = "");

  // The next line of its standard output, without the line's end; false at the end of the output.
  bool ReadLine(std::string* line);
  // The descriptor behind ReadLine, for poll().
  int output() const { return output_; }

  void Signal(int signal);
  // SIGKILL, then Wait. Whether it ran until then and that ended it.
  bool Kill();
  // SIGTERM, and SIGKILL when it has not ended within 20 s. The wait status.
  int Stop();
  // Waits for its end; the wait status as of waitpid.
  int Wait();
  // True as long as it has not ended; does not wait.
  bool Running();
  // It got a SIGSTOP, and no SIGCONT since.
  bool Stopped() const;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  int output_ = -1;
  std::string buffer_;
};

}  // namespace mestring
