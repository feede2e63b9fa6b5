// SPDX-License-Identifier: Apache-2.0
// JSON of the control socket's lines, where some of it may be missing or of another kind. For the
// two files that read and write them only: the header is costly.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace strata::service {

using Json = nlohmann::json;

// Null for what is no JSON object.
[[nodiscard]] inline Json parse_object(std::string_view line) {
  Json json = Json::parse(line, nullptr, false);
  return json.is_object() ? std::move(json) : Json();
}

[[nodiscard]] inline std::string word(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

template <typename Number>
[[nodiscard]] Number number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<Number>() : Number{};
}

[[nodiscard]] inline std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

[[nodiscard]] inline bool flag(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace strata::service
