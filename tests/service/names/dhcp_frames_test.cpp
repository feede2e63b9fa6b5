// SPDX-License-Identifier: Apache-2.0
// DHCP messages inside whole frames, and frames that carry none.
#include "service/names/dhcp_frames.h"

#include <gtest/gtest.h>

#include "strata/wire/checksum.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/udp.h"

namespace strata::service::dhcp_frames_test {
namespace {

const MacAddress kMac = MacAddress::from_value(0x0200'0000'0001);

std::vector<std::byte> reply_of(std::vector<std::byte> frame) {
  std::swap(frame[34], frame[36]);
  std::swap(frame[35], frame[37]);  // the ports
  return frame;
}

TEST(DhcpFrames, AMessageGoesToEverybodyWithRightChecksums) {
  const std::vector<std::byte> message(301, std::byte{7});
  const auto frame = dhcp_frame(kMac, IpAddress::any_v4(), message);
  const auto ip = wire::Ipv4View::parse(Bytes(frame).subspan(14));
  ASSERT_TRUE(ip.has_value());
  EXPECT_TRUE(ip->checksum_is_valid());
  EXPECT_TRUE(ip->header().destination.is_limited_broadcast());
  const auto length = static_cast<std::uint32_t>(ip->payload().size());
  EXPECT_TRUE(wire::is_valid(
      wire::pseudo_header_sum(ip->header().source, ip->header().destination, 17, length) +
      wire::partial_sum(ip->payload())));
  const auto udp = wire::UdpView::parse(ip->payload());
  EXPECT_EQ(udp->source_port(), 68);
  EXPECT_EQ(udp->destination_port(), 67);
}

TEST(DhcpFrames, APayloadIsFoundWhateverItsAddressIs) {
  const std::vector<std::byte> message(300, std::byte{7});
  const auto frame = reply_of(dhcp_frame(kMac, IpAddress::v4(10, 0, 0, 1), message));
  const auto payload = dhcp_payload(frame);
  ASSERT_TRUE(payload.has_value());
  EXPECT_EQ(payload->size(), message.size());
}

TEST(DhcpFrames, OtherFramesCarryNone) {
  const std::vector<std::byte> message(300);
  const auto frame = dhcp_frame(kMac, IpAddress::any_v4(), message);
  EXPECT_FALSE(dhcp_payload(frame)) << "to the server's port";
  const auto good = reply_of(frame);
  const auto bent = [&](std::size_t at) {
    auto copy = good;
    copy[at] ^= std::byte{1};
    return dhcp_payload(copy).has_value();
  };
  EXPECT_FALSE(bent(12)) << "ethertype";
  EXPECT_FALSE(bent(20)) << "a fragment, and the checksum";
  EXPECT_FALSE(bent(23)) << "protocol";
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(dhcp_payload(Bytes(good).first(size)));
  }
}

}  // namespace
}  // namespace strata::service::dhcp_frames_test
