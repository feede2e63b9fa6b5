// SPDX-License-Identifier: Apache-2.0
// The files that people begin with.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "service/config/config_file.h"
#include "service/text_file.h"

namespace strata::service::examples_test {
namespace {

TEST(ConfigExamples, AllCanBeReadAndAreListed) {
  const std::string folder = std::string(STRATA_SOURCE_DIR) + "/examples/config";
  const auto page = read_text_file(folder + "/README.md");
  ASSERT_TRUE(page.has_value());
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    const ConfigReading reading = check_config_file(entry.path().string());
    for (const ConfigFault& fault : reading.faults) {
      ADD_FAILURE() << to_text(fault, entry.path().string());
    }
    EXPECT_FALSE(reading.options.devices.empty()) << entry.path();
    EXPECT_TRUE(page->contains("`" + entry.path().filename().string() + "`")) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 10U);
}

TEST(ConfigExamples, TheUnitsFileCanBeRead) {
  const std::string path = std::string(STRATA_SOURCE_DIR) + "/packaging/strata.toml";
  const auto options = read_config_file(path);
  EXPECT_TRUE(options.has_value()) << options.error().text;
}

}  // namespace
}  // namespace strata::service::examples_test
