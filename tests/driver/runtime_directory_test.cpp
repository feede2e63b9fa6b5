// SPDX-License-Identifier: Apache-2.0
#include "driver/runtime_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace strata::driver::runtime_directory_test {
namespace {

TEST(RuntimeDirectory, IsTheSystemsForRootAndTheUsersForOthers) {
  if (::geteuid() == 0) {
    EXPECT_EQ(runtime_directory(), "/run/strata");
    return;
  }
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_EQ(runtime_directory(), "/run/user/7/strata");
  ::unsetenv("XDG_RUNTIME_DIR");
  EXPECT_EQ(runtime_directory(), "");
}

TEST(PrivateDirectory, IsMadeWithThoseAboveItForItsOwnerAlone) {
  std::string pattern = std::filesystem::temp_directory_path() / "strata-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::string deep = pattern + "/a/b";
  EXPECT_EQ(make_private_directory(deep), 0);
  EXPECT_EQ(make_private_directory(deep), 0) << "is there already";
  struct stat status{};
  ASSERT_EQ(::stat(deep.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  EXPECT_EQ(make_private_directory("/proc/nowhere/b"), ENOENT);
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace strata::driver::runtime_directory_test
