// Code lists (kodeverk): what every service does with them, over the messages of its own contract, which all have the
// same shape. A list never changes: a new version replaces it, and a used code keeps its meaning.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/base/field_rules.h"
#include "common/base/ids.h"
#include "common/store/records.h"
#include "services/shared/own_codes.h"

namespace mestring {

template <class Kind>
const std::string& KindName(Kind kind) {
  return google::protobuf::GetEnumDescriptor<Kind>()->FindValueByNumber(kind)->name();
}

// A version of a list, or, with 0, the one in force; nullopt if there is none. `kind` is the full name of its value.
template <class CodeList>
absl::StatusOr<std::optional<CodeList>> CodeListOfVersion(Tx& tx, std::string_view kind, int64_t list_version) {
  return OfVersion<CodeList>(tx, list_version, "WHERE kind = :kind", kind);
}

template <class CodeList>
bool HasCode(const CodeList& list, std::string_view code) {
  return std::any_of(list.entries().begin(), list.entries().end(),
                     [code](const auto& entry) { return entry.code() == code; });
}

// Which codes a service accepts while no version of their list is in force.
enum class WithoutList { kNone, kAny };

// UNKNOWN_CODE unless the list in force has each code of the request (code_list, field_rule.proto). For
// ServiceDefinition::check_write.
template <class CodeList, WithoutList taken = WithoutList::kNone>
absl::Status CheckCodes(Tx& tx, const google::protobuf::Message& request) {
  for (const ListedCode& listed : ListedCodesIn(request)) {
    const std::string kind = absl::StrCat("CODE_LIST_KIND_", listed.list);
    ASSIGN(const auto list, CodeListOfVersion<CodeList>(tx, kind, 0));
    if (list ? HasCode(*list, listed.code) : taken == WithoutList::kAny) continue;
    return Refused("UNKNOWN_CODE", "the code must be in the code list in force; GetCodeList shows it",
                   {{"list", kind}});
  }
  return absl::OkStatus();
}

// SetCodeList: stores the next version of a list and publishes it; no code may occur twice. Codes that the service
// itself sets are stored only if the list has them; the answer includes them always.
template <class CodeListSet, class OwnCodes, class Request, class CodeList>
absl::Status StoreCodeList(Tx& tx, const OwnCodes& own_codes, const Request& request, CodeList* list) {
  using Entry = std::decay_t<decltype(request.entries(0))>;
  if (!EachOnce(request.entries(), &Entry::code)) return InvalidArgument("entries", "must have each code at most once");
  list->set_kind(request.kind());
  *list->mutable_entries() = request.entries();
  for (Entry& entry : *list->mutable_entries()) entry.clear_automatic();
  TRY(InsertNext(tx, list, "WHERE kind = :kind", KindName(request.kind())));
  CodeListSet event;
  event.set_code_list_id(list->id());
  event.set_kind(list->kind());
  event.set_list_version(list->list_version());
  TRY(tx.Publish(event, *list));
  NameOwnCodes(own_codes, list);
  return absl::OkStatus();
}

// GetCodeList.
template <class OwnCodes, class Request, class CodeList>
absl::Status FindCodeList(Tx& tx, const OwnCodes& own_codes, const Request& request, CodeList* list) {
  ASSIGN(*list, OrNotFound(CodeListOfVersion<CodeList>(tx, KindName(request.kind()), request.list_version())));
  NameOwnCodes(own_codes, list);
  return absl::OkStatus();
}

}  // namespace mestring
