#include "tests/support/town.h"

// Every step goes through the real stub, so that what a test stands on was done by the same RPCs as in
// life.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "google/protobuf/timestamp.pb.h"

namespace mestring {
namespace {

constexpr absl::Duration kFinerThanAColumn = absl::Nanoseconds(789);

}  // namespace

Who Staff() { return {{access::v1::ROLE_STAFF}, "", ""}; }
Who UnitLeader() { return {{access::v1::ROLE_UNIT_LEADER}, "", ""}; }
Who Resident(std::string person_ref) { return {{access::v1::ROLE_PERSON}, std::move(person_ref), ""}; }
Who NextOfKin(std::string person_ref) { return {{access::v1::ROLE_NEXT_OF_KIN}, std::move(person_ref), ""}; }
Who AsPeer(std::string person_ref) { return {{access::v1::ROLE_PEER}, std::move(person_ref), ""}; }

std::string SomePerson() { return NewId(absl::Now()); }

std::vector<events::v1::Event> AllEvents(const std::shared_ptr<grpc::Channel>& channel, const RunningService& keys) {
  auto stub = events::v1::EventService::NewStub(channel);
  std::vector<events::v1::Event> all;
  std::string after;
  while (true) {
    events::v1::ListRequest request;
    request.set_after(after);
    request.set_page_size(1000);
    events::v1::ListResponse response;
    const auto context = keys.As({access::v1::ROLE_SERVICE});
    const grpc::Status status = stub->List(context.get(), request, &response);
    Must(FromWire(status));
    for (const auto& event : response.events()) all.push_back(event);
    if (response.as_of() == after || response.as_of() == response.head()) return all;
    after = response.as_of();
  }
}

TownOfAnyService::TownOfAnyService(const ServiceDefinition& definition, std::string_view engine,
                                   std::function<void(Config&)> adjust)
    : service_(definition, engine, std::move(adjust)), name_(definition.name) {
  service_.clock().Advance(kFinerThanAColumn);
}

void TownOfAnyService::ExpectStorableTimes(const google::protobuf::Message& answer) {
  if (answer.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    google::protobuf::Timestamp time;
    time.CopyFrom(answer);
    EXPECT_EQ(time.nanos() % 1000, 0) << time.ShortDebugString();
    return;
  }
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  const auto* reflection = answer.GetReflection();
  reflection->ListFields(answer, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection->FieldSize(answer, field) : 1;
    for (int i = 0; i < count; ++i) {
      ExpectStorableTimes(field->is_repeated() ? reflection->GetRepeatedMessage(answer, field, i)
                                               : reflection->GetMessage(answer, field));
    }
  }
}

std::unique_ptr<grpc::ClientContext> TownOfAnyService::Context(const Who& who) const {
  // One role each but for who wears many hats; the support takes a fixed list.
  if (who.roles.size() == 1) return service_.As({who.roles[0]}, who.person_ref, who.organisation_id);
  return service_.As({who.roles[0], who.roles[1]}, who.person_ref, who.organisation_id);
}

absl::Time TownOfAnyService::Now() { return absl::FromUnixMicros(absl::ToUnixMicros(service_.clock().Now())); }

std::string TownOfAnyService::Today() { return FormatDate(DateIn(service_.db().zone(), service_.clock().Now())); }

void TownOfAnyService::GoTo(std::string_view date) {
  service_.clock().Set(StartOfDay(service_.db().zone(), *ParseDate(date)) + absl::Hours(8) + kFinerThanAColumn);
  // The service's own thread may be firing too; each timer is fired by one of the two. What this one
  // does not find is done when it returns, because writes come one at a time.
  Must(service_.kernel().timers.FireDue());
}

void TownOfAnyService::GoDays(int days) { GoTo(FormatDate(*ParseDate(Today()) + days)); }

std::vector<std::string> TownOfAnyService::EventTypes() {
  std::vector<std::string> types;
  const std::string package = absl::StrCat("mestring.", name_, ".v1.");
  for (const events::v1::Event& event : Events()) {
    if (event.type().starts_with(package)) types.push_back(event.type().substr(package.size()));
  }
  return types;
}

std::vector<std::pair<std::string, std::string>> TownOfAnyService::Columns() {
  std::vector<std::pair<std::string, std::string>> columns;
  const absl::Status read = service_.db().Read([&](Tx& tx) -> absl::Status {
    columns.clear();
    ASSIGN(
        const auto rows,
        (tx.Query<std::string, std::string>(
            service_.db().engine() == "sqlite"
                ? "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
                : "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")));
    for (const auto& [table, column] : rows) columns.emplace_back(table, column);
    return absl::OkStatus();
  });
  Must(read);
  return columns;
}

std::vector<std::tuple<std::string, std::string, int64_t>> TownOfAnyService::StoredVersions() {
  std::map<std::string, std::set<std::string>> tables;
  for (const auto& [table, column] : Columns()) tables[table].insert(column);
  std::vector<std::tuple<std::string, std::string, int64_t>> stored;
  const absl::Status read = service_.db().Read([&](Tx& tx) -> absl::Status {
    stored.clear();
    for (const auto& [table, columns] : tables) {
      if (!columns.contains("id") || !columns.contains("version") || !columns.contains("update_time")) continue;
      ASSIGN(const auto rows, (tx.Query<std::string, int64_t>(absl::StrCat("SELECT id, version FROM ", table))));
      for (const auto& [id, version] : rows) stored.emplace_back(table, id, version);
    }
    return absl::OkStatus();
  });
  Must(read);
  return stored;
}

}  // namespace mestring
