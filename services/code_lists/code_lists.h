// Code lists (kodeverk): what every service that has some does with them, written once over the messages of its own
// contract, which all have the same shape. A list is never changed: a new version takes over, and a code that was
// used keeps its meaning.
#pragma once

#include <optional>
#include <string>

#include "common/ids.h"
#include "common/records.h"

namespace mestring {

// The version of a list that is in force, if there is one.
template <class CodeList, class Kind>
absl::StatusOr<std::optional<CodeList>> CurrentCodeList(Tx& tx, Kind kind) {
  const std::string& name = google::protobuf::GetEnumDescriptor<Kind>()->FindValueByNumber(kind)->name();
  return Newest<CodeList>(tx, "list_version", "WHERE kind = :kind", name);
}

// Stores the next version of a list and tells of it.
template <class CodeListSet, class CodeList, class Request>
absl::Status StoreCodeList(Tx& tx, const Request& request, CodeList* list) {
  ASSIGN(const auto last, CurrentCodeList<CodeList>(tx, request.kind()));
  list->set_id(NewId(tx.now()));
  list->set_kind(request.kind());
  list->set_list_version((last ? last->list_version() : 0) + 1);
  *list->mutable_entries() = request.entries();
  TRY(Insert(tx, *list));
  CodeListSet event;
  event.set_code_list_id(list->id());
  event.set_kind(list->kind());
  event.set_list_version(list->list_version());
  return tx.Publish(event, list->id(), list->version());
}

}  // namespace mestring
