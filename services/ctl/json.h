// The JSON of the client: members keep the order of the contract, so that what is printed reads like it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace mestring::ctl {

using Json = nlohmann::ordered_json;

// nullopt if `text` is not JSON.
inline std::optional<Json> ParseJson(std::string_view text) {
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

// A string member, or "" if it is absent or something else.
inline std::string Text(const Json& object, const char* name) {
  if (!object.is_object()) return "";
  auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace mestring::ctl
