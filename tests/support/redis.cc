// The server is ours alone, so it is also ours to kill, stop and rob of its files; its process id is
// known from its start. "Do" opens a connection for each command: a test's own commands must not
// share the fate of a connection that it has just broken.
#include "tests/support/redis.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

namespace files = std::filesystem;

std::string TextOf(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_ERROR:
      return absl::StrCat("(error) ", std::string(reply.str, reply.len));
    case REDIS_REPLY_INTEGER:
      return absl::StrCat(reply.integer);
    case REDIS_REPLY_ARRAY: {
      std::string text;
      for (size_t i = 0; i < reply.elements; ++i) absl::StrAppend(&text, i > 0 ? "\n" : "", TextOf(*reply.element[i]));
      return text;
    }
    case REDIS_REPLY_NIL:
      return "(nil)";
    default:
      return std::string(reply.str, reply.len);
  }
}

[[noreturn]] void Die(const std::string& why) {
  std::cerr << "the test's Redis: " << why << std::endl;
  abort();
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> settings) : settings_(std::move(settings)), port_(FreePort()) {
  Start();
}

RedisServer::~RedisServer() {
  Continue();
  Kill();
}

std::string RedisServer::url() const { return absl::StrCat("redis://127.0.0.1:", port_); }

RedisOptions RedisServer::OptionsFor(std::string url) {
  RedisOptions options;
  options.url = std::move(url);
  options.connect_timeout = absl::Milliseconds(500);
  options.command_timeout = absl::Seconds(3);
  return options;
}

void RedisServer::Kill() { process_.Kill(); }

void RedisServer::Start() {
  const std::string conf = absl::StrCat(folder_.path(), "/redis.conf"), log = absl::StrCat(folder_.path(), "/log");
  std::ofstream file(conf);
  file << "bind 127.0.0.1\nport " << port_ << "\ndir " << folder_.path()
       << "\nsave \"\"\nappendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\n";
  for (const std::string& setting : settings_) file << setting << "\n";
  file.close();
  if (!process_.Start({"redis-server", conf}, {}, log)) Die("redis-server cannot be started");
  const bool up = WaitUntil([this] {
    if (!process_.Running()) return true;
    redisContext* context = redisConnect("127.0.0.1", port_);
    bool answers = false;
    if (context != nullptr && context->err == 0) {
      if (auto* reply = static_cast<redisReply*>(redisCommand(context, "PING")); reply != nullptr) {
        answers = !absl::StartsWith(TextOf(*reply), "(error) LOADING");
        freeReplyObject(reply);
      }
    }
    if (context != nullptr) redisFree(context);
    return answers;
  });
  if (!up || !process_.Running()) Die(absl::StrCat("it does not come up on port ", port_, ", see ", log));
}

void RedisServer::SaveCopy() {
  files::remove_all(absl::StrCat(folder_.path(), "/copy"));
  files::copy(absl::StrCat(folder_.path(), "/appendonlydir"), absl::StrCat(folder_.path(), "/copy"));
}

void RedisServer::RestartFromCopy() {
  Kill();
  const std::string live = absl::StrCat(folder_.path(), "/appendonlydir");
  files::remove_all(live);
  files::copy(absl::StrCat(folder_.path(), "/copy"), live);
  Start();
}

void RedisServer::RestartWithoutTail(size_t bytes) {
  Kill();
  for (const files::directory_entry& entry :
       files::directory_iterator(absl::StrCat(folder_.path(), "/appendonlydir"))) {
    if (!absl::StrContains(entry.path().filename().string(), ".incr.")) continue;
    const size_t size = entry.file_size();
    files::resize_file(entry.path(), size - std::min(size, bytes));
  }
  Start();
}

std::string RedisServer::Do(const std::vector<std::string>& command) {
  redisContext* context = redisConnectWithTimeout("127.0.0.1", port_, {5, 0});
  if (context == nullptr || context->err != 0) Die("no connection");
  redisSetTimeout(context, {20, 0});
  std::vector<const char*> arguments;
  std::vector<size_t> lengths;
  for (const std::string& argument : command) {
    arguments.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  auto* reply = static_cast<redisReply*>(redisCommandArgv(context, arguments.size(), arguments.data(), lengths.data()));
  if (reply == nullptr) Die(absl::StrCat("no answer to ", command[0]));
  std::string text = TextOf(*reply);
  freeReplyObject(reply);
  redisFree(context);
  return text;
}

}  // namespace mestring
