// Programs are started with posix_spawn through setpriv(1), which asks the kernel to kill them when
// their parent dies and then becomes the program itself, under the same process id. So a test that
// crashes or is killed leaves nothing behind, and nobody ever has to search for processes by name.
#include "tests/support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/support/wait.h"

extern char** environ;

namespace mestring {

TempFolder::TempFolder() {
  const char* below = getenv("TMPDIR");
  std::string name = std::string(below != nullptr && *below != '\0' ? below : "/tmp") + "/mestring-test-XXXXXX";
  if (mkdtemp(name.data()) != nullptr) path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

int FreePort() {
  // Below the ports that the system gives to connections (32768 and up): one of those may be taken by a client of
  // another test before the server that it is meant for listens.
  constexpr int kFirst = 10'000, kLast = 32'000;
  static std::minstd_rand random(std::random_device{}());
  for (;;) {
    const int port = std::uniform_int_distribution<int>(kFirst, kLast)(random);
    const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free = bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(socket_fd);
    if (is_free) return port;
  }
}

std::string HttpGet(int port, const std::string& path) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    if (write(connection, request.data(), request.size()) != static_cast<ssize_t>(request.size())) request.clear();
    char buffer[4096];
    for (ssize_t got; (got = read(connection, buffer, sizeof buffer)) > 0;) answer.append(buffer, got);
  }
  close(connection);
  return answer;
}

bool Process::Start(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                    const std::string& log) {
  Kill();
  std::vector<std::string> command = {"setpriv", "--pdeathsig", "KILL", "--"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv, env;
  for (std::string& argument : command) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // getenv takes the first of two, so ours come first.
  std::vector<std::string> added = environment;
  for (std::string& variable : added) env.push_back(variable.data());
  for (char** variable = environ; *variable != nullptr; ++variable) env.push_back(*variable);
  env.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  int ends[2] = {-1, -1};
  if (!log.empty()) {
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
  } else if (pipe2(ends, O_CLOEXEC) == 0) {
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  }
  const int error = posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  if (ends[1] >= 0) close(ends[1]);
  output_ = ends[0];
  buffer_.clear();
  if (error != 0) pid_ = -1;
  return error == 0;
}

bool Process::ReadLine(std::string* line) {
  while (true) {
    if (const size_t end = buffer_.find('\n'); end != buffer_.npos) {
      *line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return true;
    }
    char bytes[4096];
    const ssize_t size = read(output_, bytes, sizeof bytes);
    if (size <= 0) return false;
    buffer_.append(bytes, size);
  }
}

void Process::Signal(int signal) {
  if (pid_ > 0) kill(pid_, signal);
}

int Process::Wait() {
  if (pid_ > 0) waitpid(pid_, &status_, 0);
  pid_ = -1;
  if (output_ >= 0) close(output_);
  output_ = -1;
  return status_;
}

bool Process::Running() {
  if (pid_ <= 0) return false;
  siginfo_t info{};
  return waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

bool Process::Stopped() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  const std::string stat((std::istreambuf_iterator<char>(file)), {});
  const size_t name_end = stat.rfind(')');
  return name_end != stat.npos && stat.substr(name_end + 1, 2) == " T";
}

bool Process::Kill() {
  const bool ran = Running();
  Signal(SIGKILL);
  const int status = Wait();
  return ran && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

int Process::Stop() {
  Signal(SIGTERM);
  if (!WaitUntil([this] { return !Running(); }, 20)) Signal(SIGKILL);
  return Wait();
}

}  // namespace mestring
