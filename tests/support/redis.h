// A private Redis: its own folder and loopback port, append-only file with fsync every second, noeviction.
// What a test does to it is what can happen to a real one; that it has happened is checked here.
#pragma once

#include <signal.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/events/stream.h"
#include "tests/support/process.h"

namespace mestring {

// The users of the bus as the local run makes them (deploy/local/redis-users): one for each service, "subscriber" and
// "groups". Throws if they cannot be made, which fails the test.
class BusUsers {
 public:
  explicit BusUsers(const std::vector<std::string>& services);
  // The line of Redis's configuration that makes them its users.
  std::string setting() const;
  // "user:password", as an address of Redis holds it.
  static std::string LoginOf(std::string_view user);

 private:
  TempFolder folder_;
};

class RedisServer {
 public:
  // Starts it; `settings` are further lines of its configuration ("maxmemory 4mb"). With users of its own it is
  // `login` ("user:password") as whom url() and Do speak to it. Throws if it does not come up, which fails the test.
  explicit RedisServer(std::vector<std::string> settings = {}, std::string login = "");
  ~RedisServer();

  int port() const { return port_; }
  std::string url() const { return UrlOf(login_); }
  std::string UrlOf(std::string_view login) const;
  // With timeouts that suit a test.
  RedisOptions options() const { return OptionsFor(url()); }
  static RedisOptions OptionsFor(std::string url);

  // kill -9: what Redis had written to the kernel stays.
  void Kill();
  // SIGTERM, as an operator stops it.
  void Stop();
  // Starts it again after either, with what is in its folder. Returns when it answers and has loaded.
  void Start();
  void Restart() {
    Kill();
    Start();
  }
  // SIGSTOP and SIGCONT.
  void Pause();
  void Continue() { process_.Signal(SIGCONT); }

  // Its files, as they are now, to come back to by RestartFromCopy.
  void SaveCopy();
  void RestartFromCopy();
  // kill -9 and a power loss: the last `bytes` of the append-only file are gone. Starts it again.
  void RestartWithoutTail(size_t bytes);

  // Sends one command and returns the answer as text (elements of an array each on a line; "(error) …").
  // Throws if there is no answer.
  std::string Do(const std::vector<std::string>& command) { return DoAs(login_, command); }
  std::string DoAs(std::string_view login, const std::vector<std::string>& command);
  // Takes away all that it holds, once that is something.
  void FlushAll();
  // A number of INFO: "number_of_cached_scripts". Throws if it has none.
  int64_t Info(const std::string& field);

 private:
  const std::vector<std::string> settings_;
  const std::string login_;
  TempFolder folder_;
  int port_ = 0;
  Process process_;
};

}  // namespace mestring
