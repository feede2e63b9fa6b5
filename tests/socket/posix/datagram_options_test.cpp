// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "socket/posix/datagram_file.h"
#include "stack/core.h"
#include "support/bench.h"

namespace strata::posix::datagram_options_test {
namespace {

constexpr std::uint32_t kGroup = 0xe801'0101;   // 232.1.1.1
constexpr std::uint32_t kSource = 0x0a00'0002;  // 10.0.0.2

sockaddr_storage plain_address(std::uint32_t value) {
  sockaddr_in plain{};
  plain.sin_family = AF_INET;
  plain.sin_addr.s_addr = htonl(value);
  sockaddr_storage whole{};
  std::memcpy(&whole, &plain, sizeof(plain));
  return whole;
}

struct Lab : support::Host {
  template <typename T>
  Answer set(int name, const T& value, int level = IPPROTO_IP) {
    return file->set_option(level, name, &value, sizeof(value), now);
  }
  [[nodiscard]] bool is_member() {
    return stack.core().interface(eth0)->groups->is_member(IpAddress::v4(kGroup));
  }
  [[nodiscard]] group_req any() const { return {eth0, plain_address(kGroup)}; }
  [[nodiscard]] group_source_req source_any() const {
    return {eth0, plain_address(kGroup), plain_address(kSource)};
  }

  FilePtr file = DatagramFile::open(stack, AddressFamily::kIpv4).file;
};

// RFC 3678 4.1, 5.1: each way to join has one to leave.
TEST(Memberships, AreJoinedAndLeftInEveryWay) {
  Lab lab;
  const ip_mreq whole{{htonl(kGroup)}, {0}};
  const ip_mreq_source from{{htonl(kGroup)}, {0}, {htonl(kSource)}};
  EXPECT_EQ(lab.set(IP_ADD_MEMBERSHIP, whole), 0);
  EXPECT_TRUE(lab.is_member());
  EXPECT_EQ(lab.set(IP_BLOCK_SOURCE, from), 0);
  EXPECT_EQ(lab.set(IP_UNBLOCK_SOURCE, from), 0);
  EXPECT_EQ(lab.set(IP_DROP_MEMBERSHIP, whole), 0);
  EXPECT_FALSE(lab.is_member());
  EXPECT_EQ(lab.set(IP_ADD_SOURCE_MEMBERSHIP, from), 0);
  EXPECT_TRUE(lab.is_member());
  EXPECT_EQ(lab.set(IP_DROP_SOURCE_MEMBERSHIP, from), 0);
  EXPECT_FALSE(lab.is_member());
  EXPECT_EQ(lab.set(MCAST_JOIN_GROUP, lab.any()), 0);
  EXPECT_TRUE(lab.is_member());
  EXPECT_EQ(lab.set(MCAST_LEAVE_GROUP, lab.any()), 0);
  EXPECT_FALSE(lab.is_member());
  EXPECT_EQ(lab.set(MCAST_JOIN_SOURCE_GROUP, lab.source_any()), 0);
  EXPECT_TRUE(lab.is_member());
  EXPECT_EQ(lab.set(MCAST_LEAVE_SOURCE_GROUP, lab.source_any()), 0);
  EXPECT_FALSE(lab.is_member());
}

TEST(Memberships, SayWhatLinuxSaysOfThoseThatAreThereOrNot) {
  Lab lab;
  const ip_mreq whole{{htonl(kGroup)}, {0}};
  const ip_mreq_source from{{htonl(kGroup)}, {0}, {htonl(kSource)}};
  EXPECT_EQ(lab.set(IP_DROP_MEMBERSHIP, whole), -EADDRNOTAVAIL);
  EXPECT_EQ(lab.set(IP_BLOCK_SOURCE, from), -EINVAL);
  EXPECT_EQ(lab.set(IP_ADD_MEMBERSHIP, whole), 0);
  EXPECT_EQ(lab.set(IP_ADD_MEMBERSHIP, whole), -EADDRINUSE);
  EXPECT_EQ(lab.set(IP_UNBLOCK_SOURCE, from), -EADDRNOTAVAIL);
  EXPECT_EQ(lab.set(IP_ADD_SOURCE_MEMBERSHIP, from), 0)
      << "nothing is blocked: it changes its mode";
  EXPECT_EQ(lab.set(IP_ADD_SOURCE_MEMBERSHIP, from), -EADDRNOTAVAIL);
}

TEST(Memberships, WhatMakesNoSenseIsRefused) {
  Lab lab;
  EXPECT_EQ(lab.set(MCAST_JOIN_GROUP, 1), -EINVAL) << "too short";
  EXPECT_EQ(lab.set(MCAST_JOIN_GROUP, lab.any(), IPPROTO_IPV6), -ENOPROTOOPT);
  EXPECT_EQ(lab.set(MCAST_JOIN_GROUP, group_req{}), -EADDRNOTAVAIL) << "of no family";
  EXPECT_EQ(lab.set(IP_ADD_MEMBERSHIP, ip_mreqn{{htonl(kGroup)}, {0}, 1 << 20}), -ENODEV);
  EXPECT_EQ(lab.set(IP_ADD_MEMBERSHIP, ip_mreq{{htonl(kGroup)}, {htonl(kSource)}}), -ENODEV);
}

}  // namespace
}  // namespace strata::posix::datagram_options_test
