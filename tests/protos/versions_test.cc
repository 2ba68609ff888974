// S10: a resource never changes its version without an event that names it. What each event names is said in the
// contracts (mestring/events/v1/moves.proto); the kernel checks every write against it (common/store/moves.h,
// moves_test), so that every service test, story and fuzzer does. This one looks at the contracts as a whole:
// tests/protos/ versions.golden lists which event moves what, by which events a resource moves, and who reads a
// resource without hearing of all of them. To accept a change: UPDATE_GOLDEN=1 <this program>.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mestring/events/v1/moves.pb.h"
#include "tests/support/contract_files.h"
#include "tests/support/golden.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

// A field of an event that names a resource.
struct Named {
  std::string field, resource;
  bool always = false;
};

// What the contract says of one event.
struct Says {
  std::vector<std::string> subject;
  std::vector<Named> named;
};

Says SaysOf(const Descriptor& event) {
  Says says;
  const auto options = Known(event.options());
  for (int i = 0; i < options.ExtensionSize(events::v1::subject); ++i) {
    says.subject.push_back(options.GetExtension(events::v1::subject, i));
  }
  for (int i = 0; i < event.field_count(); ++i) {
    const auto field = Known(event.field(i)->options());
    if (field.HasExtension(events::v1::moves)) {
      says.named.push_back({event.field(i)->name(), field.GetExtension(events::v1::moves), true});
    }
    if (field.HasExtension(events::v1::may_move)) {
      says.named.push_back({event.field(i)->name(), field.GetExtension(events::v1::may_move), false});
    }
  }
  return says;
}

std::vector<const Descriptor*> AllEvents(const ContractFiles& contracts) {
  std::vector<const Descriptor*> events;
  for (const FileDescriptor* file : contracts.files()) {
    if (!absl::EndsWith(file->name(), "_events.proto")) continue;
    for (int i = 0; i < file->message_type_count(); ++i) events.push_back(file->message_type(i));
  }
  return events;
}

// "StayReserved: Stay; may move Requisition (requisition_id)" and, the other way, "Requisition: StayReserved, …".
std::string Table(const ContractFiles& contracts) {
  std::string text;
  std::map<std::string, std::set<std::string>> movers;
  for (const Descriptor* event : AllEvents(contracts)) {
    const Says says = SaysOf(*event);
    absl::StrAppend(&text, event->full_name(), ": ",
                    says.subject.empty() ? "nothing" : absl::StrJoin(says.subject, " or "));
    for (const std::string& resource : says.subject) {
      movers[absl::StrCat(event->file()->package(), ".", resource)].insert(event->name());
    }
    for (const Named& named : says.named) {
      absl::StrAppend(&text, ", ", named.always ? "" : "perhaps ", named.resource, " (", named.field, ")");
      movers[absl::StrCat(event->file()->package(), ".", named.resource)].insert(event->name());
    }
    text += "\n";
  }
  text += "\n# Each resource: the events that move it.\n";
  for (const auto& [resource, events] : movers) {
    absl::StrAppend(&text, resource, " by ", absl::StrJoin(events, ", "), "\n");
  }
  return text;
}

void AddResourcesIn(const Descriptor& message, std::set<const Descriptor*>* types) {
  for (int i = 0; i < message.field_count(); ++i) {
    const Descriptor* type = message.field(i)->message_type();
    if (type != nullptr && types->insert(type).second) AddResourcesIn(*type, types);
  }
}

// The roles that some RPC shows a resource.
std::map<const Descriptor*, std::set<std::string>> Readers(const ContractFiles& contracts) {
  std::map<const Descriptor*, std::set<std::string>> readers;
  for (const FileDescriptor* file : contracts.files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto& method = *file->service(s)->method(m);
        if (method.options().idempotency_level() != google::protobuf::MethodOptions::NO_SIDE_EFFECTS) continue;
        std::set<const Descriptor*> shown;
        AddResourcesIn(*method.output_type(), &shown);
        const auto roles = RoleNames(AllowedRoles(method));
        for (const Descriptor* type : shown) readers[type].insert(roles.begin(), roles.end());
      }
    }
  }
  return readers;
}

// "NeedAssessed: PERSON reads Application": who may read what an event moves and does not hear of the event. They
// are told by STALE_VERSION that they are behind; that it is meant to be so is seen in review.
std::string Unheard(const ContractFiles& contracts) {
  std::string text;
  const auto readers = Readers(contracts);
  for (const Descriptor* event : AllEvents(contracts)) {
    const Says says = SaysOf(*event);
    std::set<std::string> resources(says.subject.begin(), says.subject.end());
    for (const Named& named : says.named) resources.insert(named.resource);
    const auto heard = RoleNames(VisibleTo(*event));
    for (const std::string& name : resources) {
      const auto found =
          readers.find(event->file()->pool()->FindMessageTypeByName(absl::StrCat(event->file()->package(), ".", name)));
      if (found == readers.end()) continue;
      std::vector<std::string> deaf;
      std::set_difference(found->second.begin(), found->second.end(), heard.begin(), heard.end(),
                          std::back_inserter(deaf));
      if (deaf.empty()) continue;
      absl::StrAppend(&text, event->full_name(), ": ", name, " is read by ", absl::StrJoin(deaf, ", "), "\n");
    }
  }
  return text;
}

TEST(Versions, WhatEachEventMovesIsThatOfTheGoldenFile) {
  const ContractFiles contracts;
  ExpectGolden(
      "tests/protos/versions.golden",
      absl::StrCat("# Each event: what it is about, and what else it moves.\n", Table(contracts),
                   "\n# Who reads what an event moves, and does not hear of the event.\n", Unheard(contracts)));
}

// What is named is a resource of the event's package; its comment begins with the subject and says what else moves.
TEST(Versions, TheCommentOfAnEventNamesAllThatItMoves) {
  const ContractFiles contracts;
  int others = 0;
  for (const Descriptor* event : AllEvents(contracts)) {
    const Says says = SaysOf(*event);
    const std::string comment = CommentOf(*event);
    const size_t colon = comment.find(':');
    const FieldDescriptor* subject = event->FindFieldByName(comment.substr(0, colon));
    EXPECT_EQ(subject != nullptr, !says.subject.empty()) << event->full_name() << ": " << comment;
    std::vector<std::string> resources = says.subject;
    for (const Named& named : says.named) {
      ++others;
      resources.push_back(named.resource);
      EXPECT_THAT(comment, testing::HasSubstr(absl::StrCat("(", named.field))) << event->full_name();
    }
    for (const std::string& name : resources) {
      const Descriptor* resource =
          event->file()->pool()->FindMessageTypeByName(absl::StrCat(event->file()->package(), ".", name));
      ASSERT_NE(resource, nullptr) << event->full_name() << " moves " << name;
      EXPECT_NE(resource->FindFieldByName("id"), nullptr) << resource->full_name();
      EXPECT_NE(resource->FindFieldByName("version"), nullptr) << resource->full_name();
    }
  }
  EXPECT_GT(others, 40);
}

// The files of the services, by their paths.
std::map<std::string, std::string> ServiceSources() {
  std::map<std::string, std::string> sources;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(SourcePath("services"))) {
    const std::string path = entry.path().lexically_relative(SourcePath("")).string();
    if (absl::EndsWith(path, ".cc") || absl::EndsWith(path, ".h")) sources[path] = ReadSource(path);
  }
  return sources;
}

// Every resource that is stored is named by some event: what no event names cannot be saved, but by an RPC that is
// no_event_because.
TEST(Versions, EveryStoredResourceHasAnEvent) {
  const ContractFiles contracts;
  const std::string table = Table(contracts);
  const std::regex stored("MESTRING_TABLE\\((?:(\\w+)::v1|pb)::(\\w+), \"(\\w+)\"");
  std::set<std::string> silent;
  int seen = 0;
  for (const auto& [path, text] : ServiceSources()) {
    for (std::sregex_iterator found(text.begin(), text.end(), stored), end; found != end; ++found) {
      const std::string package = (*found)[1].matched ? (*found)[1].str() : "common";
      const std::string name = absl::StrCat("mestring.", package, ".v1.", (*found)[2].str());
      if (!absl::StrContains(table, absl::StrCat("\n", name, " by "))) silent.insert(name);
      ++seen;
    }
  }
  EXPECT_GT(seen, 60);
  EXPECT_THAT(silent, testing::ElementsAre("mestring.peer_support.v1.Conflict")) << "that one was named tells too much";
}

// What the check sees is what goes through rows.h: no statement of a service's own changes a resource.
TEST(Versions, NoStatementChangesAResourcePastTheCheck) {
  std::set<std::string> tables;
  const std::map<std::string, std::string> sources = ServiceSources();
  const std::regex stored("MESTRING_TABLE\\([\\w:]+, \"(\\w+)\"");
  for (const auto& [path, text] : sources) {
    for (std::sregex_iterator found(text.begin(), text.end(), stored), end; found != end; ++found) {
      tables.insert((*found)[1].str());
    }
  }
  EXPECT_GT(tables.size(), 50u);
  // What is deleted for good has no version that anybody could hold: a wish that has ended, a conflict that was lifted.
  const std::set<std::string> forgotten = {"DELETE FROM participations", "DELETE FROM conflicts"};
  const std::regex statement("(?:INSERT INTO|UPDATE|DELETE FROM) (\\w+)");
  int statements = 0;
  for (const auto& [path, text] : sources) {
    for (std::sregex_iterator found(text.begin(), text.end(), statement), end; found != end; ++found, ++statements) {
      const bool changes = tables.contains((*found)[1].str()) && !forgotten.contains(found->str());
      EXPECT_FALSE(changes) << path << " has the statement " << found->str();
    }
  }
  EXPECT_GT(statements, 10);
}

}  // namespace
}  // namespace mestring
