// SPDX-License-Identifier: Apache-2.0
#include "stack/in/prefetch_tcp.h"

#include <gtest/gtest.h>

#include "strata/packet_pool.h"
#include "support/frames.h"
#include "support/tcp_frames.h"

namespace strata::stack::prefetch_tcp_test {
namespace {

using namespace support;

const IpAddress kOwn4 = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer4 = IpAddress::v4(10, 0, 0, 2);
const IpAddress kOwn6 = IpAddress::v6(0x2001'0db8ULL << 32U, 1);
const IpAddress kPeer6 = IpAddress::v6(0x2001'0db8ULL << 32U, 2);

class PrefetchTcp : public testing::Test {
 protected:
  std::optional<tcp::Flow> glance(const Frame& frame, std::uint8_t version) {
    const PacketPtr packet = pool_.allocate_for(frame.size());
    copy_bytes(frame.all(), packet->append(frame.size()));
    packet->notes().scratch = version;
    return glance_at_flow(*packet);
  }

 private:
  HeapMemory memory_;
  PacketPool pool_{memory_, {.small_buffers = 4, .large_buffers = 1}};
};

TEST_F(PrefetchTcp, GlancesAtTheFlowOfASegment) {
  const tcp::Flow four{.local_address = kOwn4,
                       .remote_address = kPeer4,
                       .local_port = 80,
                       .remote_port = 4000,
                       .interface = kNoInterface};
  EXPECT_EQ(glance(tcp_packet({kPeer4, 4000}, {kOwn4, 80}, {}), 4), four);
  const tcp::Flow six{.local_address = kOwn6,
                      .remote_address = kPeer6,
                      .local_port = 80,
                      .remote_port = 4000,
                      .interface = kNoInterface};
  EXPECT_EQ(glance(tcp_packet({kPeer6, 4000}, {kOwn6, 80}, {}), 6), six);
}

TEST_F(PrefetchTcp, SeesNoFlowInWhatIsNoPlainSegment) {
  const Frame segment = tcp_packet({kPeer4, 4000}, {kOwn4, 80}, {});
  for (std::size_t size = 0; size < segment.size(); ++size) {
    Frame cut;
    for (std::size_t i = 0; i < size; ++i) cut.push_back(segment[i]);
    EXPECT_FALSE(glance(cut, 4)) << size;
    EXPECT_FALSE(glance(cut, 6)) << size;
  }
  Frame with_options = segment;
  with_options[0] = std::byte{0x46};
  EXPECT_FALSE(glance(with_options, 4));
  EXPECT_FALSE(glance(udp_packet({kPeer4, 4000}, {kOwn4, 80}, pattern(40)), 4));
  EXPECT_FALSE(glance(udp_packet({kPeer6, 4000}, {kOwn6, 80}, pattern(40)), 6));
}

}  // namespace
}  // namespace strata::stack::prefetch_tcp_test
