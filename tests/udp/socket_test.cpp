// SPDX-License-Identifier: Apache-2.0
#include "udp/socket.h"

#include <gtest/gtest.h>

namespace strata::udp::socket_test {
namespace {

TEST(Socket, SpeaksItsFamilies) {
  const IpAddress v4 = IpAddress::v4(10, 0, 0, 1);
  const IpAddress v6 = IpAddress::v6(0xfd00'0000'0000'0000, 1);
  Socket four(AddressFamily::kIpv4);
  EXPECT_TRUE(four.speaks(v4));
  EXPECT_FALSE(four.speaks(v6));
  Socket six(AddressFamily::kIpv6);
  EXPECT_TRUE(six.speaks(v4));
  EXPECT_TRUE(six.speaks(v6));
  six.options.v6_only = true;
  EXPECT_FALSE(six.speaks(v4));
}

TEST(Socket, IsNeitherBoundNorConnectedAtFirst) {
  Socket socket(AddressFamily::kIpv6);
  EXPECT_FALSE(socket.is_bound());
  EXPECT_FALSE(socket.is_connected());
  socket.local.port = 1;
  socket.remote.port = 2;
  EXPECT_TRUE(socket.is_bound());
  EXPECT_TRUE(socket.is_connected());
}

}  // namespace
}  // namespace strata::udp::socket_test
