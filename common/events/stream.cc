// Everything about Redis is here: the connection, the append script, the form of an entry, and which answers of Redis
// mean "try again later".
//
// The append script keeps the invariant: it adds entries only after the ID that the caller believes to be the last, and
// adds a batch whole or not at all. XADD with explicit IDs alone does not suffice: a stream that was just flushed
// accepts any ID, and the entries before it can then never be added. "Read, then add" in two commands, or MULTI, does
// not suffice either: the answer may be old when the command arrives.
//
// After any unexpected answer the connection is dropped. That costs a reconnect, and nobody has to know which part of a
// pipeline was read.
#include "common/events/stream.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/mutex.h"

namespace mestring {
namespace {

using events::v1::Event;

// KEYS[1] the stream. ARGV: expected last ID, reset 0/1, ID to set back to or '', number of orphans,
// their IDs, then per entry its ID, the number of its fields and values, and these.
// Returns the last ID; it is the expected one's successor only if all was done.
constexpr std::string_view kAppendScript = R"lua(
local K, last = KEYS[1], '0-0'
local function field(t, name) for k = 1, #t, 2 do if t[k] == name then return t[k + 1] end end end
local function beyond(x, y)
  local a, b = x:match('(%d+)-(%d+)')
  local c, d = y:match('(%d+)-(%d+)')
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  return a > c or (a == c and b > d)
end
local exists = redis.call('EXISTS', K) == 1
if exists then last = field(redis.call('XINFO', 'STREAM', K), 'last-generated-id') end
if last ~= ARGV[1] then return last end
if exists and ARGV[2] == '1' then redis.call('XTRIM', K, 'MAXLEN', 0) end
local p = 5
for k = 1, tonumber(ARGV[4]) do
  redis.call('XDEL', K, ARGV[p])
  p = p + 1
end
if exists and ARGV[3] ~= '' then
  last = ARGV[3]
  -- A full Redis refuses XSETID, but not in a script that has written something already. This deletes nothing.
  redis.call('XDEL', K, '0-0')
  redis.call('XSETID', K, last)
  for _, g in ipairs(redis.call('XINFO', 'GROUPS', K)) do
    if beyond(field(g, 'last-delivered-id'), last) then redis.call('XGROUP', 'SETID', K, field(g, 'name'), last) end
  end
end
while p <= #ARGV do
  local n = tonumber(ARGV[p + 1])
  last = ARGV[p]
  redis.call('XADD', K, last, unpack(ARGV, p + 2, p + 1 + n))
  p = p + 2 + n
end
return last
)lua";

constexpr std::string_view kSpecVersion = "1.0", kContentType = "application/protobuf";
// Names and values of one entry, in the order of CloudEvents' binary mode.
constexpr int kEntryFieldsMax = 22;
constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%E6SZ";
// A Timestamp holds the years 1 to 9999. abseil also parses other times, such as "infinite-future".
constexpr absl::Time kTimeMin = absl::FromUnixSeconds(-62'135'596'800),
                     kTimeEnd = absl::FromUnixSeconds(253'402'300'800);

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string_view Text(const redisReply& reply) {
  const bool text =
      reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS || reply.type == REDIS_REPLY_ERROR;
  return text ? std::string_view(reply.str, reply.len) : std::string_view();
}

absl::Span<redisReply* const> Elements(const redisReply& reply) {
  return reply.type == REDIS_REPLY_ARRAY ? absl::MakeConstSpan(reply.element, reply.elements)
                                         : absl::Span<redisReply* const>();
}

absl::Status Gone(std::string_view sentence) { return Unavailable("REDIS_UNAVAILABLE", sentence); }

// The meaning of a refusal for the operator. The text of Redis itself may repeat what we sent.
absl::Status Refusal(std::string_view error) {
  static constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
      {"READONLY", "this Redis is a replica (READONLY)"},
      {"LOADING", "Redis is still loading its data (LOADING)"},
      {"MISCONF", "Redis cannot write its file to disk (MISCONF)"},
      {"OOM", "Redis has reached its maxmemory (OOM)"},
      {"NOREPLICAS", "Redis has too few replicas (NOREPLICAS)"},
      {"NOSCRIPT", "Redis has forgotten our script (NOSCRIPT)"},
      {"MASTERDOWN", "this Redis has lost its master (MASTERDOWN)"},
      {"BUSY", "Redis is busy with a script (BUSY)"},
      {"UNBLOCKED", "the stream was deleted while we waited (UNBLOCKED)"},
      {"NOAUTH", "Redis wants a user and password (NOAUTH)"},
      {"WRONGPASS", "Redis refuses this user and password (WRONGPASS)"},
      {"NOPERM", "the ACL of this Redis user lacks a permission (NOPERM)"},
      {"WRONGTYPE", "another kind of value stands at the stream's key (WRONGTYPE)"},
      {"MOVED", "this is a Redis Cluster, which is not supported (MOVED)"},
      {"ASK", "this is a Redis Cluster, which is not supported (ASK)"},
      {"CLUSTERDOWN", "this is a Redis Cluster, which is not supported (CLUSTERDOWN)"}};
  const std::string_view code = error.substr(0, error.find(' '));
  for (const auto& [known, meaning] : kMeanings) {
    if (code == known) return Gone(meaning);
  }
  return Gone("Redis refuses: " + std::string(error.substr(0, std::min(error.find(", with args"), size_t{120}))));
}

// The text before and after the first `separator`.
std::pair<std::string_view, std::string_view> Cut(std::string_view text, char separator) {
  const size_t at = text.find(separator);
  if (at == text.npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

template <class Number>
bool ParseWhole(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

bool Consume(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// An ID is two uint64; ours fit an int64.
std::optional<Cursor> ParseId(std::string_view text) {
  const auto [first, second] = Cut(text, '-');
  uint64_t epoch = 0, position = 0;
  if (!ParseWhole(first, &epoch) || !ParseWhole(second, &position)) return std::nullopt;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  return Cursor{static_cast<int64_t>(std::min(epoch, kMax)), static_cast<int64_t>(std::min(position, kMax))};
}

struct Address {
  std::string user, password, host, path;
  int port = 0;
};

absl::StatusOr<std::string> PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::string_view hex = text.substr(i + 1, 2);
    int byte = 0;
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
    if (error != std::errc() || end != hex.data() + 2) {
      return absl::InvalidArgumentError("the Redis address has a '%' without two hexadecimal digits");
    }
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

absl::StatusOr<Address> ParseAddress(std::string_view url) {
  Address address;
  if (Consume(&url, "unix:")) {
    address.path = std::string(url);
    if (address.path.empty()) return absl::InvalidArgumentError("the Redis address names no socket");
    return address;
  }
  if (!Consume(&url, "redis://")) {
    return absl::InvalidArgumentError("the Redis address must begin with redis:// or unix:");
  }
  if (const size_t at = url.rfind('@'); at != url.npos) {
    const std::pair<std::string_view, std::string_view> login = Cut(url.substr(0, at), ':');
    ASSIGN(address.user, PercentDecoded(login.first));
    ASSIGN(address.password, PercentDecoded(login.second));
    url.remove_prefix(at + 1);
  }
  const size_t colon = url.rfind(':');
  if (colon == url.npos || colon == 0 || !ParseWhole(url.substr(colon + 1), &address.port)) {
    return absl::InvalidArgumentError("the Redis address must end with host:port");
  }
  address.host = std::string(url.substr(0, colon));
  return address;
}

// Appends the arguments of one entry for the script: its ID, the number of its fields and values, and these.
void AppendEntry(const Event& row, std::deque<std::string>& texts, std::vector<std::string_view>& arguments) {
  const EntryFields fields = EntryOf(row, texts);
  static constexpr std::string_view kCounts[] = {"18", "20", "22"};
  static_assert(kEntryFieldsMax == 22);
  arguments.push_back(row.cursor());
  arguments.push_back(kCounts[fields.size() - 9]);
  for (const auto& [name, value] : fields) {
    arguments.push_back(name);
    arguments.push_back(value);
  }
}

}  // namespace

absl::Status CheckRedisUrl(std::string_view url) { return ParseAddress(url).status(); }

// One connection, opened when it is first needed.
class RedisConnection {
 public:
  explicit RedisConnection(RedisOptions options) : options_(std::move(options)) {
    // hiredis writes without MSG_NOSIGNAL: a server that closed the connection would end our process.
    static const bool once = [] {
      struct sigaction now {};
      if (sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
      return true;
    }();
    static_cast<void>(once);
  }
  ~RedisConnection() { Drop(); }

  // The answer, or UNAVAILABLE without a connection. An answer that is an error comes back as it is.
  absl::StatusOr<Reply> Try(absl::Span<const std::string_view> arguments) {
    TRY(Send(arguments));
    return Receive();
  }
  // The answer; an error is UNAVAILABLE and drops the connection.
  absl::StatusOr<Reply> Call(absl::Span<const std::string_view> arguments) {
    ASSIGN(Reply reply, Try(arguments));
    return Checked(std::move(reply));
  }
  absl::StatusOr<Reply> Checked(Reply reply) {
    if (reply->type != REDIS_REPLY_ERROR) return reply;
    const absl::Status refusal = Refusal(Text(*reply));
    Drop();
    return refusal;
  }

  absl::Status Send(absl::Span<const std::string_view> arguments) {
    TRY(Connect());
    pointers_.clear();
    lengths_.clear();
    for (std::string_view argument : arguments) {
      pointers_.push_back(argument.data() == nullptr ? "" : argument.data());
      lengths_.push_back(argument.size());
    }
    int done = 0;
    int result = redisAppendCommandArgv(context_, pointers_.size(), pointers_.data(), lengths_.data());
    while (result == REDIS_OK && done == 0) result = redisBufferWrite(context_, &done);
    return result == REDIS_OK ? absl::OkStatus() : Lost();
  }

  absl::StatusOr<Reply> Receive() {
    void* reply = nullptr;
    if (context_ == nullptr || redisGetReply(context_, &reply) != REDIS_OK || reply == nullptr) return Lost();
    return Reply(static_cast<redisReply*>(reply));
  }

  // The SHA1 under which this connection's server knows the append script.
  absl::StatusOr<std::string_view> AppendScript() {
    TRY(Connect());
    if (script_.empty()) {
      ASSIGN(const Reply reply, Call({"SCRIPT", "LOAD", kAppendScript}));
      script_ = std::string(Text(*reply));
    }
    return std::string_view(script_);
  }

  void Drop() {
    MutexLock lock(mutex_);
    socket_ = -1;
    if (context_ != nullptr) redisFree(context_);
    context_ = nullptr;
    script_.clear();
  }

  void Interrupt() {
    MutexLock lock(mutex_);
    interrupted_ = true;
    // Only shuts the socket down: the thread that uses the context closes it.
    if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
  }

 private:
  absl::Status Connect() {
    if (context_ != nullptr) return absl::OkStatus();
    ASSIGN(const Address address, ParseAddress(options_.url));
    const timeval timeout = absl::ToTimeval(options_.connect_timeout);
    context_ = address.path.empty() ? redisConnectWithTimeout(address.host.c_str(), address.port, timeout)
                                    : redisConnectUnixWithTimeout(address.path.c_str(), timeout);
    {
      MutexLock lock(mutex_);
      socket_ = context_ == nullptr ? -1 : context_->fd;
      if (interrupted_ && socket_ >= 0) shutdown(socket_, SHUT_RDWR);
    }
    if (context_ == nullptr || context_->err != 0) return Lost();
    // A half-open connection must not block us: reads and writes time out, and the operating system probes it.
    if (redisSetTimeout(context_, absl::ToTimeval(options_.command_timeout)) != REDIS_OK) return Lost();
    if (address.path.empty()) redisEnableKeepAlive(context_);
    if (address.password.empty()) return absl::OkStatus();
    std::vector<std::string_view> login = {"AUTH", address.password};
    if (!address.user.empty()) login.insert(login.begin() + 1, address.user);
    return Call(login).status();
  }

  absl::Status Lost() {
    const bool late = context_ != nullptr && context_->err == REDIS_ERR_IO && errno == EAGAIN;
    const std::string why = context_ == nullptr ? "out of memory" : late ? "no answer in time" : context_->errstr;
    Drop();
    return Gone(absl::StrCat("Redis does not answer: ", why.empty() ? "the connection was closed" : why));
  }

  const RedisOptions options_;
  redisContext* context_ = nullptr;
  Mutex mutex_;
  int socket_ ABSL_GUARDED_BY(mutex_) = -1;  // of the context, for Interrupt
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
  std::string script_;
  std::vector<const char*> pointers_;
  std::vector<size_t> lengths_;
};

namespace {

// The arguments of one append. `key`, `script` and `rows` must outlive them.
class AppendCommand {
 public:
  AppendCommand(std::string_view script, std::string_view key, Cursor expected, absl::Span<const Event> rows,
                const Stream::Repair& repair) {
    arguments_.reserve(8 + repair.orphans.size() + rows.size() * (2 + kEntryFieldsMax));
    arguments_ = {"EVALSHA", script, "1", key, texts_.emplace_back(expected.ToString()), repair.reset ? "1" : "0"};
    arguments_.push_back(repair.valid_last ? texts_.emplace_back(repair.valid_last->ToString()) : std::string_view());
    arguments_.push_back(texts_.emplace_back(absl::StrCat(repair.orphans.size())));
    for (const std::string& orphan : repair.orphans) arguments_.push_back(orphan);
    for (const Event& row : rows) AppendEntry(row, texts_, arguments_);
  }
  AppendCommand(const AppendCommand&) = delete;
  AppendCommand& operator=(const AppendCommand&) = delete;

  absl::Span<const std::string_view> arguments() const { return arguments_; }
  // The same with the script's text, for a server that does not know it by its sum.
  absl::Span<const std::string_view> WithText() {
    arguments_[0] = "EVAL";
    arguments_[1] = kAppendScript;
    return arguments_;
  }

 private:
  std::deque<std::string> texts_;  // views into them stay when more are added
  std::vector<std::string_view> arguments_;
};

absl::StatusOr<Cursor> LastIdIn(const redisReply& reply) {
  const std::optional<Cursor> last = ParseId(Text(reply));
  if (!last) return Gone("Redis gave no stream ID where one belongs");
  return *last;
}

EntryFields FieldsOf(const redisReply& entry) {
  EntryFields fields;
  const absl::Span<redisReply* const> texts = Elements(*entry.element[1]);
  for (size_t i = 0; i + 1 < texts.size(); i += 2) fields.emplace_back(Text(*texts[i]), Text(*texts[i + 1]));
  return fields;
}

bool IsEntry(const redisReply& reply) { return reply.type == REDIS_REPLY_ARRAY && reply.elements == 2; }

Stream::Entry ToEntry(const redisReply& reply) {
  const std::string_view id = Text(*reply.element[0]);
  return {std::string(id), ParseEntry(id, FieldsOf(reply)).id()};
}

// The schema does not depend on the service or the municipality of an installation.
std::string SchemaOf(const Event& event) {
  const std::string_view source = event.source();
  return absl::StrCat(source.substr(0, source.find("/municipalities/")), "/schemas/", event.type());
}

}  // namespace

std::string StreamKey(std::string_view municipality, std::string_view service) {
  return "mestring:{" + std::string(municipality) + "}:" + std::string(service);
}

EntryFields EntryOf(const Event& event, std::deque<std::string>& texts) {
  EntryFields fields;
  fields.reserve(kEntryFieldsMax / 2);
  fields.emplace_back("specversion", kSpecVersion);
  fields.emplace_back("id", event.id());
  fields.emplace_back("source", event.source());
  fields.emplace_back("type", event.type());
  // CloudEvents allows no empty attribute.
  if (!event.subject().empty()) fields.emplace_back("subject", event.subject());
  fields.emplace_back("subjectversion", texts.emplace_back(absl::StrCat(event.subject_version())));
  fields.emplace_back("time",
                      texts.emplace_back(absl::FormatTime(kTimeFormat, FromProto(event.time()), absl::UTCTimeZone())));
  fields.emplace_back("datacontenttype", kContentType);
  fields.emplace_back("dataschema", texts.emplace_back(SchemaOf(event)));
  if (!event.traceparent().empty()) fields.emplace_back("traceparent", event.traceparent());
  fields.emplace_back("data", event.data());
  return fields;
}

Event ParseEntry(std::string_view id, const EntryFields& fields) {
  Event foreign, event;
  foreign.set_cursor(std::string(id));
  event.set_cursor(std::string(id));
  bool version = false, content = false, time = false, subject_version = false, data = false, attributes = true;
  const auto attribute = [&](std::string_view value) {
    attributes = attributes && IsAttribute(value);
    return std::string(value);
  };
  for (const auto& [name, value] : fields) {
    if (name == "specversion") version = value == kSpecVersion;
    if (name == "id") event.set_id(attribute(value));
    if (name == "source") event.set_source(attribute(value));
    if (name == "type") event.set_type(attribute(value));
    if (name == "subject") event.set_subject(attribute(value));
    if (name == "traceparent") event.set_traceparent(attribute(value));
    if (name == "datacontenttype") content = value == kContentType;
    if (name == "data") {
      event.set_data(std::string(value));
      data = true;
    }
    if (name == "subjectversion") {
      int64_t number = 0;
      subject_version = ParseWhole(value, &number);
      event.set_subject_version(number);
    }
    if (name == "time") {
      absl::Time instant;
      time = absl::ParseTime(absl::RFC3339_full, std::string(value), &instant, nullptr) && instant >= kTimeMin &&
             instant < kTimeEnd;
      // As exact as the log.
      if (time) *event.mutable_time() = ToProto(absl::FromUnixMicros(absl::ToUnixMicros(instant)));
    }
  }
  const bool whole = version && content && time && subject_version && data && attributes && !event.id().empty() &&
                     !event.source().empty() && !event.type().empty();
  return whole ? event : foreign;
}

Stream::Stream(RedisOptions options, std::string key)
    : key_(std::move(key)), redis_(std::make_unique<RedisConnection>(std::move(options))) {}
Stream::~Stream() = default;

void Stream::Disconnect() { redis_->Drop(); }
void Stream::Interrupt() { redis_->Interrupt(); }

absl::StatusOr<Stream::State> Stream::Look() {
  State state;
  ASSIGN(Reply reply, redis_->Try({"XINFO", "STREAM", key_}));
  if (reply->type == REDIS_REPLY_ERROR && Text(*reply) == "ERR no such key") return state;
  ASSIGN(reply, redis_->Checked(std::move(reply)));
  const absl::Span<redisReply* const> parts = Elements(*reply);
  bool whole = false;
  for (size_t i = 0; i + 1 < parts.size(); i += 2) {
    const redisReply& value = *parts[i + 1];
    if (Text(*parts[i]) == "length") state.length = value.integer;
    if (Text(*parts[i]) == "first-entry" && IsEntry(value)) state.first = ToEntry(value);
    if (Text(*parts[i]) == "last-generated-id") {
      ASSIGN(state.last, LastIdIn(value));
      whole = true;
    }
  }
  if (whole) return state;
  return Gone("Redis does not say what the stream's last ID is");
}

absl::StatusOr<Cursor> Stream::LastId() {
  ASSIGN(const State state, Look());
  return state.last;
}

absl::StatusOr<Cursor> Stream::Append(Cursor expected_last, absl::Span<const Event> rows, const Repair& repair) {
  ASSIGN(const std::string_view script, redis_->AppendScript());
  AppendCommand command(script, key_, expected_last, rows, repair);
  ASSIGN(Reply reply, redis_->Try(command.arguments()));
  if (reply->type == REDIS_REPLY_ERROR && Text(*reply).starts_with("NOSCRIPT")) {
    // SCRIPT FLUSH, or another server behind the same address. Nothing was done.
    ASSIGN(reply, redis_->Try(command.WithText()));
  }
  ASSIGN(reply, redis_->Checked(std::move(reply)));
  return LastIdIn(*reply);
}

absl::Status Stream::SendAppend(Cursor expected_last, absl::Span<const Event> rows) {
  ASSIGN(const std::string_view script, redis_->AppendScript());
  return redis_->Send(AppendCommand(script, key_, expected_last, rows, Repair()).arguments());
}

absl::StatusOr<Cursor> Stream::TakeAppended() {
  ASSIGN(Reply reply, redis_->Receive());
  ASSIGN(reply, redis_->Checked(std::move(reply)));
  return LastIdIn(*reply);
}

absl::StatusOr<std::vector<Stream::Entry>> Stream::NewestFirst(std::string_view max, int limit) {
  ASSIGN(const Reply reply, redis_->Call({"XREVRANGE", key_, max, "-", "COUNT", absl::StrCat(limit)}));
  std::vector<Entry> entries;
  for (const redisReply* entry : Elements(*reply)) {
    if (!IsEntry(*entry)) return Gone("Redis gave something that is no stream entry");
    entries.push_back(ToEntry(*entry));
  }
  return entries;
}

absl::StatusOr<std::vector<Event>> Stream::Read(Cursor after, int limit, absl::Duration block) {
  const std::string count = absl::StrCat(limit), from = after.ToString();
  const std::string wait = absl::StrCat(absl::ToInt64Milliseconds(block));
  std::vector<std::string_view> command = {"XREAD", "COUNT", count};
  // BLOCK 0 would wait for ever.
  if (wait != "0") command.insert(command.end(), {"BLOCK", wait});
  command.insert(command.end(), {"STREAMS", key_, from});
  ASSIGN(const Reply reply, redis_->Call(command));
  std::vector<Event> events;
  if (reply->type == REDIS_REPLY_NIL) return events;
  const absl::Span<redisReply* const> streams = Elements(*reply);
  if (streams.size() != 1 || !IsEntry(*streams[0])) return Gone("Redis gave something that is no stream");
  for (const redisReply* entry : Elements(*streams[0]->element[1])) {
    if (!IsEntry(*entry)) return Gone("Redis gave something that is no stream entry");
    events.push_back(ParseEntry(Text(*entry->element[0]), FieldsOf(*entry)));
  }
  return events;
}

absl::StatusOr<std::optional<Cursor>> Stream::Heartbeat() {
  ASSIGN(const Reply reply, redis_->Call({"GET", absl::StrCat(key_, ":head")}));
  return ParseId(Text(*reply));
}

absl::Status Stream::SetHeartbeat(Cursor head) {
  static const std::string expiry = absl::StrCat(absl::ToInt64Milliseconds(kHeartbeatExpiry));
  return redis_->Call({"SET", absl::StrCat(key_, ":head"), head.ToString(), "PX", expiry}).status();
}

absl::StatusOr<int64_t> Stream::Trim(Cursor min) {
  // Whole nodes first, which is cheap and bounded; then what is left in the last node, exactly.
  const std::string limit = absl::StrCat(kTrimMax);
  ASSIGN(const Reply nodes, redis_->Call({"XTRIM", key_, "MINID", "~", min.ToString(), "LIMIT", limit}));
  if (nodes->integer > 0) return nodes->integer;
  ASSIGN(const Reply rest, redis_->Call({"XTRIM", key_, "MINID", "=", min.ToString()}));
  return rest->integer;
}

absl::Status Stream::Delete(Cursor entry) { return redis_->Call({"XDEL", key_, entry.ToString()}).status(); }

absl::Status Stream::CheckPolicy() {
  ASSIGN(Reply reply, redis_->Try({"INFO", "memory"}));
  if (reply->type == REDIS_REPLY_ERROR && Text(*reply).starts_with("NOPERM")) {
    return absl::PermissionDeniedError("maxmemory-policy is not checked: the ACL of this Redis user lacks +info");
  }
  ASSIGN(reply, redis_->Checked(std::move(reply)));
  if (Text(*reply).find("maxmemory_policy:noeviction") != std::string_view::npos) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "Redis may throw the stream away when its memory is full: set maxmemory-policy to noeviction");
}

}  // namespace mestring
