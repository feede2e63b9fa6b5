// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/socket_address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cerrno>

namespace strata::posix::socket_address_test {
namespace {

TEST(SocketAddress, ComesBackAsItWasWritten) {
  struct Row {
    Endpoint endpoint;
    AddressFamily family;
    socklen_t size;
  };
  const Row rows[] = {
      {{IpAddress::v4(10, 0, 0, 1), 80}, AddressFamily::kIpv4, sizeof(sockaddr_in)},
      {{IpAddress::v4(10, 0, 0, 1), 80}, AddressFamily::kIpv6, sizeof(sockaddr_in6)},
      {{IpAddress::v6(0xfe80ULL << 48U, 1), 443, 2}, AddressFamily::kIpv6, sizeof(sockaddr_in6)},
  };
  for (const Row& row : rows) {
    sockaddr_storage room{};
    EXPECT_EQ(write_address(row.endpoint, row.family, &room, sizeof(room)), row.size);
    const auto read = read_address(reinterpret_cast<sockaddr*>(&room), row.size, row.family);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, row.endpoint);
  }
}

TEST(SocketAddress, WritesNoMoreThanThereIsRoomFor) {
  sockaddr_storage room{};
  const Endpoint endpoint{IpAddress::v4(10, 0, 0, 1), 80};
  EXPECT_EQ(write_address(endpoint, AddressFamily::kIpv4, &room, 4), sizeof(sockaddr_in));
  EXPECT_EQ(reinterpret_cast<sockaddr_in*>(&room)->sin_port, htons(80));
  EXPECT_EQ(reinterpret_cast<sockaddr_in*>(&room)->sin_addr.s_addr, 0U);
}

TEST(SocketAddress, RefusesOtherFamiliesAndShortAddresses) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  const auto* address = reinterpret_cast<const sockaddr*>(&six);
  EXPECT_EQ(read_address(address, sizeof(six), AddressFamily::kIpv4).error(), -EAFNOSUPPORT);
  EXPECT_EQ(read_address(address, 8, AddressFamily::kIpv6).error(), -EINVAL);
  EXPECT_EQ(read_address(address, 1, AddressFamily::kIpv6).error(), -EINVAL);
  EXPECT_EQ(read_address(nullptr, 28, AddressFamily::kIpv6).error(), -EFAULT);
}

}  // namespace
}  // namespace strata::posix::socket_address_test
