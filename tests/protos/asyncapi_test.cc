// protos/asyncapi.yaml lists every stream and every event of the contracts, and nothing else. Its frame is written
// by people, its lists by this test: tests/run update.
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "mestring/access/v1/access.pb.h"
#include "mestring/events/v1/moves.pb.h"
#include "tests/support/contract_files.h"
#include "tests/support/golden.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;

constexpr char kFile[] = "protos/asyncapi.yaml";

// A YAML string on one line, whatever is in it.
std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

// The stream's own entries, which are on every stream.
std::vector<const Descriptor*> OwnEntries(const ContractFiles& contracts) {
  std::vector<const Descriptor*> entries;
  for (const auto* file : contracts.files()) {
    for (const char* name : {"EpochStarted", "Erased", "EventErased"}) {
      if (file->package() != "mestring.events.v1") continue;
      if (const Descriptor* entry = file->FindMessageTypeByName(name); entry != nullptr) entries.push_back(entry);
    }
  }
  return entries;
}

void AppendChannel(const std::string& service, const std::vector<const Descriptor*>& entries, std::string* text) {
  absl::StrAppend(text, "  ", service, ":\n    address: mestring:{municipality}:", service, "\n    parameters:\n",
                  "      municipality: {description: 'Its number, in braces.', examples: ['{1108}']}\n",
                  "    servers: [{$ref: '#/servers/bus'}]\n    messages:\n");
  for (const Descriptor* entry : entries) {
    absl::StrAppend(text, "      ", entry->name(), ": {$ref: '#/components/messages/", entry->full_name(), "'}\n");
  }
}

void AppendOperation(const std::string& service, std::string* text) {
  absl::StrAppend(text, "  ", service, ".publish:\n    action: send\n    summary: What ", service,
                  " publishes; a subscriber receives it.\n    channel: {$ref: '#/channels/", service, "'}\n");
}

void AppendMessage(const Descriptor& message, std::string* text) {
  absl::StrAppend(text, "    ", message.full_name(), ":\n      name: ", message.full_name(),
                  "\n      title: ", message.name(), "\n      summary: ", Quoted(CommentOf(message)), "\n");
  const auto options = Known(message.options());
  if (options.HasExtension(access::v1::visible_to)) {
    absl::StrAppend(text, "      x-visible-to: [", absl::StrJoin(RoleNames(VisibleTo(message)), ", "), "]\n");
  }
  std::vector<std::string> named;
  for (int i = 0; i < message.field_count(); ++i) {
    const auto field = Known(message.field(i)->options());
    const std::string& moves = field.GetExtension(events::v1::moves);
    const std::string& may_move = field.GetExtension(events::v1::may_move);
    if (!moves.empty() || !may_move.empty()) {
      named.push_back(absl::StrCat(message.field(i)->name(), ": ", moves.empty() ? may_move : moves));
    }
  }
  const auto subject = options.GetRepeatedExtension(events::v1::subject);
  if (!subject.empty()) absl::StrAppend(text, "      x-subject: [", absl::StrJoin(subject, ", "), "]\n");
  if (!named.empty()) absl::StrAppend(text, "      x-moves: {", absl::StrJoin(named, ", "), "}\n");
  absl::StrAppend(text, "      x-protobuf: {file: ", message.file()->name(), ", message: ", message.full_name(), "}\n",
                  "      traits: [{$ref: '#/components/messageTraits/entry'}]\n",
                  "      payload: {$ref: '#/components/schemas/data'}\n");
}

TEST(AsyncApi, ListsTheStreamsAndEventsOfTheContracts) {
  const ContractFiles contracts;
  const std::vector<const Descriptor*> own = OwnEntries(contracts);
  ASSERT_EQ(own.size(), 3u);
  const std::vector<const Descriptor*> shared = SharedEvents(contracts);
  std::string channels, operations, messages;
  for (const Descriptor* entry : own) AppendMessage(*entry, &messages);
  for (const ServiceContract& service : ServiceContracts(contracts)) {
    std::vector<const Descriptor*> entries = own;
    entries.insert(entries.end(), service.event_messages.begin(), service.event_messages.end());
    // What several link, today actions of the council: each service can own one but the council itself.
    if (service.name != "council") entries.insert(entries.end(), shared.begin(), shared.end());
    AppendChannel(service.name, entries, &channels);
    AppendOperation(service.name, &operations);
    for (const Descriptor* event : service.event_messages) AppendMessage(*event, &messages);
  }
  for (const Descriptor* event : shared) AppendMessage(*event, &messages);
  ExpectGoldenRegion(kFile, "channels", channels);
  ExpectGoldenRegion(kFile, "operations", operations);
  ExpectGoldenRegion(kFile, "messages", messages);
}

// Looks at the file alone, whoever wrote it: each event has a message of its name, and no message is of no event.
TEST(AsyncApi, NamesEveryEventAndNoOther) {
  const ContractFiles contracts;
  std::vector<std::string> events;
  for (const Descriptor* entry : OwnEntries(contracts)) events.push_back(entry->full_name());
  for (const ServiceContract& service : ServiceContracts(contracts)) {
    for (const Descriptor* event : service.event_messages) events.push_back(event->full_name());
  }
  for (const Descriptor* event : SharedEvents(contracts)) events.push_back(event->full_name());
  std::vector<std::string> named;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(ReadSource(kFile), '\n'))) {
    if (absl::StartsWith(line, "      name: ")) named.emplace_back(absl::StripPrefix(line, "      name: "));
  }
  EXPECT_EQ(named, events);
  EXPECT_GT(events.size(), 40u);
}

}  // namespace
}  // namespace mestring
