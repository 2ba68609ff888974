// Enums in columns, stored by name. During an upgrade a newer version runs beside this one and may store new names.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/store/tx.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace mestring {

// UNAVAILABLE, reason STORED_BY_NEWER_VERSION: the error of a Write that has read a value which it does not know: it
// must neither decide by the value nor save it. `what`: the field or the enum.
absl::Status StoredByNewerVersion(std::string_view what);

// The value that a column names, for statements whose rows are not messages (rows.h does the same for those that are).
// A name that this program does not know is UNSPECIFIED in a Read, and StoredByNewerVersion in a Write.
template <class Enum>
absl::StatusOr<Enum> StoredEnum(const Tx& tx, const std::string& name) {
  const google::protobuf::EnumDescriptor& values = *google::protobuf::GetEnumDescriptor<Enum>();
  const google::protobuf::EnumValueDescriptor* value = values.FindValueByName(name);
  if (value == nullptr && tx.writes()) return StoredByNewerVersion(values.name());
  return static_cast<Enum>(value == nullptr ? 0 : value->number());
}

}  // namespace mestring
