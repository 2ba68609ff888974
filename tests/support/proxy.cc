// One thread that polls all sockets every few milliseconds. While the wire is cut it reads nothing, so
// that the senders' windows fill and their timeouts must fire; connections are still accepted by the
// kernel, which is the half-open case.
#include "tests/support/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mestring {
namespace {

constexpr int kTickMs = 5;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

int Listen() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(0);
  bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  listen(listener, 64);
  return listener;
}

int PortOf(int socket_fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

Proxy::Proxy(int target_port)
    : listener_(Listen()), port_(PortOf(listener_)), target_(target_port), thread_([this] { Run(); }) {}

Proxy::~Proxy() {
  stopping_ = true;
  thread_.join();
  close(listener_);
}

void Proxy::SetTarget(int port) {
  target_ = port;
  Reset();
}

void Proxy::Run() {
  while (!stopping_) {
    if (reset_.exchange(false)) {
      for (const Pipe& pipe : pipes_) {
        close(pipe.near);
        close(pipe.far);
        ++broken_;
      }
      pipes_.clear();
    }
    std::vector<pollfd> sockets = {{listener_, POLLIN, 0}};
    for (const Pipe& pipe : pipes_) {
      sockets.push_back({pipe.near, POLLIN, 0});
      sockets.push_back({pipe.far, POLLIN, 0});
    }
    if (cut_) {
      if (poll(sockets.data(), sockets.size(), 0) > 0) {
        for (size_t i = 1; i < sockets.size(); ++i) holds_ = holds_ || sockets[i].revents != 0;
      }
      poll(nullptr, 0, kTickMs);
      continue;
    }
    if (poll(sockets.data(), sockets.size(), kTickMs) <= 0) continue;
    std::vector<Pipe> open;
    for (size_t i = 0; i < pipes_.size(); ++i) {
      const Pipe& pipe = pipes_[i];
      const bool there = sockets[2 * i + 1].revents == 0 || Pass(pipe.near, pipe.far);
      const bool back = sockets[2 * i + 2].revents == 0 || Pass(pipe.far, pipe.near);
      if (there && back) {
        open.push_back(pipe);
      } else {
        close(pipe.near);
        close(pipe.far);
      }
    }
    pipes_ = std::move(open);
    if (sockets[0].revents != 0) Accept();
  }
  for (const Pipe& pipe : pipes_) {
    close(pipe.near);
    close(pipe.far);
  }
}

void Proxy::Accept() {
  Pipe pipe;
  pipe.near = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (pipe.near < 0) return;
  pipe.far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(target_);
  if (connect(pipe.far, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(pipe.near);
    close(pipe.far);
    return;
  }
  pipes_.push_back(pipe);
}

// False at the end of the connection.
bool Proxy::Pass(int from, int to) {
  char bytes[65536];
  const ssize_t size = recv(from, bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  for (ssize_t sent = 0; sent < size;) {
    const ssize_t part = send(to, bytes + sent, static_cast<size_t>(size - sent), MSG_NOSIGNAL);
    if (part <= 0) return false;
    sent += part;
  }
  return true;
}

}  // namespace mestring
