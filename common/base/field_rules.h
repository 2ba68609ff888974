// The shape of requests and events, as the contract states it on each field (field_rule.proto).
#pragma once

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "common/base/errors.h"
#include "google/protobuf/message.h"

namespace mestring {

// INVALID_ARGUMENT with every violation, by the field's path ("need.factors[2]"), or OK. Also refuses
// a national identity number in any string, without repeating it, and unknown enum values.
absl::Status CheckFields(const google::protobuf::Message& request);

// Groups of fields of which exactly one must be set (option exactly_one_of); null for a name that the message does not
// have.
using OneOf = std::vector<const google::protobuf::FieldDescriptor*>;
std::vector<OneOf> OneOfsOf(const google::protobuf::Descriptor& type);
// Checks the options of this type and the types below before a service starts: FAILED_PRECONDITION if exactly_one_of
// names a field that the message does not have, or fewer than two, or if a field with a code_list is no string.
absl::Status CheckRules(const google::protobuf::Descriptor& type);

// As CheckFields; also refuses any string without a format or of FORMAT_TEXT, which an event may not hold.
absl::Status CheckEvent(const google::protobuf::Message& event);
// The paths of the fields that an event must not have, of a message type. For contract tests.
std::vector<std::string> FreeTextFields(const google::protobuf::Descriptor& event);

// Whether no two of `items` have the same key: EachOnce(request.entries(), &pb::CodeEntry::code).
template <class Items, class Key>
bool EachOnce(const Items& items, Key key) {
  std::set<std::decay_t<decltype(std::invoke(key, *items.begin()))>> seen;
  return std::all_of(items.begin(), items.end(),
                     [&](const auto& item) { return seen.insert(std::invoke(key, item)).second; });
}

// Every non-empty value of a FORMAT_PERSON_REF (or FORMAT_ORGANISATION) field in a message, nested
// ones included, without repeats.
std::vector<std::string> PersonsIn(const google::protobuf::Message& message);
std::vector<std::string> OrganisationsIn(const google::protobuf::Message& message);
// A code of a code list, and the list that the contract says it is of (code_list).
struct ListedCode {
  std::string list, code;
};
// Every non-empty code of a code list in a message, nested ones included, in the order of its fields.
std::vector<ListedCode> ListedCodesIn(const google::protobuf::Message& message);
// Whether a message of this type has a field for a person or an organisation, nested ones included.
bool NamesSomebody(const google::protobuf::Descriptor& type);

}  // namespace mestring
