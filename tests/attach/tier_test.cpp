// SPDX-License-Identifier: Apache-2.0
#include "attach/tier.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace strata::attach::tier_test {
namespace {

namespace fs = std::filesystem;

class Tier : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "strata-tier-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string script(const std::string& name, const std::string& text) const {
    const fs::path path = folder_ / name;
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms::owner_all);
    return path.string();
  }
  // This test program with a change in it.
  std::string changed_self(std::string_view from, std::string_view to) const {
    std::ifstream self("/proc/self/exe", std::ios::binary);
    std::string bytes(4096, '\0');
    self.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    const std::size_t at = bytes.find(from);
    EXPECT_NE(at, std::string::npos);
    bytes.replace(at, to.size(), to);
    return script("changed", bytes);
  }

  fs::path folder_;
};

TEST_F(Tier, ADynamicProgramCanBePreloaded) {
  EXPECT_TRUE(can_preload("/proc/self/exe").has_value());
  EXPECT_TRUE(can_preload("sh").has_value());
}

TEST_F(Tier, AScriptIsItsInterpreter) {
  EXPECT_TRUE(can_preload(script("one", "#!/bin/sh -e\n")).has_value());
  const std::string foreign = changed_self("/ld-linux", "/ld-other");
  EXPECT_FALSE(can_preload(script("two", "#! " + foreign + "\n")).has_value());
}

TEST_F(Tier, AnotherLibcCannot) {
  const auto answer = can_preload(changed_self("/ld-linux", "/ld-other"));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error(), "its libc is not glibc");
}

TEST_F(Tier, GoCannot) {
  // Go's note instead of the compiler's own.
  const auto answer =
      can_preload(changed_self(std::string_view("GNU\0", 4), std::string_view("Go\0\0", 4)));
  ASSERT_FALSE(answer.has_value());
  EXPECT_NE(answer.error().find("Go"), std::string::npos);
}

TEST_F(Tier, PrivilegesOfItsOwnCannot) {
  const std::string program = changed_self("GNU", "GNU");
  ASSERT_TRUE(can_preload(program).has_value());
  ASSERT_EQ(::chmod(program.c_str(), S_ISUID | S_IRWXU), 0);
  EXPECT_FALSE(can_preload(program).has_value());
}

TEST_F(Tier, WhatDoesNotExistIsNotOurs) {
  EXPECT_TRUE(can_preload("/no/such/program").has_value());
  EXPECT_TRUE(can_preload(script("nothing", "")).has_value());
  EXPECT_TRUE(can_preload(script("loop", "#!" + (folder_ / "loop").string())).has_value());
}

}  // namespace
}  // namespace strata::attach::tier_test
