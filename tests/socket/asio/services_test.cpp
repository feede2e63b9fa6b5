// SPDX-License-Identifier: Apache-2.0
#include "strata/asio/services.h"

#include <gtest/gtest.h>

namespace strata::asio::services_test {
namespace {

TEST(Services, NumbersAreThemselves) {
  EXPECT_EQ(port_of("", true), 0);
  EXPECT_EQ(port_of("0", true), 0);
  EXPECT_EQ(port_of("65535", false), 65535);
  for (const char* const bad : {"65536", "-1", "80 ", "0x50", "http", "99999999999999999999"}) {
    EXPECT_EQ(port_of(bad, true), std::nullopt) << bad;
  }
  EXPECT_EQ(port_of("no-such-service", false), std::nullopt);
}

TEST(Services, AZoneIsANumberBehindALinkLocalAddress) {
  EXPECT_EQ(parse_scoped("10.0.0.1"), (Endpoint{IpAddress::v4(10, 0, 0, 1)}));
  EXPECT_EQ(parse_scoped("fe80::1%3"), (Endpoint{*IpAddress::parse("fe80::1"), 0, 3}));
  for (const char* const bad : {"", "x", "fe80::1%", "fe80::1%eth0", "10.0.0.1%1", "fe80::1%1%2"}) {
    EXPECT_EQ(parse_scoped(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace strata::asio::services_test
