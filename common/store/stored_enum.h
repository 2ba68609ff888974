// Enums in columns: a name, which a newer version of this program, beside this one during an upgrade, may know alone.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/store/tx.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace mestring {

// UNAVAILABLE, reason STORED_BY_NEWER_VERSION: what a Write has read, `what` of a message or an enum, it must not
// decide by, nor save again.
absl::Status StoredByNewerVersion(std::string_view what);

// The value that a column names, for statements that are no rows of a message (rows.h treats those alike). One that
// this program does not know is UNSPECIFIED in a Read, and in a Write StoredByNewerVersion.
template <class Enum>
absl::StatusOr<Enum> StoredEnum(const Tx& tx, const std::string& name) {
  const google::protobuf::EnumDescriptor& values = *google::protobuf::GetEnumDescriptor<Enum>();
  const google::protobuf::EnumValueDescriptor* value = values.FindValueByName(name);
  if (value == nullptr && tx.writes()) return StoredByNewerVersion(values.name());
  return static_cast<Enum>(value == nullptr ? 0 : value->number());
}

}  // namespace mestring
