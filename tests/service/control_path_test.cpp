// SPDX-License-Identifier: Apache-2.0
#include "service/control_path.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "service/lab.h"

namespace strata::service {
namespace {

void touch(const std::string& path) { std::fclose(std::fopen(path.c_str(), "w")); }

TEST(ControlPath, FindsTheOnlyStackAndAsksWhichOfSeveral) {
  const TemporaryFolder folder;
  EXPECT_EQ(find_control_path(folder.path + "/none").error().text, "no running stack was found");
  EXPECT_EQ(find_control_path("").error().hint, "start one with: strata up");
  touch(folder.path + "/notes.txt");
  EXPECT_FALSE(find_control_path(folder.path).has_value());
  touch(folder.path + "/a.sock");
  EXPECT_EQ(find_control_path(folder.path), folder.path + "/a.sock");
  touch(folder.path + "/b.sock");
  const auto several = find_control_path(folder.path);
  ASSERT_FALSE(several.has_value());
  EXPECT_NE(several.error().text.find(folder.path + "/b.sock"), std::string::npos);
}

TEST(ControlPath, IsNamedAfterTheStack) {
  const std::string directory = control_directory();
  if (directory.empty()) {
    EXPECT_EQ(control_path_of("x"), "");
  } else {
    EXPECT_EQ(control_path_of("x"), directory + "/x.sock");
  }
}

}  // namespace
}  // namespace strata::service
