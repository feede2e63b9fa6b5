// SPDX-License-Identifier: Apache-2.0
// IP packets and fragments for tests of the IP engines.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ip/reassembly.h"
#include "strata/packet_pool.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

namespace strata::ip {

using ByteVector = std::vector<std::byte>;

inline constexpr IpAddress kAliceV4 = IpAddress::v4(192, 0, 2, 1);
inline constexpr IpAddress kBobV4 = IpAddress::v4(192, 0, 2, 2);
inline constexpr IpAddress kAliceV6 = IpAddress::v6(0x2001'0db8'0000'0000, 1);
inline constexpr IpAddress kBobV6 = IpAddress::v6(0x2001'0db8'0000'0000, 2);

[[nodiscard]] inline ByteVector bytes_of(const Packet& packet) {
  ByteVector bytes(packet.size());
  packet.copy_out(0, bytes);
  return bytes;
}

// Bytes that tell their own place.
[[nodiscard]] inline ByteVector pattern(std::size_t size, unsigned seed = 0) {
  ByteVector bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(i * 7 + i / 251 + seed);
  }
  return bytes;
}

[[nodiscard]] inline ByteVector ipv4_bytes(wire::Ipv4Header header, Bytes payload,
                                           Bytes options = {}) {
  header.header_length = static_cast<std::uint8_t>(wire::Ipv4Layout::kSize + options.size());
  header.total_length = static_cast<std::uint16_t>(header.header_length + payload.size());
  ByteVector bytes(header.total_length);
  write(header, std::span(bytes).first<wire::Ipv4Layout::kSize>());
  copy_bytes(options, std::span(bytes).subspan(wire::Ipv4Layout::kSize));
  wire::set_ipv4_checksum(std::span(bytes).first(header.header_length));
  copy_bytes(payload, std::span(bytes).subspan(header.header_length));
  return bytes;
}

// `payload` begins with the first extension header.
[[nodiscard]] inline ByteVector ipv6_bytes(wire::Ipv6Header header, Bytes payload) {
  header.payload_length = static_cast<std::uint16_t>(payload.size());
  ByteVector bytes(wire::Ipv6Layout::kSize + payload.size());
  write(header, std::span(bytes).first<wire::Ipv6Layout::kSize>());
  copy_bytes(payload, std::span(bytes).subspan(wire::Ipv6Layout::kSize));
  return bytes;
}

[[nodiscard]] inline PacketPtr packet_of(PacketPool& pool, Bytes bytes) {
  PacketPtr packet = pool.allocate_for(bytes.size());
  STRATA_CHECK(packet != nullptr);
  copy_bytes(bytes, packet->append(bytes.size()));
  return packet;
}

// What the stack does before it hands a packet to Reassembly.
[[nodiscard]] inline Fragment fragment_of(PacketPtr packet) {
  Fragment fragment;
  const Bytes bytes = packet->bytes();
  if (const auto v4 = wire::Ipv4View::parse_quoted(bytes)) {
    fragment.source = v4->source();
    fragment.destination = v4->destination();
    fragment.identification = v4->identification();
    fragment.protocol = v4->protocol();
    fragment.offset = v4->fragment_offset();
    fragment.more = v4->more_fragments();
    fragment.ecn = v4->traffic_class() & 3U;
    fragment.header_length = static_cast<std::uint16_t>(v4->header_length());
  } else {
    const auto v6 = wire::Ipv6View::parse_quoted(bytes);
    STRATA_CHECK(v6.has_value());
    wire::Ipv6ChainWalker chain(v6->next_header(), v6->payload());
    std::size_t named_at = wire::Ipv6Layout::NextHeader::kBegin;
    auto extension = chain.next();
    while (extension && extension->type != wire::kIpProtocolFragment) {
      named_at = wire::Ipv6Layout::kSize + extension->offset;
      extension = chain.next();
    }
    STRATA_CHECK(extension.has_value());
    const auto header = wire::Ipv6FragmentView::parse(extension->bytes)->header();
    fragment.source = v6->source();
    fragment.destination = v6->destination();
    fragment.identification = header.identification;
    fragment.protocol = header.next_header;
    fragment.offset = header.fragment_offset;
    fragment.more = header.more_fragments;
    fragment.ecn = v6->traffic_class() & 3U;
    fragment.header_length = static_cast<std::uint16_t>(
        wire::Ipv6Layout::kSize + extension->offset + wire::Ipv6FragmentLayout::kSize);
    fragment.next_header_at = static_cast<std::uint16_t>(named_at);
  }
  fragment.packet = std::move(packet);
  return fragment;
}

// One fragment of `payload`, made by hand so that it can be wrong.
struct Slice {
  bool is_v4 = true;
  std::size_t offset = 0;
  std::size_t size = 0;
  bool more = true;
  std::uint32_t identification = 1;
  std::uint8_t ecn = 0;
  IpAddress source{};  // unspecified: Alice
};

[[nodiscard]] inline ByteVector fragment_bytes(const Slice& slice, Bytes payload) {
  const Bytes part = payload.subspan(slice.offset, slice.size);
  const bool has_source = !slice.source.is_unspecified();
  if (slice.is_v4) {
    wire::Ipv4Header header;
    header.traffic_class = slice.ecn;
    header.identification = static_cast<std::uint16_t>(slice.identification);
    header.more_fragments = slice.more;
    header.fragment_offset = static_cast<std::uint16_t>(slice.offset);
    header.protocol = wire::kIpProtocolUdp;
    header.source = has_source ? slice.source : kAliceV4;
    header.destination = kBobV4;
    return ipv4_bytes(header, part);
  }
  ByteVector body(wire::Ipv6FragmentLayout::kSize + part.size());
  write(wire::Ipv6FragmentHeader{.next_header = wire::kIpProtocolUdp,
                                 .fragment_offset = static_cast<std::uint16_t>(slice.offset),
                                 .more_fragments = slice.more,
                                 .identification = slice.identification},
        std::span(body).first<wire::Ipv6FragmentLayout::kSize>());
  copy_bytes(part, std::span(body).subspan(wire::Ipv6FragmentLayout::kSize));
  wire::Ipv6Header header;
  header.traffic_class = slice.ecn;
  header.next_header = wire::kIpProtocolFragment;
  header.source = has_source ? slice.source : kAliceV6;
  header.destination = kBobV6;
  return ipv6_bytes(header, body);
}

[[nodiscard]] inline Fragment fragment_of(PacketPool& pool, const Slice& slice, Bytes payload) {
  return fragment_of(packet_of(pool, fragment_bytes(slice, payload)));
}

}  // namespace strata::ip
