// SPDX-License-Identifier: Apache-2.0
#include "strata/rewrite.h"

#include <gtest/gtest.h>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "support/tcp_frames.h"

namespace strata::stack::rewrite_test {
namespace {

using namespace strata::support;

struct Pool {
  HeapMemory memory;
  PacketPool pool{memory, {}};

  PacketPtr packet_of(const Frame& frame) {
    PacketPtr packet = pool.allocate_for(frame.size());
    copy_bytes(frame.all(), packet->append(frame.size()));
    return packet;
  }
};

Frame frame_of(const Packet& packet) {
  Frame frame(packet.size());
  packet.copy_out(0, frame);
  return frame;
}

IpAddress random_address(Rng& rng, bool is_v4) {
  if (is_v4) return IpAddress::v4(static_cast<std::uint32_t>(rng.next()));
  return IpAddress::v6(0x2001'0db8'0000'0000 | (rng.next() & 0xffff), rng.next());
}
Endpoint random_endpoint(Rng& rng, bool is_v4) {
  return {random_address(rng, is_v4), static_cast<std::uint16_t>(rng.between(1, 65535))};
}

Frame packet_between(bool is_tcp, const Endpoint& source, const Endpoint& destination,
                     const Frame& payload) {
  return is_tcp ? tcp_packet(source, destination, {.sequence_number = 7, .flags = wire::kTcpAck},
                             payload)
                : udp_packet(source, destination, payload);
}

// What comes out is, byte for byte, what a sender with the new addresses would have sent.
TEST(Rewrite, LeavesWhatASenderWithTheNewAddressesWouldHaveSent) {
  Pool pool;
  Rng rng(1);
  for (int round = 0; round < 2000; ++round) {
    const bool is_v4 = rng.between(0, 1) == 0, is_tcp = rng.between(0, 1) == 0;
    const Endpoint source = random_endpoint(rng, is_v4), destination = random_endpoint(rng, is_v4);
    Endpoint wanted_source = source, wanted_destination = destination;
    Rewrite change;
    if (rng.between(0, 1) == 0) {
      change.source = wanted_source.address = random_address(rng, is_v4);
      change.destination_port = wanted_destination.port = 4711;
    } else {
      change.destination = wanted_destination.address = random_address(rng, is_v4);
      change.source_port = wanted_source.port = 80;
    }
    const Frame payload = pattern(rng.between(0, 200), static_cast<unsigned>(round));
    const PacketPtr packet = pool.packet_of(packet_between(is_tcp, source, destination, payload));
    ASSERT_TRUE(rewrite(*packet, change));
    EXPECT_EQ(frame_of(*packet),
              packet_between(is_tcp, wanted_source, wanted_destination, payload));
  }
}

TEST(Rewrite, ChangesTheAddressesOfAPartialChecksumAlone) {
  Pool pool;
  const Endpoint source{IpAddress::v4(10, 0, 0, 1), 1000}, target{IpAddress::v4(10, 0, 0, 2), 80};
  const Endpoint changed{IpAddress::v4(192, 0, 2, 9), 8080};
  const Frame payload = pattern(100);
  Frame frame = packet_between(true, source, target, payload);
  const auto partial_at = [&](const Endpoint& to) {
    return static_cast<std::uint16_t>(
        ~fold(wire::pseudo_header_sum(source.address, to.address, wire::kIpProtocolTcp, 120)));
  };
  store_big_endian<std::uint16_t>(frame.data() + 36, partial_at(target));
  const PacketPtr packet = pool.packet_of(frame);
  packet->notes().checksum = ChecksumState::kPartial;
  ASSERT_TRUE(rewrite(*packet, {.destination = changed.address, .destination_port = changed.port}));
  EXPECT_EQ(load_big_endian<std::uint16_t>(frame_of(*packet).data() + 36), partial_at(changed));
}

TEST(Rewrite, LeavesUdpWithoutAChecksumWithoutOne) {
  Pool pool;
  const Endpoint source{IpAddress::v4(10, 0, 0, 1), 1000}, target{IpAddress::v4(10, 0, 0, 2), 80};
  Frame frame = packet_between(false, source, target, pattern(10));
  store_big_endian<std::uint16_t>(frame.data() + 26, std::uint16_t{0});
  const PacketPtr packet = pool.packet_of(frame);
  ASSERT_TRUE(rewrite(*packet, {.source_port = std::uint16_t{9}}));
  EXPECT_EQ(load_big_endian<std::uint16_t>(frame_of(*packet).data() + 26), 0);
}

TEST(Rewrite, RefusesWhatItCannotDoAndChangesNothing) {
  Pool pool;
  const Endpoint source{IpAddress::v4(10, 0, 0, 1), 1000}, target{IpAddress::v4(10, 0, 0, 2), 80};
  const Frame whole = packet_between(true, source, target, pattern(10));
  const Rewrite ports{.source_port = std::uint16_t{9}};
  const Rewrite other_family{.source = IpAddress::v6(1, 2)};
  Frame fragment = whole;
  fragment[7] = std::byte{1};
  const Frame echo = echo_request(source.address, target.address, 1, 1, pattern(8));
  struct Case {
    Frame frame;
    Rewrite change;
  };
  for (const auto& [frame, change] :
       {Case{whole, other_family}, Case{Frame(whole.all().first(30)), ports}, Case{echo, ports},
        Case{fragment, ports}, Case{Frame(whole.all().first(3)), ports}}) {
    const PacketPtr packet = pool.packet_of(frame);
    EXPECT_FALSE(rewrite(*packet, change));
    EXPECT_EQ(frame_of(*packet), frame);
  }
  const PacketPtr packet = pool.packet_of(whole);
  const PacketPtr shared = packet->share(0, packet->size());
  EXPECT_FALSE(rewrite(*packet, ports)) << "somebody else reads these bytes";
}

}  // namespace
}  // namespace strata::stack::rewrite_test
