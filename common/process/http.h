// The HTTP port for people and Prometheus: a few pages that only read.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace mestring {

class HttpServer {
 public:
  struct Page {
    int code = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
  };

  // Answers GET of each path ("/metrics") with its function, which the server calls on its own threads.
  // FAILED_PRECONDITION, with a sentence for the operator, if the address is not available.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                           std::map<std::string, std::function<Page()>> pages);
  ~HttpServer();
  int port() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mestring
