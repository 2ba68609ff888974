#include "common/process/http.h"

// civetweb, limited to what we need: GET of a few paths, no files, no scripts, two threads, short timeouts. The port is
// for the inside of a cluster or for loopback, without TLS, and shows only counts and states. The library reports
// errors by exceptions and to its own log; this file handles both.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "CivetServer.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace mestring {
namespace {

// Scrapes and people come one at a time; a third connection waits.
constexpr char kThreads[] = "2";
constexpr char kRequestTimeoutMs[] = "5000";

class PageHandler : public CivetHandler {
 public:
  explicit PageHandler(std::function<HttpServer::Page()> page) : page_(std::move(page)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override {
    const HttpServer::Page page = page_();
    const std::string head =
        absl::StrCat("HTTP/1.1 ", page.code, page.code == 200 ? " OK" : " Service Unavailable",
                     "\r\nContent-Type: ", page.type, "\r\nContent-Length: ", page.body.size(),
                     "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff", "\r\nConnection: close\r\n\r\n");
    mg_write(connection, head.data(), head.size());
    mg_write(connection, page.body.data(), page.body.size());
    return true;
  }

 private:
  const std::function<HttpServer::Page()> page_;
};

void Knock(int port) {
  const int knock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (knock < 0) return;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)connect(knock, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  close(knock);
}

}  // namespace

struct HttpServer::Impl {
  std::vector<std::unique_ptr<PageHandler>> handlers;
  std::unique_ptr<CivetServer> server;  // Goes first: its threads use the handlers.
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// The library's listening thread checks every two seconds, or when somebody connects, whether it should stop: so we
// connect.
HttpServer::~HttpServer() {
  const int own_port = port();
  std::atomic<bool> closed{false};
  std::thread closing([&] {
    impl_->server->close();
    closed = true;
  });
  while (!closed) {
    Knock(own_port);
    absl::SleepFor(absl::Milliseconds(5));
  }
  closing.join();
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                              std::map<std::string, std::function<Page()>> pages) {
  auto impl = std::make_unique<Impl>();
  CivetCallbacks callbacks;
  // The library's own messages are about clients that went away.
  callbacks.log_message = [](const mg_connection*, const char*) { return 1; };
  const std::vector<std::string> options = {
      "listening_ports",          address, "num_threads", kThreads, "request_timeout_ms", kRequestTimeoutMs,
      "enable_directory_listing", "no"};
  try {
    impl->server = std::make_unique<CivetServer>(options, &callbacks);
  } catch (const CivetException&) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", address, " for HTTP (MESTRING_METRICS_LISTEN): is something else using it?"));
  }
  for (auto& [path, page] : pages) {
    impl->handlers.push_back(std::make_unique<PageHandler>(std::move(page)));
    impl->server->addHandler(path + "$", impl->handlers.back().get());
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

int HttpServer::port() const {
  const std::vector<int> ports = impl_->server->getListeningPorts();
  return ports.empty() ? 0 : ports[0];
}

}  // namespace mestring
