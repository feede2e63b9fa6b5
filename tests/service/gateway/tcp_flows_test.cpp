// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/tcp_flows.h"

#include <gtest/gtest.h>

#include <set>

namespace strata::service::tcp_flows_test {
namespace {

using namespace std::chrono_literals;

constexpr IpAddress kInside = IpAddress::v4(10, 0, 2, 15);
constexpr IpAddress kOutside = IpAddress::v4(192, 0, 2, 1);

GatewayFlow flow(std::uint32_t number) {
  return {{kInside, static_cast<std::uint16_t>(1 + number % 60'000)},
          {kOutside, static_cast<std::uint16_t>(80 + number / 60'000)}};
}

class TcpFlowsTest : public testing::Test {
 protected:
  TcpFlows flows_{SipKey{1, 2}};
  Time now_{1h};
};

TEST_F(TcpFlowsTest, AreFoundByTheirEndsAndByTheirPort) {
  std::set<std::uint16_t> ports;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const auto port = flows_.add(flow(i));
    ASSERT_TRUE(port.has_value());
    ports.insert(*port);
  }
  EXPECT_EQ(ports.size(), 1000U);
  EXPECT_GE(*ports.begin(), 1024);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const auto port = flows_.port_of(flow(i));
    ASSERT_TRUE(port.has_value());
    ASSERT_NE(flows_.flow_of(*port), nullptr);
    EXPECT_EQ(*flows_.flow_of(*port), flow(i));
  }
  EXPECT_FALSE(flows_.port_of(flow(1000)).has_value());
  EXPECT_EQ(flows_.flow_of(1023), nullptr);
  EXPECT_EQ(flows_.flow_of(65'535), nullptr);
}

TEST_F(TcpFlowsTest, KeepTheirPortForWhatStillComesAndLoseItThen) {
  const std::uint16_t port = *flows_.add(flow(1));
  EXPECT_FALSE(flows_.add(flow(1)).has_value()) << "it lives";
  flows_.retire(port, now_);
  EXPECT_TRUE(flows_.is_over(port));
  EXPECT_EQ(flows_.port_of(flow(1)), port);
  flows_.sweep(now_ + 9s);
  EXPECT_EQ(flows_.port_of(flow(1)), port);
  flows_.sweep(now_ + 10s);
  EXPECT_FALSE(flows_.port_of(flow(1)).has_value());
  EXPECT_EQ(flows_.flow_of(port), nullptr);
  EXPECT_EQ(flows_.size(), 0U);
}

TEST_F(TcpFlowsTest, BeginAnewUnderAnotherPort) {
  const std::uint16_t former = *flows_.add(flow(1));
  flows_.retire(former, now_);
  const auto next = flows_.add(flow(1));
  ASSERT_TRUE(next.has_value());
  EXPECT_NE(*next, former);
  EXPECT_EQ(flows_.port_of(flow(1)), next);
  flows_.sweep(now_ + 10s);
  EXPECT_EQ(flows_.port_of(flow(1)), next) << "only the former one's port was freed";
}

TEST_F(TcpFlowsTest, RunOutAndComeBack) {
  std::uint32_t added = 0;
  while (flows_.add(flow(added))) ++added;
  EXPECT_EQ(added, 65'536U - 1024U);
  const std::uint16_t freed = *flows_.port_of(flow(7));
  flows_.retire(freed, now_);
  flows_.sweep(now_ + 10s);
  EXPECT_EQ(flows_.add(flow(added)), freed);
}

}  // namespace
}  // namespace strata::service::tcp_flows_test
