// SPDX-License-Identifier: Apache-2.0
// Frames for tests: built from values with right lengths and checksums, and read back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/wire/arp.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"
#include "strata/wire/udp.h"
#include "strata/wire/vlan.h"

namespace strata::support {

// Bytes of a frame, or of a part of one.
class Frame : public std::vector<std::byte> {
 public:
  using std::vector<std::byte>::vector;
  explicit Frame(Bytes bytes) : std::vector<std::byte>(bytes.begin(), bytes.end()) {}

  [[nodiscard]] Bytes all() const { return {data(), size()}; }
  [[nodiscard]] MutableBytes writable() { return {data(), size()}; }
  Frame& operator+=(Bytes more) {
    insert(end(), more.begin(), more.end());
    return *this;
  }
  friend Frame operator+(Frame a, const Frame& b) {
    a += b.all();
    return a;
  }
};
using Frames = std::vector<Frame>;

[[nodiscard]] inline Frame bytes(std::initializer_list<unsigned> values) {
  Frame frame;
  for (const unsigned value : values) frame.push_back(static_cast<std::byte>(value));
  return frame;
}
[[nodiscard]] inline Frame text(std::string_view characters) {
  return Frame(std::as_bytes(std::span(characters)));
}
// Bytes that differ from each other, so that a misplaced slice shows.
[[nodiscard]] inline Frame pattern(std::size_t size, unsigned seed = 1) {
  Frame frame(size);
  for (std::size_t i = 0; i < size; ++i) {
    frame[i] = static_cast<std::byte>((i * 7 + i / 251 + seed) & 0xff);
  }
  return frame;
}

// ── IP ────────────────────────────────────────────────────────────────────────────────────────
// Lengths and the checksum are filled in; what else the header says is taken as it is.
[[nodiscard]] inline Frame ipv4_packet(wire::Ipv4Header header, const Frame& payload,
                                       const Frame& options = {}) {
  header.header_length = static_cast<std::uint8_t>(wire::Ipv4Layout::kSize + options.size());
  header.total_length = static_cast<std::uint16_t>(header.header_length + payload.size());
  Frame packet(wire::Ipv4Layout::kSize);
  write(header, packet.writable().first<wire::Ipv4Layout::kSize>());
  packet += options.all();
  wire::set_ipv4_checksum(packet.writable());
  return packet + payload;
}

[[nodiscard]] inline Frame ipv6_packet(wire::Ipv6Header header, const Frame& payload) {
  header.payload_length = static_cast<std::uint16_t>(payload.size());
  Frame packet(wire::Ipv6Layout::kSize);
  write(header, packet.writable().first<wire::Ipv6Layout::kSize>());
  return packet + payload;
}

// Either family, by the addresses.
[[nodiscard]] inline Frame ip_packet(const IpAddress& source, const IpAddress& destination,
                                     std::uint8_t protocol, const Frame& payload,
                                     std::uint8_t hop_limit = 64) {
  if (destination.is_v4()) {
    return ipv4_packet({.time_to_live = hop_limit,
                        .protocol = protocol,
                        .source = source,
                        .destination = destination},
                       payload);
  }
  return ipv6_packet({.next_header = protocol,
                      .hop_limit = hop_limit,
                      .source = source,
                      .destination = destination},
                     payload);
}

[[nodiscard]] inline wire::Sum upper_sum(const IpAddress& source, const IpAddress& destination,
                                         std::uint8_t protocol, Bytes bytes) {
  return wire::partial_sum(bytes) +
         wire::pseudo_header_sum(source, destination, protocol,
                                 static_cast<std::uint32_t>(bytes.size()));
}

// ── UDP and ICMP: the bytes behind the IP header ──────────────────────────────────────────────
[[nodiscard]] inline Frame udp_datagram(const Endpoint& source, const Endpoint& destination,
                                        const Frame& payload) {
  Frame datagram(wire::UdpLayout::kSize);
  datagram += payload.all();
  const auto header = datagram.writable().first<wire::UdpLayout::kSize>();
  write(wire::UdpHeader{.source_port = source.port,
                        .destination_port = destination.port,
                        .length = static_cast<std::uint16_t>(datagram.size())},
        header);
  wire::UdpLayout::Checksum::set(
      header, fold_for_udp(upper_sum(source.address, destination.address, wire::kIpProtocolUdp,
                                     datagram.all())));
  return datagram;
}

// `rest` is what follows the checksum; both families lay it out alike.
[[nodiscard]] inline Frame icmp_message(const IpAddress& source, const IpAddress& destination,
                                        std::uint8_t type, std::uint8_t code, const Frame& rest) {
  Frame message(4);
  message[0] = std::byte{type};
  message[1] = std::byte{code};
  message += rest.all();
  const wire::Sum sum =
      destination.is_v4() ? wire::partial_sum(message.all())
                          : upper_sum(source, destination, wire::kIpProtocolIcmpv6, message.all());
  wire::Icmpv6Layout::Checksum::set(message.writable(), fold(sum));
  return message;
}

// ── Whole IP packets ──────────────────────────────────────────────────────────────────────────
[[nodiscard]] inline Frame udp_packet(const Endpoint& source, const Endpoint& destination,
                                      const Frame& payload, std::uint8_t hop_limit = 64) {
  return ip_packet(source.address, destination.address, wire::kIpProtocolUdp,
                   udp_datagram(source, destination, payload), hop_limit);
}

[[nodiscard]] inline Frame icmp_packet(const IpAddress& source, const IpAddress& destination,
                                       std::uint8_t type, std::uint8_t code, const Frame& rest,
                                       std::uint8_t hop_limit = 64) {
  return ip_packet(source, destination,
                   destination.is_v4() ? wire::kIpProtocolIcmpv4 : wire::kIpProtocolIcmpv6,
                   icmp_message(source, destination, type, code, rest), hop_limit);
}

[[nodiscard]] inline Frame icmp_packet(const IpAddress& source, const IpAddress& destination,
                                       wire::Icmpv4Type type, std::uint8_t code,
                                       const Frame& rest) {
  return icmp_packet(source, destination, static_cast<std::uint8_t>(type), code, rest);
}
[[nodiscard]] inline Frame icmp_packet(const IpAddress& source, const IpAddress& destination,
                                       wire::Icmpv6Type type, std::uint8_t code, const Frame& rest,
                                       std::uint8_t hop_limit = 64) {
  return icmp_packet(source, destination, static_cast<std::uint8_t>(type), code, rest, hop_limit);
}

[[nodiscard]] inline Frame big_endian16(unsigned value) {
  return bytes({value >> 8U & 0xffU, value & 0xffU});
}
[[nodiscard]] inline Frame big_endian32(std::uint32_t value) {
  return big_endian16(value >> 16U) + big_endian16(value & 0xffffU);
}

[[nodiscard]] inline Frame echo_request(const IpAddress& source, const IpAddress& destination,
                                        unsigned identifier, unsigned sequence_number,
                                        const Frame& payload) {
  const Frame rest = big_endian16(identifier) + big_endian16(sequence_number) + payload;
  return destination.is_v4()
             ? icmp_packet(source, destination, wire::Icmpv4Type::kEchoRequest, 0, rest)
             : icmp_packet(source, destination, wire::Icmpv6Type::kEchoRequest, 0, rest);
}
[[nodiscard]] inline Frame echo_reply(const IpAddress& source, const IpAddress& destination,
                                      unsigned identifier, unsigned sequence_number,
                                      const Frame& payload) {
  const Frame rest = big_endian16(identifier) + big_endian16(sequence_number) + payload;
  return destination.is_v4()
             ? icmp_packet(source, destination, wire::Icmpv4Type::kEchoReply, 0, rest)
             : icmp_packet(source, destination, wire::Icmpv6Type::kEchoReply, 0, rest);
}

// ── Link ──────────────────────────────────────────────────────────────────────────────────────
[[nodiscard]] inline Frame ethernet(const MacAddress& destination, const MacAddress& source,
                                    std::uint16_t type, const Frame& payload) {
  Frame frame(wire::EthernetLayout::kSize);
  write(wire::EthernetHeader{destination, source, type},
        frame.writable().first<wire::EthernetLayout::kSize>());
  return frame + payload;
}

[[nodiscard]] inline Frame vlan_tag(const wire::VlanHeader& header) {
  Frame tag(wire::VlanLayout::kSize);
  write(header, tag.writable().first<wire::VlanLayout::kSize>());
  return tag;
}

[[nodiscard]] inline Frame arp_packet(const wire::ArpHeader& header) {
  Frame packet(wire::ArpLayout::kSize);
  write(header, packet.writable().first<wire::ArpLayout::kSize>());
  return packet;
}

// An IP packet in a frame; the ethertype follows from its version.
[[nodiscard]] inline Frame ip_frame(const MacAddress& destination, const MacAddress& source,
                                    const Frame& packet) {
  const bool is_v4 = !packet.empty() && std::to_integer<unsigned>(packet[0]) >> 4U == 4;
  return ethernet(destination, source, is_v4 ? wire::kEtherTypeIpv4 : wire::kEtherTypeIpv6, packet);
}

// ── Reading back ──────────────────────────────────────────────────────────────────────────────
// What a frame says, as far as it can be read; what is not there stays empty.
struct Decoded {
  wire::EthernetHeader link;
  std::vector<wire::VlanTags::Tag> tags;
  std::uint16_t ethertype = 0;
  std::optional<wire::ArpHeader> arp;
  std::optional<wire::Ipv4Header> v4;
  std::optional<wire::Ipv6Header> v6;
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = 0;
  std::uint8_t traffic_class = 0;
  std::optional<wire::Ipv6FragmentHeader> fragment;
  Frame packet;  // from the IP header on
  Frame upper;   // behind the IP header and its extensions

  [[nodiscard]] bool is_ip() const { return v4 || v6; }
  [[nodiscard]] bool is_fragment() const {
    return (v4 && (v4->more_fragments || v4->fragment_offset != 0)) || fragment;
  }
  // UDP and ICMP only.
  [[nodiscard]] bool checksum_is_right() const {
    if (protocol == wire::kIpProtocolIcmpv4) return is_valid(wire::partial_sum(upper.all()));
    return is_valid(upper_sum(source, destination, protocol, upper.all()));
  }
};

[[nodiscard]] inline Decoded decode_ip(Bytes packet) {
  Decoded result;
  result.packet = Frame(packet);
  if (const auto v4 = wire::Ipv4View::parse(packet)) {
    if (!v4->checksum_is_valid()) return result;
    result.v4 = v4->header();
    result.source = v4->source();
    result.destination = v4->destination();
    result.protocol = v4->protocol();
    result.hop_limit = v4->time_to_live();
    result.traffic_class = v4->traffic_class();
    result.upper = Frame(v4->payload());
  } else if (const auto v6 = wire::Ipv6View::parse(packet)) {
    const auto upper = wire::find_upper_layer(v6->next_header(), v6->payload());
    result.v6 = v6->header();
    result.source = v6->source();
    result.destination = v6->destination();
    result.protocol = upper.protocol;
    result.hop_limit = v6->hop_limit();
    result.traffic_class = v6->traffic_class();
    result.fragment = upper.fragment;
    result.upper = Frame(upper.payload);
  }
  return result;
}

[[nodiscard]] inline Decoded decode(Bytes frame) {
  const auto link = wire::EthernetView::parse(frame);
  if (!link) return {};
  const auto tags = wire::parse_vlan_tags(link->type(), link->payload());
  if (!tags) return {};
  Decoded result;
  if (tags->type == wire::kEtherTypeIpv4 || tags->type == wire::kEtherTypeIpv6) {
    result = decode_ip(tags->payload);
  } else if (tags->type == wire::kEtherTypeArp) {
    if (const auto arp = wire::ArpView::parse(tags->payload)) result.arp = arp->header();
  }
  result.link = link->header();
  result.tags.assign(tags->tags.begin(),
                     tags->tags.begin() + static_cast<std::ptrdiff_t>(tags->count));
  result.ethertype = tags->type;
  return result;
}

// What gtest shows of a frame that was not expected.
inline void PrintTo(const Frame& frame, std::ostream* out) {
  const Decoded is = decode(frame.all());
  *out << frame.size() << " bytes to " << to_text(is.link.destination).view() << ": ";
  if (is.arp) {
    *out << (is.arp->operation == wire::ArpOperation::kRequest ? "who has " : "reply to ")
         << to_text(is.arp->target_ip).view() << ", says " << to_text(is.arp->sender_ip).view();
  } else if (is.is_ip()) {
    *out << to_text(is.source).view() << " > " << to_text(is.destination).view() << " protocol "
         << unsigned{is.protocol} << " hops " << unsigned{is.hop_limit};
    if (!is.upper.empty()) *out << " begins " << std::to_integer<unsigned>(is.upper[0]);
  } else {
    *out << "ethertype " << is.ethertype;
  }
}

}  // namespace strata::support
