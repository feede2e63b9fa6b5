// SPDX-License-Identifier: Apache-2.0
#include "stack/in/last_header.h"

#include <gtest/gtest.h>

#include "support/bench.h"

namespace strata::stack::last_header_test {
namespace {

using namespace support;

const IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);

Frame ping(const IpAddress& source) {
  return ethernet(kOurMac, kPeerMac, wire::kEtherTypeIpv4,
                  echo_request(source, kOwn, 1, 1, text("hello")));
}

Frame with_byte(Frame frame, std::size_t at, unsigned value, bool fix_checksum = true) {
  constexpr std::size_t kLink = 14;
  frame[kLink + at] = static_cast<std::byte>(value);
  if (fix_checksum) wire::set_ipv4_checksum(frame.writable().subspan(kLink, 20));
  return frame;
}

// Each row comes behind a packet that is fine and differs from it in the one thing named.
TEST(LastHeader, StandsForNoHeaderThatItIsNot) {
  struct Case {
    const char* name;
    Frame frame;
    DropReason reason;
  };
  const Frame good = ping(kPeer);
  const Case cases[] = {
      {"version", with_byte(good, 0, 0x55), DropReason::kIpv4BadVersion},
      {"header length", with_byte(good, 0, 0x44), DropReason::kIpv4BadLength},
      {"too long", with_byte(good, 3, 200), DropReason::kIpv4BadLength},
      {"shorter than its header", with_byte(good, 3, 19), DropReason::kIpv4BadLength},
      {"checksum", with_byte(good, 10, 0x5a, false), DropReason::kIpv4BadChecksum},
      {"source", with_byte(good, 12, 224), DropReason::kIpv4BadSource},
      {"destination", with_byte(good, 19, 77), DropReason::kNotLocalAndNotForwarding},
  };
  for (const Case& each : cases) {
    Host host;
    EXPECT_EQ(host.exchange(good).size(), 1U) << each.name;
    EXPECT_EQ(host.exchange(each.frame).size(), 0U) << each.name;
    EXPECT_EQ(host.drops(each.reason), 1U) << each.name;
    EXPECT_EQ(host.exchange(good).size(), 1U) << each.name;
  }
}

TEST(LastHeader, IsForgottenWhenAddressesChange) {
  Host host;
  EXPECT_EQ(host.exchange(ping(kPeer)).size(), 1U);
  ASSERT_TRUE(host.stack.remove_address(host.eth0, kOwn, host.now).has_value());
  EXPECT_EQ(host.exchange(ping(kPeer)).size(), 0U);
  EXPECT_EQ(host.drops(DropReason::kNotLocalAndNotForwarding), 1U);
}

}  // namespace
}  // namespace strata::stack::last_header_test
