// SPDX-License-Identifier: Apache-2.0
// Whether schema and reader judge alike is asked of a validator by tests/interop/config_test.py.
#include "service/config/config_schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <string>

#include "service/config/config_key.h"
#include "service/text_file.h"

namespace strata::service::config_schema_test {
namespace {

using Json = nlohmann::json;

// Where the keys of a table are.
const Json* table_of(const Json* schema, std::string_view table) {
  const ConfigKey* const key = find_config_key(table);
  if (key == nullptr) return schema;
  const Json& found = (*table_of(schema, key->table()))["properties"][std::string(key->name())];
  return key->kind == KeyKind::kTables ? &found["items"] : &found;
}

TEST(ConfigSchema, EveryKeyIsInItAndNoOther) {
  const Json schema = Json::parse(config_schema(), nullptr, false);
  ASSERT_TRUE(schema.is_object());
  for (const ConfigKey& key : config_keys()) {
    const Json& table = *table_of(&schema, key.table());
    EXPECT_EQ(table["additionalProperties"], false) << key.path;
    const Json& properties = table["properties"];
    ASSERT_TRUE(properties.contains(std::string(key.name()))) << key.path;
    const Json& described = properties[std::string(key.name())];
    EXPECT_FALSE(described["description"].get<std::string>().contains("](")) << key.path;
    EXPECT_EQ(described.contains("examples"), !key.is_table()) << key.path;
    EXPECT_EQ(described.contains("default"), key.without.empty() && !key.is_required) << key.path;
    std::size_t siblings = 0;
    for (const ConfigKey& other : config_keys()) siblings += other.table() == key.table() ? 1 : 0;
    EXPECT_EQ(properties.size(), siblings) << key.table();
  }
}

TEST(ConfigSchema, SaysBoundsWordsAndWhatMustBeThere) {
  const Json schema = Json::parse(config_schema(), nullptr, false);
  const Json& top = schema["properties"];
  EXPECT_EQ(top["cores"]["minimum"], 1);
  EXPECT_EQ(top["cores"]["maximum"], kCoresMax);
  EXPECT_EQ(top["policy"]["enum"], Json::array({"spin", "adaptive", "sleep"}));
  EXPECT_EQ(top["device"]["items"]["required"], Json::array({"spec"}));
  EXPECT_EQ(top["tls"]["required"], Json::array({"certificate", "key"}));
  EXPECT_EQ(top["log"]["default"], "warning");
  EXPECT_EQ(top["dashboard"]["default"], true);
}

TEST(ConfigSchema, TheFileForEditorsIsTheOneThatIsMade) {
  const auto file = read_text_file(std::string(STRATA_SOURCE_DIR) + "/docs/strata.schema.json");
  ASSERT_TRUE(file.has_value()) << file.error().text;
  EXPECT_EQ(*file, config_schema()) << "strata config schema > docs/strata.schema.json";
}

}  // namespace
}  // namespace strata::service::config_schema_test
