// The server is ours alone, so it is also ours to kill, stop and rob of its files; its process id is
// known from its start. "Do" opens a connection for each command: a test's own commands must not
// share the fate of a connection that it has just broken.
#include "tests/support/redis.h"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/golden.h"
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

[[noreturn]] void Die(const std::string& why) { throw std::runtime_error("the test's Redis: " + why); }

// Bytes of the files in a folder.
size_t SizeOf(const std::string& folder) {
  size_t size = 0;
  for (const files::directory_entry& entry : files::directory_iterator(folder)) size += entry.file_size();
  return size;
}

// "user:password", cut.
std::pair<std::string, std::string> Split(std::string_view login) {
  return absl::StrSplit(login, absl::MaxSplits(':', 1));
}

// Nobody, if `login` is empty.
bool LogIn(redisContext& context, std::string_view login) {
  if (login.empty()) return true;
  const auto [user, password] = Split(login);
  auto* reply = static_cast<redisReply*>(redisCommand(&context, "AUTH %s %s", user.c_str(), password.c_str()));
  const bool done = reply != nullptr && reply->type != REDIS_REPLY_ERROR;
  freeReplyObject(reply);
  return done;
}

}  // namespace

BusUsers::BusUsers(const std::vector<std::string>& services) {
  std::vector<std::string> command = {SourcePath("deploy/local/redis-users"), "1108", folder_.path()};
  command.insert(command.end(), services.begin(), services.end());
  std::vector<std::string> users = services;
  users.insert(users.end(), {"subscriber", "groups"});
  for (const std::string& user : users) {
    std::ofstream(absl::StrCat(folder_.path(), "/redis-", user)) << Split(LoginOf(user)).second << "\n";
  }
  Process script;
  const std::string acl = absl::StrCat(folder_.path(), "/users.acl");
  if (!script.Start(command, {}, acl) || script.Wait() != 0) Die(absl::StrCat("redis-users failed, see ", acl));
}

std::string BusUsers::setting() const { return absl::StrCat("aclfile ", folder_.path(), "/users.acl"); }

std::string BusUsers::LoginOf(std::string_view user) { return absl::StrCat(user, ":password-of-", user); }

RedisServer::RedisServer(std::vector<std::string> settings, std::string login)
    : settings_(std::move(settings)), login_(std::move(login)), port_(FreePort()) {
  Start();
}

RedisServer::~RedisServer() {
  Continue();
  process_.Kill();
}

std::string RedisServer::UrlOf(std::string_view login) const {
  return absl::StrCat("redis://", login, login.empty() ? "" : "@", "127.0.0.1:", port_);
}

RedisOptions RedisServer::OptionsFor(std::string url) {
  RedisOptions options;
  options.url = std::move(url);
  options.connect_timeout = absl::Milliseconds(500);
  options.command_timeout = absl::Seconds(3);
  return options;
}

void RedisServer::Kill() { EXPECT_TRUE(process_.Kill()) << "there was no Redis to kill"; }

void RedisServer::Stop() { EXPECT_EQ(process_.Stop(), 0); }

void RedisServer::Pause() {
  process_.Signal(SIGSTOP);
  EXPECT_TRUE(WaitUntil([this] { return process_.Stopped(); }));
}

void RedisServer::FlushAll() {
  EXPECT_TRUE(WaitUntil([this] { return Do({"DBSIZE"}) != "0"; })) << "there is nothing to lose";
  EXPECT_EQ(Do({"FLUSHALL"}), "OK");
}

int64_t RedisServer::Info(const std::string& field) {
  const std::string all = Do({"INFO", "everything"});
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(all, "\r\n"))) {
    const std::pair<std::string, std::string> known = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (int64_t number = 0; known.first == field && absl::SimpleAtoi(known.second, &number)) return number;
  }
  Die(absl::StrCat("INFO has no number ", field));
}

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
    if (context != nullptr && context->err == 0 && LogIn(*context, login_)) {
      if (auto* reply = static_cast<redisReply*>(redisCommand(context, "PING")); reply != nullptr) {
        answers = !absl::StartsWith(TextOf(*reply), "(error)");
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
  const std::string live = absl::StrCat(folder_.path(), "/appendonlydir"), copy = absl::StrCat(folder_.path(), "/copy");
  EXPECT_LT(SizeOf(copy), SizeOf(live)) << "the copy lacks nothing";
  files::remove_all(live);
  files::copy(copy, live);
  Start();
}

void RedisServer::RestartWithoutTail(size_t bytes) {
  Kill();
  size_t lost = 0;
  for (const files::directory_entry& entry :
       files::directory_iterator(absl::StrCat(folder_.path(), "/appendonlydir"))) {
    if (!absl::StrContains(entry.path().filename().string(), ".incr.")) continue;
    const size_t size = entry.file_size();
    files::resize_file(entry.path(), size - std::min(size, bytes));
    lost += std::min(size, bytes);
  }
  EXPECT_GT(lost, 0u);
  Start();
}

std::string RedisServer::DoAs(std::string_view login, const std::vector<std::string>& command) {
  redisContext* context = redisConnectWithTimeout("127.0.0.1", port_, {5, 0});
  if (context == nullptr || context->err != 0) Die("no connection");
  redisSetTimeout(context, {20, 0});
  if (!LogIn(*context, login)) Die(absl::StrCat("it refuses ", login));
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
