// SPDX-License-Identifier: Apache-2.0
#include "driver/partial_checksum.h"

#include <gtest/gtest.h>

#include <vector>

#include "driver/packets.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"

namespace strata::driver::partial_checksum_test {
namespace {

constexpr std::size_t kText = 100;

struct Shape {
  bool is_v4 = true;
  std::uint8_t protocol = wire::kIpProtocolTcp;
  std::size_t tags = 0;
  std::uint8_t fragment = 0;
};

// A frame whose checksum field holds the pseudo-header's sum.
struct Unfinished {
  std::vector<std::byte> bytes;
  std::size_t transport = 0;
  std::size_t field = 0;
};

Unfinished make(const Shape& shape) {
  const std::size_t network = 14 + shape.tags * 4;
  const std::size_t transport = network + (shape.is_v4 ? 20 : 40);
  Unfinished made{std::vector<std::byte>(transport + kText, std::byte{0x5a}), transport,
                  transport + (shape.protocol == wire::kIpProtocolTcp ? 16U : 6U)};
  const MutableBytes bytes(made.bytes);
  for (std::size_t tag = 0; tag < shape.tags; ++tag) {
    store_big_endian<std::uint16_t>(bytes.data() + 12 + tag * 4, std::uint16_t{0x8100});
  }
  store_big_endian<std::uint16_t>(
      bytes.data() + network - 2,
      std::uint16_t{shape.is_v4 ? std::uint16_t{0x0800} : std::uint16_t{0x86dd}});
  IpAddress source = *IpAddress::parse("192.0.2.1");
  IpAddress destination = *IpAddress::parse("192.0.2.2");
  if (shape.is_v4) {
    wire::Ipv4Header ip;
    ip.total_length = 20 + kText;
    ip.protocol = shape.protocol;
    ip.source = source;
    ip.destination = destination;
    wire::write(ip, bytes.subspan(network).first<20>());
    bytes[network + 6] = static_cast<std::byte>(shape.fragment);
  } else {
    source = *IpAddress::parse("2001:db8::1");
    destination = *IpAddress::parse("2001:db8::2");
    wire::Ipv6Header ip;
    ip.payload_length = kText;
    ip.next_header = shape.protocol;
    ip.source = source;
    ip.destination = destination;
    wire::write(ip, bytes.subspan(network).first<40>());
  }
  const wire::Sum pseudo = wire::pseudo_header_sum(source, destination, shape.protocol, kText);
  store_big_endian<std::uint16_t>(bytes.data() + made.field,
                                  static_cast<std::uint16_t>(~wire::fold(pseudo)));
  return made;
}

TEST(PartialChecksum, IsFoundInTcpAndUdpOfBothFamiliesBehindTags) {
  TestPool pool;
  for (const bool is_v4 : {true, false}) {
    for (const std::uint8_t protocol : {wire::kIpProtocolTcp, wire::kIpProtocolUdp}) {
      for (const std::size_t tags : {0UL, 1UL, 2UL}) {
        const Unfinished made = make({.is_v4 = is_v4, .protocol = protocol, .tags = tags});
        const PacketPtr frame = packet_of(pool.pool, made.bytes);
        note_partial_checksum(*frame);
        EXPECT_EQ(frame->notes().checksum, ChecksumState::kPartial);
        EXPECT_EQ(frame->notes().transport_offset, made.transport);
        EXPECT_EQ(frame->notes().transport_offset + frame->notes().checksum_offset, made.field);
      }
    }
  }
}

TEST(PartialChecksum, OtherSumsAndFragmentsAreLeftToTheStack) {
  TestPool pool;
  Unfinished other = make({});
  other.bytes[other.field] ^= std::byte{1};
  Unfinished fragment = make({.fragment = 0x20});
  for (const Unfinished& made : {other, fragment, make({.protocol = std::uint8_t{1}})}) {
    const PacketPtr frame = packet_of(pool.pool, made.bytes);
    note_partial_checksum(*frame);
    EXPECT_EQ(frame->notes().checksum, ChecksumState::kUnknown);
  }
}

TEST(PartialChecksum, FramesOfAnyLengthAndBytesAreSafe) {
  TestPool pool;
  Rng rng(1);
  for (const bool is_v4 : {true, false}) {
    const Unfinished made = make({.is_v4 = is_v4});
    for (std::size_t size = 14; size < made.bytes.size(); ++size) {
      const PacketPtr frame = packet_of(pool.pool, Bytes(made.bytes).first(size));
      note_partial_checksum(*frame);
      EXPECT_EQ(frame->notes().checksum == ChecksumState::kPartial, size >= made.field + 2) << size;
    }
  }
  for (int round = 0; round < 2000; ++round) {
    auto bytes = random_frame(rng, 14 + rng.below(100));
    const PacketPtr frame = packet_of(pool.pool, bytes);
    note_partial_checksum(*frame);
    EXPECT_EQ(bytes_of(*frame), bytes);
  }
}

}  // namespace
}  // namespace strata::driver::partial_checksum_test
