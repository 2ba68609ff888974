#include "common/process/run_service.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "google/protobuf/stubs/logging.h"

extern char** environ;

namespace mestring {

int RunService(int argc, char** argv, const ServiceDefinition& definition) {
  const std::string program = absl::StrCat("mestring-", definition.name);
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "--help=markdown") {
      const std::string help = Config::Help(definition.name, definition.ports, argument == "--help=markdown");
      fputs(help.c_str(), stdout);
      return 0;
    }
    fprintf(stderr, "%s: %s is not an option; see --help\n", program.c_str(), argv[i]);
    return 2;
  }
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  absl::StatusOr<Config> config = Config::FromEnvironment(definition.name, definition.ports, environment);
  if (!config.ok()) {
    fprintf(stderr, "%s: %s\n", program.c_str(), std::string(config.status().message()).c_str());
    return 2;
  }

  // Block the signals before the first thread starts, so that only sigwait below gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // Warnings of protobuf about the bytes of callers (the name of a field, no value) go to our log.
  google::protobuf::SetLogHandler([](google::protobuf::LogLevel, const char*, int, const std::string& text) {
    Log(Severity::kWarning, "protobuf", {{"error", text}});
  });

  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(definition, *std::move(config));
  if (!server.ok()) {
    fprintf(stderr, "%s: %s\n", program.c_str(), std::string(server.status().message()).c_str());
    return 1;
  }
  Log(Severity::kInfo, "service.started",
      {{"service", definition.name},
       {"port", int64_t{(*server)->port()}},
       {"metrics_port", int64_t{(*server)->metrics_port()}},
       {"health_port", int64_t{(*server)->health_port()}}});
  int received = 0;
  sigwait(&signals, &received);
  // A second signal ends the process at once; everything that was answered is stored.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  Log(Severity::kInfo, "service.stopping", {{"signal", int64_t{received}}});
  (*server)->Stop();
  Log(Severity::kInfo, "service.stopped", {{"service", definition.name}});
  return 0;
}

}  // namespace mestring
