// SPDX-License-Identifier: Apache-2.0
#include "runtime/companion.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace strata::runtime::companion_test {
namespace {

namespace fs = std::filesystem;

TEST(Companion, IsLookedForBesideTheProgramAndInTheFolder) {
  const fs::path program = fs::read_symlink("/proc/self/exe");
  EXPECT_EQ(find_companion(program.filename().string(), "no/such/folder"), program.string());
  EXPECT_EQ(find_companion("no-such-file", "no/such/folder"), "");

  std::string folder = (fs::temp_directory_path() / "companion-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const fs::path file = fs::path(folder) / "strata-companion";
  std::ofstream(file) << "x";
  const fs::path way = fs::relative(folder, program.parent_path());
  EXPECT_EQ(find_companion("strata-companion", way.string()), file.string());
  fs::remove_all(folder);
}

}  // namespace
}  // namespace strata::runtime::companion_test
