// SPDX-License-Identifier: Apache-2.0
#include "strata/permissions.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace strata::runtime::permissions_test {
namespace {

TEST(Permissions, WhatIsMissingComesWithARemedyAndWhatIsThereWithout) {
  const auto states = probe_permissions();
  EXPECT_EQ(states.size(), 9U);
  for (const PermissionState& state : states) {
    EXPECT_FALSE(to_text(state.permission).empty());
    EXPECT_FALSE(state.detail.empty());
    EXPECT_EQ(state.remedy.empty(), state.is_granted) << state.detail;
  }
}

TEST(Permissions, AnOrdinaryUserHasNoCapabilities) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const PermissionState admin = probe(Permission::kNetAdmin);
    if (admin.is_granted || probe(Permission::kNetRaw).is_granted) ::_exit(3);
    ::_exit(admin.remedy.starts_with("sudo setcap cap_net_admin+ep /") ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Permissions, ACapabilityCountsOnlyInANetworkOfOnesOwn) {
  if (!probe(Permission::kUserNamespaces).is_granted) GTEST_SKIP() << "no user namespaces here";
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(2);
    const PermissionState admin = probe(Permission::kNetAdmin);
    if (admin.is_granted || !admin.remedy.starts_with("unshare --net /")) ::_exit(3);
    if (::unshare(CLONE_NEWNET) != 0) ::_exit(4);
    ::_exit(probe(Permission::kNetAdmin).is_granted ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace strata::runtime::permissions_test
