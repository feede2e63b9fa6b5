// SPDX-License-Identifier: Apache-2.0
#include "base/flow_share.h"

#include <gtest/gtest.h>

#include <vector>

namespace strata::flow_share_test {
namespace {

TEST(FlowShare, BothDirectionsOfAFlowHaveOneHome) {
  const FlowShare share{.cores = 3};
  for (std::uint16_t port = 1; port < 2000; ++port) {
    const Endpoint ours{IpAddress::v4(10, 0, 0, 1), 80};
    const Endpoint theirs{IpAddress::v4(10, 0, 0, 2), port};
    EXPECT_EQ(share.home_of(ours, theirs), share.home_of(theirs, ours));
  }
}

TEST(FlowShare, PortsInARowAreSpreadEvenly) {
  for (const std::uint16_t cores : std::initializer_list<std::uint16_t>{2, 3, 4, 8}) {
    const FlowShare share{.cores = cores};
    std::vector<int> flows(cores);
    for (unsigned port = 32768; port < 32768 + 4096; ++port) {
      ++flows[share.home_of(
          Endpoint{IpAddress::v4(10, 0, 0, 1), 80},
          Endpoint{IpAddress::v4(10, 0, 0, 2), static_cast<std::uint16_t>(port)})];
    }
    const double each = 4096.0 / cores;
    for (const int count : flows) EXPECT_NEAR(count, each, each / 8) << cores;
  }
}

TEST(FlowShare, OneCoreHasAll) {
  const FlowShare alone;
  EXPECT_TRUE(alone.is_home(Endpoint{IpAddress::v4(1), 2}, Endpoint{IpAddress::v4(3), 4}));
  EXPECT_TRUE(alone.owns(7));
}

TEST(FlowShare, NumbersAreDealtOut) {
  for (std::uint16_t number = 0; number < 100; ++number) {
    int owners = 0;
    for (std::uint16_t core = 0; core < 3; ++core) {
      owners += FlowShare{.cores = 3, .own = core}.owns(number) ? 1 : 0;
    }
    EXPECT_EQ(owners, 1);
  }
}

}  // namespace
}  // namespace strata::flow_share_test
