// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/troubles.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace strata::service::troubles_test {
namespace {

TEST(Troubles, AreToldOnceForEachKindAndOnlyWhenTheHostIsShortOfSomething) {
  std::vector<Failure> told;
  Troubles troubles([&](const Failure& failure) { told.push_back(failure); });
  troubles.on_no_socket(ECONNREFUSED);
  EXPECT_TRUE(told.empty());
  for (int i = 0; i < 3; ++i) {
    troubles.on_no_socket(EMFILE);
    troubles.on_no_echo();
  }
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[0].text.find("descriptors, and all are in use"), std::string::npos);
  EXPECT_TRUE(told[0].hint.starts_with("ulimit -n"));
  EXPECT_NE(told[1].text.find("net.ipv4.ping_group_range"), std::string::npos);
}

}  // namespace
}  // namespace strata::service::troubles_test
