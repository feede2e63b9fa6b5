// SPDX-License-Identifier: Apache-2.0
#include "service/config/config_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "service/text_file.h"

namespace strata::service::config_reference_test {
namespace {

using testing::HasSubstr;

TEST(ConfigReference, ThePageIsTheOneThatIsMade) {
  const auto file = read_text_file(std::string(STRATA_SOURCE_DIR) + "/docs/configuration.md");
  ASSERT_TRUE(file.has_value()) << file.error().text;
  EXPECT_EQ(*file, config_reference()) << "strata config reference > docs/configuration.md";
}

TEST(ConfigReference, TellsOfEachKeyAndRule) {
  const std::string page = config_reference();
  for (const ConfigKey& key : config_keys()) {
    const std::string path(key.path);
    const bool is_list = key.kind == KeyKind::kTables;
    const std::string heading = is_list          ? "[[" + path + "]]"
                                : key.is_table() ? "[" + path + "]"
                                                 : path;
    const std::size_t at = page.find("### `" + heading + "`\n");
    ASSERT_NE(at, std::string::npos) << path;
    const std::string entry = page.substr(at, page.find("\n### ", at + 4) - at);
    EXPECT_THAT(entry, HasSubstr("- reload: ")) << path;
    EXPECT_THAT(entry, HasSubstr("- left out: ")) << path;
  }
  for (const ConfigRule& rule : config_rules()) {
    EXPECT_THAT(page, HasSubstr(std::string(rule.key) + "` " + std::string(rule.what)));
  }
}

TEST(ConfigReference, SaysWhatHoldsWithoutAKey) {
  EXPECT_EQ(default_of(*find_config_key("log")), "\"warning\"");
  EXPECT_EQ(default_of(*find_config_key("cores")), "1");
  EXPECT_EQ(default_of(*find_config_key("tcp.congestion")), "\"cubic\"");
  EXPECT_EQ(default_of(*find_config_key("device.dhcp")), "false");
  EXPECT_EQ(default_of(*find_config_key("device.spec")), "");
  EXPECT_EQ(reload_text(*find_config_key("seed")), "needs a restart.");
}

}  // namespace
}  // namespace strata::service::config_reference_test
