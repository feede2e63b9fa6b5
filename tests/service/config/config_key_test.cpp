// SPDX-License-Identifier: Apache-2.0
// What a row says of a key is what the reader does with it.
#include "service/config/config_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "service/config/config_file.h"

namespace strata::service::config_key_test {
namespace {

// A file in which one key has this value, and what must stand beside it.
std::string file_with(const ConfigKey& key, std::string_view value) {
  const std::string line = std::string(key.name()) + " = " + std::string(value) + "\n";
  const std::string beside = key.name() == "lease_file" ? "dhcp = true\n" : "";
  if (key.table() == "device.vlan") {
    const std::string id = key.name() == "id" ? "" : "id = \"7\"\n";
    return "[[device]]\nspec = \"tap:x\"\n[[device.vlan]]\n" + id + beside + line;
  }
  if (key.table() == "device") {
    return "[[device]]\n" + std::string(key.name() == "spec" ? "" : "spec = \"tap:x\"\n") + beside +
           line;
  }
  if (key.table() == "tcp") return "[tcp]\n" + line;
  if (key.path == "tls.key") return "[tls]\ncertificate = \"c\"\n" + line;
  if (key.path == "tls.certificate") return "[tls]\nkey = \"k\"\n" + line;
  return (key.name() == "capture_filter" ? "capture = \"f\"\n" : "") + line;
}

std::string refusal(const ConfigKey& key, std::string_view value) {
  const auto options = read_config_text(file_with(key, value), "f");
  return options ? "" : options.error().text;
}

TEST(ConfigKeys, EachIsDescribed) {
  std::set<std::string_view> paths;
  for (const ConfigKey& key : config_keys()) {
    EXPECT_TRUE(paths.insert(key.path).second) << key.path;
    EXPECT_EQ(find_config_key(key.path), &key);
    EXPECT_TRUE(key.table().empty() || paths.contains(key.table())) << key.path;
    EXPECT_TRUE(key.what.ends_with('.')) << key.path;
    EXPECT_EQ(key.reload == KeyReload::kByKey, key.is_table()) << key.path;
    EXPECT_EQ(key.show == nullptr, key.is_table()) << key.path;
    EXPECT_EQ(key.take == nullptr, key.kind == KeyKind::kTable) << key.path;
    EXPECT_EQ(key.example.empty(), key.is_table()) << key.path;
    EXPECT_EQ(key.words.empty(), key.kind != KeyKind::kWord) << key.path;
    const bool has_form =
        key.kind == KeyKind::kText || key.kind == KeyKind::kTexts || key.kind == KeyKind::kNumber;
    EXPECT_EQ(key.form.empty(), !has_form) << key.path;
  }
  EXPECT_EQ(find_config_key("device.gateway"), nullptr);
  EXPECT_EQ(find_config_key(""), nullptr);
}

// Left out, a key is what its value by default says, or else its words.
TEST(ConfigKeys, EachSaysWhatHoldsWithoutIt) {
  StackOptions options;
  options.devices.emplace_back().vlans.emplace_back();
  for (const ConfigKey& key : config_keys()) {
    const std::string value = key.show == nullptr ? "" : key.show(options);
    if (key.is_required) {
      EXPECT_TRUE(value.empty() && key.without.empty()) << key.path;
    } else {
      EXPECT_NE(value.empty(), key.without.empty()) << key.path;
    }
    if (!value.empty()) {
      EXPECT_EQ(refusal(key, value), "") << key.path;
    }
  }
}

TEST(ConfigKeys, WhatIsShownIsReadAsTheSame) {
  StackOptions without;
  without.devices.emplace_back().vlans.emplace_back();
  for (const ConfigKey& key : config_keys()) {
    if (key.is_table()) continue;
    const auto options = read_config_text(file_with(key, key.example), "f");
    ASSERT_TRUE(options.has_value()) << options.error().text;
    const std::string shown = key.show(*options);
    EXPECT_NE(shown, key.show(without)) << key.path << ": an example shows another value";
    const auto again = read_config_text(file_with(key, shown), "f");
    ASSERT_TRUE(again.has_value()) << again.error().text;
    EXPECT_EQ(key.show(*again), shown) << key.path;
  }
}

TEST(ConfigKeys, BoundsAreThoseOfTheReader) {
  std::size_t numbers = 0;
  for (const ConfigKey& key : config_keys()) {
    if (key.kind != KeyKind::kNumber) continue;
    ++numbers;
    EXPECT_EQ(refusal(key, std::to_string(key.low)), "") << key.path;
    EXPECT_EQ(refusal(key, std::to_string(key.high)), "") << key.path;
    EXPECT_TRUE(refusal(key, std::to_string(key.low - 1)).ends_with(expectation_of(key)));
    if (key.high != INT64_MAX) {
      EXPECT_TRUE(refusal(key, std::to_string(key.high + 1)).ends_with(expectation_of(key)));
    }
  }
  EXPECT_GE(numbers, 9U);
}

TEST(ConfigKeys, WordsAreThoseOfTheReader) {
  for (const ConfigKey& key : config_keys()) {
    if (key.kind != KeyKind::kWord) continue;
    for (const std::string_view word : key.words) {
      const std::string value = "\"" + std::string(word) + "\"";
      const auto options = read_config_text(file_with(key, value), "f");
      ASSERT_TRUE(options.has_value()) << options.error().text;
      EXPECT_EQ(key.show(*options), value) << key.path;
    }
    EXPECT_TRUE(refusal(key, "\"nonsense\"").ends_with(expectation_of(key))) << key.path;
  }
}

TEST(ConfigKeys, OtherTypesAreRefused) {
  for (const ConfigKey& key : config_keys()) {
    for (const std::string_view value : {"1.5", "1979-05-27", "{}", "[[]]", "[1.5]"}) {
      const bool is_its_own = key.is_table() && value == "{}";
      if (is_its_own) continue;
      EXPECT_NE(refusal(key, value), "") << key.path << " = " << value;
    }
    const bool is_text = key.kind == KeyKind::kText || key.kind == KeyKind::kTexts;
    if (is_text) {
      EXPECT_NE(refusal(key, "\"\""), "") << key.path << " is empty";
    }
  }
}

}  // namespace
}  // namespace strata::service::config_key_test
