// SPDX-License-Identifier: Apache-2.0
#include "service/config/config_schema.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <string_view>
#include <utility>

#include "service/config/config_key.h"
#include "service/config/config_reference.h"

namespace strata::service {
namespace {

using Json = nlohmann::ordered_json;

// Descriptions are read in editors, where links lead nowhere.
std::string without_links(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t end = text[i] == '[' ? text.find("](", i) : std::string_view::npos;
    const std::size_t behind = end == std::string_view::npos ? end : text.find(')', end);
    if (behind == std::string_view::npos) {
      if (text[i] != '`') plain += text[i];
      continue;
    }
    plain += text.substr(i + 1, end - i - 1);
    i = behind;
  }
  return plain;
}

Json text_type(const ConfigKey& key) {
  Json type = Json::object({{"type", "string"}, {"minLength", 1}});
  if (!key.pattern.empty()) type["pattern"] = std::string(key.pattern);
  return type;
}

Json array_of(Json items) { return Json::object({{"type", "array"}, {"items", std::move(items)}}); }

Json table_type(std::string_view table);

Json type_of(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::kText: return text_type(key);
    case KeyKind::kTexts:
      return Json::object({{"anyOf", Json::array({text_type(key), array_of(text_type(key))})}});
    case KeyKind::kNumber:
      return Json::object({{"type", "integer"}, {"minimum", key.low}, {"maximum", key.high}});
    case KeyKind::kSwitch: return Json::object({{"type", "boolean"}});
    case KeyKind::kTable: return table_type(key.path);
    case KeyKind::kTables: return array_of(table_type(key.path));
    case KeyKind::kWord: break;
  }
  Json words = Json::array();
  for (const std::string_view word : key.words) words.push_back(std::string(word));
  return Json::object({{"enum", std::move(words)}});
}

Json described(const ConfigKey& key) {
  const std::string text = fmt::format("{} Reload: {}", key.what, reload_text(key));
  Json described = Json::object({{"description", without_links(text)}});
  described.update(type_of(key));
  // What a file says in one line, JSON says with the same letters.
  const std::string value = key.is_table() ? "" : default_of(key);
  if (!value.empty()) described["default"] = Json::parse(value, nullptr, false);
  if (!key.example.empty()) {
    described["examples"] = Json::array({Json::parse(key.example, nullptr, false)});
  }
  return described;
}

Json table_type(std::string_view table) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const ConfigKey& key : config_keys()) {
    if (key.table() != table) continue;
    const std::string name(key.name());
    properties[name] = described(key);
    if (key.is_required) required.push_back(name);
  }
  Json type = Json::object({{"type", "object"}, {"additionalProperties", false}});
  if (!required.empty()) type["required"] = std::move(required);
  type["properties"] = std::move(properties);
  return type;
}

}  // namespace

std::string config_schema() {
  Json schema = Json::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                              {"title", "Configuration of a Strata stack (up --config FILE)"}});
  schema.update(table_type({}));
  return schema.dump(2) + "\n";
}

}  // namespace strata::service
