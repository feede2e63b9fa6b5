// SPDX-License-Identifier: Apache-2.0
#include "runtime/confine/user.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "runtime/confine/confine.h"
#include "runtime/confine/forked.h"

namespace strata::runtime::user_test {
namespace {

TEST(Users, AreFoundByName) {
  const auto root = find_user("root");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->user, 0U);
  EXPECT_FALSE(find_user("strata-no-such-user"));
}

TEST(Users, ThereIsNoWayBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const auto nobody = find_user(std::string(kDefaultUser));
  ASSERT_TRUE(nobody);
  EXPECT_EQ(status_of_child([&] {
              if (drop_to_user(*nobody) != 0) return 1;
              if (::getuid() != nobody->user || ::getegid() != nobody->group) return 2;
              if (::getgroups(0, nullptr) != 0) return 3;
              return ::setresuid(0, 0, 0) == 0 ? 4 : 0;
            }),
            0);
}

TEST(Users, ReachWhatPermissionsSay) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can ask for somebody else";
  const auto nobody = find_user(std::string(kDefaultUser));
  ASSERT_TRUE(nobody);
  std::string folder = std::filesystem::temp_directory_path() / "strata-reach-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  EXPECT_FALSE(can_reach(*nobody, folder, Reach::kRead));
  EXPECT_EQ(::chmod(folder.c_str(), 0755), 0);
  EXPECT_TRUE(can_reach(*nobody, folder, Reach::kRead));
  EXPECT_FALSE(can_reach(*nobody, folder, Reach::kChange));
  EXPECT_EQ(::chmod(folder.c_str(), 0777), 0);
  EXPECT_TRUE(can_reach(*nobody, folder, Reach::kChange));
  EXPECT_FALSE(can_reach(*nobody, folder + "/nowhere", Reach::kRead));
  std::filesystem::remove(folder);
}

TEST(Capabilities, AreGoneEvenForRoot) {
  EXPECT_EQ(status_of_child([] {
              bound_capabilities();
              if (drop_capabilities() != 0) return 1;
              if (::geteuid() != 0) return 0;
              // CAP_SYS_CHROOT, and CAP_CHOWN in the bounding set.
              if (::chroot("/") == 0) return 2;
              return ::prctl(PR_CAPBSET_READ, 0, 0, 0, 0) == 0 ? 0 : 3;
            }),
            0);
}

TEST(Capabilities, OneIsKeptForWhoNeedsIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has one to keep";
  constexpr std::uint64_t kSysChroot = 1U << 18U;
  EXPECT_EQ(status_of_child([] {
              if (drop_capabilities(kSysChroot) != 0) return 1;
              return ::chroot("/") == 0 ? 0 : 2;
            }),
            0);
}

TEST(Privileges, NewOnesAreForbidden) {
  EXPECT_EQ(status_of_child([] {
              if (forbid_new_privileges() != 0) return 1;
              return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace strata::runtime::user_test
