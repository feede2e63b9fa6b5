// SPDX-License-Identifier: Apache-2.0
#include "strata/rewrite.h"

#include "strata/wire/checksum.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"

namespace strata {
namespace {

constexpr std::size_t kPortsBytes = 4;

// Where the parts of a packet are, and what they say.
struct Places {
  bool is_v4 = false;
  std::size_t transport = 0;
  std::uint8_t protocol = 0;
  IpAddress source, destination;
};

// Extension headers in front of IPv6's transport are not looked through: who has them travels
// unchanged.
std::optional<Places> places_of(Bytes bytes) {
  if (const auto view = wire::Ipv4View::parse_quoted(bytes)) {
    if (view->fragment_offset() != 0) return std::nullopt;
    return Places{true, view->header_length(), view->protocol(), view->source(),
                  view->destination()};
  }
  if (bytes.size() < wire::Ipv6Layout::kSize || wire::Ipv6Layout::Version::get(bytes) != 6) {
    return std::nullopt;
  }
  return Places{false, wire::Ipv6Layout::kSize, wire::Ipv6Layout::NextHeader::get(bytes),
                wire::Ipv6Layout::Source::get(bytes), wire::Ipv6Layout::Destination::get(bytes)};
}

// Where the transport's checksum stands, from the transport header on; none for other protocols.
std::optional<std::size_t> checksum_offset(std::uint8_t protocol) {
  if (protocol == wire::kIpProtocolTcp) return wire::TcpLayout::Checksum::kBegin;
  if (protocol == wire::kIpProtocolUdp) return wire::UdpLayout::Checksum::kBegin;
  return std::nullopt;
}

// What leaves a sum and what comes in its place.
struct Difference {
  wire::Sum removed, added;

  template <typename Value>
  void change(const Value& from, const Value& to) {
    removed = removed + wire::Sum::of(from);
    added = added + wire::Sum::of(to);
  }
};

Difference change_addresses(MutableBytes bytes, const Places& at, const Rewrite& change) {
  Difference difference;
  const auto replace = [&](const std::optional<IpAddress>& by, const IpAddress& present,
                           auto set_v4, auto set_v6) {
    if (!by) return;
    difference.change(present, *by);
    at.is_v4 ? set_v4(*by) : set_v6(*by);
  };
  replace(
      change.source, at.source,
      [&](const IpAddress& a) { wire::Ipv4Layout::Source::set(bytes, a); },
      [&](const IpAddress& a) { wire::Ipv6Layout::Source::set(bytes, a); });
  replace(
      change.destination, at.destination,
      [&](const IpAddress& a) { wire::Ipv4Layout::Destination::set(bytes, a); },
      [&](const IpAddress& a) { wire::Ipv6Layout::Destination::set(bytes, a); });
  return difference;
}

Difference change_ports(MutableBytes transport, const Rewrite& change) {
  Difference difference;
  for (const auto& [by, offset] : {std::pair(change.source_port, std::size_t{0}),
                                   std::pair(change.destination_port, std::size_t{2})}) {
    if (!by) continue;
    difference.change(load_big_endian<std::uint16_t>(transport.data() + offset), *by);
    store_big_endian<std::uint16_t>(transport.data() + offset, *by);
  }
  return difference;
}

// A partial checksum is the sum of the pseudo-header alone, not yet complemented; the ports belong
// to what the device will add.
void update_transport_checksum(MutableBytes field, bool is_partial, bool is_udp,
                               const Difference& addresses, const Difference& ports) {
  const auto present = load_big_endian<std::uint16_t>(field.data());
  if (is_partial) {
    const auto sum = wire::updated_checksum(static_cast<std::uint16_t>(~present), addresses.removed,
                                            addresses.added);
    return store_big_endian<std::uint16_t>(field.data(), static_cast<std::uint16_t>(~sum));
  }
  if (is_udp && present == 0) return;
  auto updated = wire::updated_checksum(present, addresses.removed + ports.removed,
                                        addresses.added + ports.added);
  // RFC 768: zero would say that there is none.
  if (is_udp && updated == 0) updated = 0xffff;
  store_big_endian<std::uint16_t>(field.data(), updated);
}

bool is_of_family(const std::optional<IpAddress>& address, bool is_v4) {
  return !address || address->is_v4() == is_v4;
}

}  // namespace

bool rewrite(Packet& packet, const Rewrite& change) {
  if (!packet.is_writable()) return false;
  const auto at = places_of(packet.bytes());
  if (!at || !is_of_family(change.source, at->is_v4) ||
      !is_of_family(change.destination, at->is_v4)) {
    return false;
  }
  const MutableBytes bytes = packet.mutable_bytes();
  const auto checksum = checksum_offset(at->protocol);
  const std::size_t needed = checksum ? *checksum + 2 : kPortsBytes;
  const bool has_ports = change.source_port || change.destination_port;
  const bool has_transport = bytes.size() >= at->transport + needed;
  if ((has_ports || checksum) && !has_transport) return false;
  if (has_ports && !checksum) return false;
  const Difference addresses = change_addresses(bytes, *at, change);
  if (at->is_v4) {
    wire::Ipv4Layout::Checksum::set(
        bytes, wire::updated_checksum(wire::Ipv4Layout::Checksum::get(bytes), addresses.removed,
                                      addresses.added));
  }
  if (!checksum) return true;
  const MutableBytes transport = bytes.subspan(at->transport);
  const Difference ports = change_ports(transport, change);
  update_transport_checksum(transport.subspan(*checksum, 2),
                            packet.notes().checksum == ChecksumState::kPartial,
                            at->protocol == wire::kIpProtocolUdp, addresses, ports);
  return true;
}

}  // namespace strata
