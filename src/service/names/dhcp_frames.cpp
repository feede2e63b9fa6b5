// SPDX-License-Identifier: Apache-2.0
#include "service/names/dhcp_frames.h"

#include <span>

#include "strata/wire/checksum.h"
#include "strata/wire/dhcp.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/udp.h"

namespace strata::service {
namespace {

constexpr std::size_t kHeaders =
    wire::EthernetLayout::kSize + wire::Ipv4Layout::kSize + wire::UdpLayout::kSize;

}  // namespace

std::vector<std::byte> dhcp_frame(const MacAddress& source_mac, const IpAddress& source,
                                  Bytes message) {
  const IpAddress to = IpAddress::limited_broadcast();
  const auto udp_length = static_cast<std::uint16_t>(wire::UdpLayout::kSize + message.size());
  std::vector<std::byte> frame(kHeaders + message.size());
  const std::span<std::byte> all(frame);
  write(wire::EthernetHeader{MacAddress::broadcast(), source_mac, wire::kEtherTypeIpv4},
        all.first<wire::EthernetLayout::kSize>());
  wire::Ipv4Header ip{
      .total_length = static_cast<std::uint16_t>(wire::Ipv4Layout::kSize + udp_length),
      .protocol = wire::kIpProtocolUdp,
      .source = source,
      .destination = to};
  ip.checksum = wire::checksum_of(ip);
  write(ip, all.subspan<wire::EthernetLayout::kSize, wire::Ipv4Layout::kSize>());
  wire::UdpHeader udp{wire::kDhcpClientPort, wire::kDhcpServerPort, udp_length, 0};
  udp.checksum =
      wire::fold_for_udp(wire::pseudo_header_sum(source, to, wire::kIpProtocolUdp, udp_length) +
                         wire::sum_of(udp) + wire::partial_sum(message));
  write(udp, all.subspan<kHeaders - wire::UdpLayout::kSize, wire::UdpLayout::kSize>());
  copy_bytes(message, all.subspan(kHeaders));
  return frame;
}

// The UDP checksum is not looked at: a server on our own host leaves it to a device that is not
// there, and a client checks transaction and hardware address anyway.
std::optional<Bytes> dhcp_payload(Bytes frame) {
  const auto ethernet = wire::EthernetView::parse(frame);
  if (!ethernet || ethernet->type() != wire::kEtherTypeIpv4) return std::nullopt;
  const auto ip = wire::Ipv4View::parse(ethernet->payload());
  if (!ip || !ip->checksum_is_valid()) return std::nullopt;
  const wire::Ipv4Header header = ip->header();
  if (header.protocol != wire::kIpProtocolUdp) return std::nullopt;
  if (header.more_fragments || header.fragment_offset != 0) return std::nullopt;
  const auto udp = wire::UdpView::parse(ip->payload());
  if (!udp || udp->destination_port() != wire::kDhcpClientPort) return std::nullopt;
  return udp->payload();
}

}  // namespace strata::service
