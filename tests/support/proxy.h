// A wire that can be cut: a TCP proxy on loopback between one port of its own and another.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace mestring {

class Proxy {
 public:
  explicit Proxy(int target_port);
  ~Proxy();

  int port() const { return port_; }
  // From the next connection on, to this port; those that are open are closed.
  void SetTarget(int port);
  // Nothing passes any more, in either direction, and nobody is told: a cable is out.
  void Cut() {
    holds_ = false;
    cut_ = true;
  }
  void Mend() { cut_ = false; }
  // Since it was cut, something that was sent, or the answer to it, has not passed: somebody waits.
  bool holds() const { return holds_; }
  // Closes all connections, as a router that restarts.
  void Reset() { reset_ = true; }
  // How many it has closed so.
  int broken() const { return broken_; }

 private:
  struct Pipe {
    int near = -1, far = -1;
  };
  void Run();
  void Accept();
  static bool Pass(int from, int to);

  const int listener_, port_;
  std::atomic<int> target_;
  std::atomic<int> broken_{0};
  std::atomic<bool> cut_{false}, holds_{false}, reset_{false}, stopping_{false};
  std::vector<Pipe> pipes_;
  std::thread thread_;
};

}  // namespace mestring
