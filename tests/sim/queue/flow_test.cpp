// SPDX-License-Identifier: Apache-2.0
#include "sim/queue/flow.h"

#include "sim/queue/queue_lab.h"

namespace strata::sim::flow_test {
namespace {

struct FlowTest : QueueTest {
  [[nodiscard]] PacketPtr packet(const support::Frame& bytes) {
    PacketPtr made = pool.allocate_for(bytes.size());
    copy_bytes(bytes.all(), made->append(bytes.size()));
    return made;
  }
  [[nodiscard]] std::uint64_t hash(const support::Frame& bytes) {
    return flow_hash(*packet(bytes), {1, 2});
  }
};

TEST_F(FlowTest, IsAddressesProtocolAndPorts) {
  EXPECT_EQ(hash(flow_frame(1, 100)), hash(flow_frame(1, 900)));
  EXPECT_NE(hash(flow_frame(1, 100)), hash(flow_frame(2, 100)));
  const Endpoint six{*IpAddress::parse("fd00::1"), 7}, peer{*IpAddress::parse("fd00::2"), 9};
  const Endpoint other{six.address, 8};
  const auto payload = support::pattern(50);
  const auto first = from_a_to_b(support::udp_packet(six, peer, payload));
  EXPECT_EQ(hash(first), hash(from_a_to_b(support::udp_packet(six, peer, support::pattern(9)))));
  EXPECT_NE(hash(first), hash(from_a_to_b(support::udp_packet(other, peer, payload))));
}

TEST_F(FlowTest, AllFragmentsAreOneFlow) {
  support::Frame first = flow_frame(1, 100), second = flow_frame(2, 100);
  wire::Ipv4Layout::MoreFragments::set(first.writable().subspan(14), 1);
  wire::Ipv4Layout::FragmentUnits::set(second.writable().subspan(14), 5);
  EXPECT_EQ(hash(first), hash(second));
}

TEST_F(FlowTest, ReadsAnythingToItsEnd) {
  const support::Frame whole = flow_frame(1, 100);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    static_cast<void>(hash(support::Frame(whole.all().first(size))));
    static_cast<void>(mark_congestion(*packet(support::Frame(whole.all().first(size)))));
  }
}

// RFC 3168 5: ECT(0) and ECT(1) become CE; the header's checksum stays right.
TEST_F(FlowTest, MarksOnlyWhatIsEcnCapable) {
  for (std::uint8_t ecn = 0; ecn <= 3; ++ecn) {
    const PacketPtr made = packet(flow_frame(1, 100, ecn));
    EXPECT_EQ(mark_congestion(*made), ecn != 0);
    EXPECT_EQ(ecn_in(*made), ecn == 0 ? 0 : 3);
    const auto view = wire::Ipv4View::parse(made->bytes().subspan(14));
    ASSERT_TRUE(view.has_value());
    EXPECT_TRUE(view->checksum_is_valid());
  }
}

TEST_F(FlowTest, MarksIpv6BehindATag) {
  const Endpoint six{*IpAddress::parse("fd00::1"), 7}, peer{*IpAddress::parse("fd00::2"), 9};
  support::Frame ip = support::udp_packet(six, peer, support::pattern(50));
  wire::Ipv6Layout::TrafficClass::set(ip.writable(), 0xb8 | 2);
  support::Frame tag = support::big_endian16(5) + support::big_endian16(wire::kEtherTypeIpv6);
  const PacketPtr made = packet(support::ethernet(kMacB, kMacA, wire::kEtherTypeVlan, tag + ip));
  EXPECT_TRUE(mark_congestion(*made));
  EXPECT_EQ(wire::Ipv6Layout::TrafficClass::get(made->bytes().subspan(18)), 0xb8 | 3);
}

}  // namespace
}  // namespace strata::sim::flow_test
