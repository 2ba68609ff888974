// What the code lists of a service are asked in tests: that each code that it sets by itself has a name there. Over the
// messages of each contract, which all have the same shape.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/support/expect.h"
#include "tests/support/town.h"

namespace mestring {

// Sets a list with one code of this name.
template <class SetRequest, class Town, class Kind>
void SetOneCode(Town& town, Kind kind, std::string_view code, std::string_view name) {
  SetRequest request;
  request.set_kind(kind);
  auto* entry = request.add_entries();
  entry->set_code(std::string(code));
  entry->set_name(std::string(name));
  entry->set_automatic(true);  // not the caller's to say
  Must(town.Call(&Town::Stub::SetCodeList, UnitLeader(), request));
}

// Every code that the service sets is named in its list, by the list or by the service, in every version.
template <class SetRequest, class GetRequest, class Town, class OwnCodes>
void ExpectListsNameOwnCodes(Town& town, const OwnCodes& own_codes) {
  for (const auto& own : own_codes) {
    GetRequest get;
    get.set_kind(own.kind);
    const auto entries = [&](int64_t version) {
      get.set_list_version(version);
      std::map<std::string, std::string> named;
      const auto list = Must(town.Call(&Town::Stub::GetCodeList, Staff(), get)).code_list();
      for (const auto& entry : list.entries()) {
        named[entry.code()] = entry.automatic() ? "automatic: " + entry.name() : entry.name();
      }
      EXPECT_EQ(named.size(), static_cast<size_t>(list.entries_size())) << own.code << " stands there twice";
      return named;
    };
    SetOneCode<SetRequest>(town, own.kind, "A", "a code");
    const int64_t without = Must(town.Call(&Town::Stub::GetCodeList, Staff(), get)).code_list().list_version();
    SetOneCode<SetRequest>(town, own.kind, own.code, "as we call it here");
    const std::string code(own.code), name(own.name);
    EXPECT_FALSE(name.empty()) << code;
    EXPECT_EQ(entries(0)[code], "automatic: as we call it here");
    EXPECT_EQ(entries(without + 1)[code], "automatic: as we call it here");
    EXPECT_EQ(entries(without)[code], "automatic: " + name) << "a version that leaves it out";
    EXPECT_EQ(entries(without)["A"], "a code");
    get.set_list_version(without + 2);
    EXPECT_REFUSED(town.Call(&Town::Stub::GetCodeList, Staff(), get), "NOT_FOUND");
    SetOneCode<SetRequest>(town, own.kind, "A", "a code");
  }
}

// Every reason that an event tells of is named in a list of the service, whoever set it.
template <class GetRequest, class Kind, class Town>
void ExpectReasonsAreNamed(Town& town) {
  std::set<std::string> named;
  const google::protobuf::EnumDescriptor& kinds = *google::protobuf::GetEnumDescriptor<Kind>();
  for (int i = 1; i < kinds.value_count(); ++i) {
    GetRequest get;
    get.set_kind(static_cast<Kind>(kinds.value(i)->number()));
    const auto answer = Must(town.Call(&Town::Stub::GetCodeList, Staff(), get));
    for (const auto& entry : answer.code_list().entries()) named.insert(entry.code());
  }
  for (const events::v1::Event& event : town.Events()) {
    const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(event.type());
    const auto* field = type == nullptr ? nullptr : type->FindFieldByName("reason_code");
    if (field == nullptr) continue;
    const std::unique_ptr<google::protobuf::Message> told(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    ASSERT_TRUE(told->ParseFromString(event.data()));
    const std::string code = told->GetReflection()->GetString(*told, field);
    EXPECT_TRUE(code.empty() || named.contains(code)) << event.type() << ": " << code;
  }
}

}  // namespace mestring
