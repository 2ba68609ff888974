#include "tests/support/contract_suite.h"

// The functions ask the descriptors which RPCs and fields there are; a list kept by hand would cover what
// somebody thought of.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/rpc/audience.h"
#include "common/store/moves.h"
#include "common/store/records.h"
#include "mestring/access/v1/access_log.grpc.pb.h"
#include "mestring/test/v1/test.pb.h"
#include "tests/support/contract_checks.h"
#include "tests/support/tokens.h"

namespace mestring {
namespace {

using google::protobuf::MethodDescriptor;
using testing::Contains;
using testing::Not;

namespace tpb = test::v1;

std::vector<const MethodDescriptor*> OwnMethods(std::string_view service) {
  std::vector<const MethodDescriptor*> methods;
  for (const MethodDescriptor* method : MethodsOf(service)) {
    if (method->service()->full_name() == service) methods.push_back(method);
  }
  return methods;
}

std::unique_ptr<grpc::ClientContext> As(const std::vector<Role>& roles) {
  static const std::string* const person = new std::string(SomePerson());
  auto context = RunningService::Nobody();
  context->AddMetadata("authorization", absl::StrCat("Bearer ", Token(roles, *person, "nav-sandnes")));
  return context;
}

grpc::Status CallMethod(TownOfAnyService& town, const MethodDescriptor& method, grpc::ClientContext& context,
                        const google::protobuf::Message& request) {
  return CallByPath(*town.service().channel(), PathOf(method), context, request, nullptr);
}

// The types of the resources in a message, as Stay.
void AddResourcesIn(const google::protobuf::Descriptor& message, std::set<std::string>* types) {
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::Descriptor* type = message.field(i)->message_type();
    if (type != nullptr && types->insert(type->name()).second) AddResourcesIn(*type, types);
  }
}

const google::protobuf::Descriptor* EventType(const events::v1::Event& event) {
  return google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(event.type());
}

// What the log says of a resource.
struct Told {
  int64_t version = 0;       // of the newest event that is about it
  bool named_since = false;  // and another has named it after that
};

// By the ids of the resources.
std::map<std::string, Told> ToldBy(const std::vector<events::v1::Event>& log) {
  std::map<std::string, Told> told;
  for (const events::v1::Event& entry : log) {
    const google::protobuf::Descriptor* type = EventType(entry);
    const auto names = EventNamesOf(*type);
    EXPECT_TRUE(names.ok()) << names.status();
    if (!names.ok()) continue;
    told[entry.subject()] = {entry.subject_version(), false};
    const auto event = NewMessage(*type);
    EXPECT_TRUE(event->ParseFromString(entry.data()));
    const auto& reflection = *event->GetReflection();
    for (const EventNames::Field& named : (*names)->fields) {
      const int size = named.field->is_repeated() ? reflection.FieldSize(*event, named.field) : 1;
      for (int i = 0; i < size; ++i) {
        told[named.field->is_repeated() ? reflection.GetRepeatedString(*event, named.field, i)
                                        : reflection.GetString(*event, named.field)]
            .named_since = true;
      }
    }
  }
  return told;
}

std::unique_ptr<google::protobuf::Message> CopyOf(const google::protobuf::Message& message) {
  std::unique_ptr<google::protobuf::Message> copy(message.New());
  copy->CopyFrom(message);
  return copy;
}

}  // namespace

void ExpectServicesCanReadWhatTheyAreToldOf(std::string_view service, const google::protobuf::FileDescriptor& events,
                                            int events_min) {
  std::set<std::string> readable;
  for (const MethodDescriptor* method : OwnMethods(service)) {
    const std::vector<Role> allowed = *AllowedRoles(*method);
    const bool reads = method->options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
    if (reads && std::find(allowed.begin(), allowed.end(), access::v1::ROLE_SERVICE) != allowed.end()) {
      AddResourcesIn(*method->output_type(), &readable);
    }
  }
  int seen = 0;
  for (int i = 0; i < events.message_type_count(); ++i) {
    const google::protobuf::Descriptor& event = *events.message_type(i);
    const auto names = EventNamesOf(event);
    ASSERT_TRUE(names.ok()) << names.status();
    for (const google::protobuf::Descriptor* resource : (*names)->subject) {
      EXPECT_TRUE(readable.contains(resource->name())) << event.name() << " is about " << resource->name();
      ++seen;
    }
  }
  EXPECT_GT(seen, events_min);
}

// S11: also the refusals before the use case say their reason in a form that a program can read.
void ExpectRolesHold(TownOfAnyService& town, std::string_view service) {
  for (const MethodDescriptor* method : MethodsOf(service)) {
    const auto request = NewMessage(*method->input_type());
    const auto nobody = RunningService::Nobody();
    const grpc::Status refusal = CallMethod(town, *method, *nobody, *request);
    EXPECT_EQ(refusal.error_code(), grpc::StatusCode::UNAUTHENTICATED) << method->full_name();
    EXPECT_EQ(ReasonOnWire(refusal), "UNAUTHENTICATED") << method->full_name();
    const std::vector<Role> allowed = *AllowedRoles(*method);
    for (int role = access::v1::Role_MIN + 1; role <= access::v1::Role_MAX; ++role) {
      const bool may = std::find(allowed.begin(), allowed.end(), role) != allowed.end();
      // A watch that is let in does not end; only those who are not are tried.
      if (may && method->server_streaming()) continue;
      const auto context = As({static_cast<Role>(role)});
      const grpc::Status status = CallMethod(town, *method, *context, *request);
      EXPECT_EQ(status.error_code() != grpc::StatusCode::PERMISSION_DENIED, may)
          << method->full_name() << " as " << access::v1::Role_Name(static_cast<Role>(role)) << ": "
          << status.error_message();
      EXPECT_EQ(ReasonOnWire(status) == "FORBIDDEN", !may) << method->full_name();
    }
  }
}

void ExpectPageTokensBelongToTheirList(TownOfAnyService& town, std::string_view service) {
  int lists = 0;
  for (const MethodDescriptor* method : MethodsOf(service)) {
    const auto* token = method->input_type()->FindFieldByName("page_token");
    if (token == nullptr) continue;
    ++lists;
    const auto asked = NewMessage(*method->input_type());
    FillRequired(*asked);
    const auto answer = [&](google::protobuf::Message& request, const std::string& page_token) {
      request.GetReflection()->SetString(&request, token, page_token);
      return CallMethod(town, *method, *As(*AllowedRoles(*method)), request);
    };
    const auto elsewhere = CopyOf(*asked);
    EXPECT_THAT(FieldsNamed(answer(*elsewhere, PageTokenOf(tpb::ListNotesRequest()))), Contains("page_token"))
        << method->full_name();
    for (int i = 0; i < method->input_type()->field_count(); ++i) {
      const auto& field = *method->input_type()->field(i);
      const auto changed = CopyOf(*asked);
      FillField(*changed, field);
      if (&field == token || changed->SerializeAsString() == asked->SerializeAsString()) continue;
      const grpc::Status status = answer(*changed, PageTokenOf(*asked));
      if (field.name() == "page_size") {
        EXPECT_EQ(CheckPage(*changed), absl::OkStatus()) << method->full_name();
      } else {
        EXPECT_THAT(FieldsNamed(status), Contains("page_token")) << method->full_name() << " " << field.name();
      }
    }
  }
  EXPECT_GE(lists, 3);
}

void ExpectWrongFieldsAreNamed(TownOfAnyService& town, std::string_view service, int tried_min) {
  const size_t events = town.Events().size();
  std::string answers;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  int tried = 0;
  std::set<std::string> poisons;
  for (const MethodDescriptor* method : OwnMethods(service)) {
    for (const BadRequest& bad : BadRequestsFor(*method->input_type())) {
      const auto context = As(*AllowedRoles(*method));
      const grpc::Status status = CallMethod(town, *method, *context, *bad.request);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
          << method->full_name() << " " << bad.field << " " << bad.what << ": " << status.error_message();
      EXPECT_THAT(FieldsNamed(status), Contains(bad.field)) << method->full_name() << " " << bad.what;
      answers += status.error_message() + status.error_details();
      if (!bad.poison.empty()) poisons.insert(bad.poison);
      ++tried;
    }
  }
  const std::string logged = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  EXPECT_GE(tried, tried_min);
  for (const std::string& poison : poisons) {
    EXPECT_EQ(answers.find(poison), std::string::npos) << "an answer repeats what was sent";
    EXPECT_EQ(logged.find(poison), std::string::npos) << "a log line repeats what was sent";
  }
  EXPECT_EQ(town.Events().size(), events) << "nothing has changed";
}

void ExpectNoInternalErrors(TownOfAnyService& town, std::string_view service) {
  for (const MethodDescriptor* method : OwnMethods(service)) {
    const auto request = NewMessage(*method->input_type());
    FillRequired(*request);
    const auto context = As(*AllowedRoles(*method));
    const grpc::Status status = CallMethod(town, *method, *context, *request);
    EXPECT_THAT(status.error_code(), Not(testing::AnyOf(grpc::StatusCode::INTERNAL, grpc::StatusCode::UNKNOWN,
                                                        grpc::StatusCode::UNIMPLEMENTED)))
        << method->full_name() << ": " << status.error_message();
  }
}

void ExpectSubjectVersionsGrow(TownOfAnyService& town) {
  std::map<std::string, int64_t> last;
  for (const events::v1::Event& event : town.Events()) {
    if (event.type().starts_with("mestring.events.")) continue;
    EXPECT_GT(event.subject_version(), last[event.subject()]) << event.type() << " of " << event.subject();
    last[event.subject()] = event.subject_version();
  }
  EXPECT_FALSE(last.empty());
}

void ExpectVersionsAreTold(TownOfAnyService& town, const std::set<std::string>& silent_tables) {
  ExpectSubjectVersionsGrow(town);
  const std::map<std::string, Told> told = ToldBy(town.Events());
  int seen = 0;
  for (const auto& [table, id, version] : town.StoredVersions()) {
    ++seen;
    if (silent_tables.contains(table)) continue;
    const auto found = told.find(id);
    if (found == told.end()) {
      ADD_FAILURE() << table << " " << id << " has version " << version << ", and no event names it";
      continue;
    }
    EXPECT_TRUE(found->second.named_since ? version >= found->second.version : version == found->second.version)
        << table << " " << id << " has version " << version << ", its newest event says " << found->second.version;
  }
  EXPECT_GT(seen, 0);
}

std::vector<std::string> OutcomesLogged(TownOfAnyService& town, std::string_view person_ref, std::string_view rpc) {
  std::vector<std::string> outcomes;
  const absl::Status read = town.service().db().Read([&](Tx& tx) -> absl::Status {
    ASSIGN(const auto rows, (tx.Query<std::string, std::string>(
                                "SELECT rpc, outcome FROM access_log WHERE person_ref = :person", person_ref)));
    for (const auto& [path, outcome] : rows) {
      if (path.ends_with(absl::StrCat("/", rpc))) outcomes.push_back(outcome);
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return outcomes;
}

std::vector<std::string> AccessShown(TownOfAnyService& town, const Who& who, const std::string& person_ref) {
  const auto log = access::v1::AccessLogService::NewStub(town.service().channel());
  access::v1::ListAccessLogRequest request;
  request.set_person_ref(person_ref);
  request.set_page_size(kPageSizeMax);
  access::v1::ListAccessLogResponse response;
  const auto context = town.Context(who);
  const grpc::Status status = log->ListAccessLog(context.get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  std::vector<std::string> rpcs;
  for (const auto& entry : response.entries()) rpcs.push_back(entry.rpc().substr(entry.rpc().rfind('/') + 1));
  return rpcs;
}

}  // namespace mestring
