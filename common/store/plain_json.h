// The plain part of protobuf's JSON form, written and read without its parser.
//
// Lists and nested messages are stored as JSON (rows.h), and protobuf's functions for it took most of the time of a row
// that has some. What services store is nearly always plain: lists and messages of texts, int32, int64, bool and
// enums, nested at most kPlainDepthMax deep. Both functions leave the rest to their caller, who asks protobuf: maps,
// instants and other messages of protobuf's own, other types of number, values of an enum that the
// contract does not name, and texts with control characters, "<", ">" or letters beyond U+05FF.
//
// Exact: what WritePlainJson writes is byte for byte what protobuf would write with the field names of the contract,
// and what ReadPlainJson reads is what protobuf would read. It reads only what is written here: unknown or repeated
// names, spaces and other spellings of a number are not plain, although protobuf may read them.
//
// Thread-safe, as far as the messages are.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"

namespace mestring {

inline constexpr int kPlainDepthMax = 8;

// Appends the value of a field that is set. False if it is not plain; `json` then ends with a part of it.
bool WritePlainJson(const google::protobuf::Message& row, const google::protobuf::FieldDescriptor* field,
                    std::string* json);

// Sets a field that is unset. False if the text is not plain; the field is then still unset.
bool ReadPlainJson(std::string_view json, const google::protobuf::FieldDescriptor* field,
                   google::protobuf::Message* row);

}  // namespace mestring
