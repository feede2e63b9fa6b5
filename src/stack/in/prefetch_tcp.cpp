// SPDX-License-Identifier: Apache-2.0
#include "stack/in/prefetch_tcp.h"

#include <array>

#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"

namespace strata::stack {
namespace {

using wire::Ipv4Layout;
using wire::Ipv6Layout;
using wire::TcpLayout;

constexpr std::byte kUsualIpv4{0x45};  // version 4, no options

tcp::Flow with_ports(const IpAddress& local, const IpAddress& remote, Bytes tcp) {
  return {.local_address = local,
          .remote_address = remote,
          .local_port = TcpLayout::DestinationPort::get(tcp),
          .remote_port = TcpLayout::SourcePort::get(tcp)};
}

}  // namespace

std::optional<tcp::Flow> glance_at_flow(const Packet& packet) {
  const Bytes bytes = packet.bytes();
  if (packet.notes().scratch == 4) {
    if (bytes.size() < Ipv4Layout::kSize + TcpLayout::kSize || bytes[0] != kUsualIpv4 ||
        Ipv4Layout::Protocol::get(bytes) != wire::kIpProtocolTcp) {
      return std::nullopt;
    }
    return with_ports(Ipv4Layout::Destination::get(bytes), Ipv4Layout::Source::get(bytes),
                      bytes.subspan(Ipv4Layout::kSize));
  }
  if (bytes.size() < Ipv6Layout::kSize + TcpLayout::kSize ||
      Ipv6Layout::NextHeader::get(bytes) != wire::kIpProtocolTcp) {
    return std::nullopt;
  }
  return with_ports(Ipv6Layout::Destination::get(bytes), Ipv6Layout::Source::get(bytes),
                    bytes.subspan(Ipv6Layout::kSize));
}

void prefetch_tcp(const Core& core, const PacketBatch& packets) {
  if (packets.size() < 2) return;
  std::array<tcp::Flow, tcp::Transport::kFlowsMax> flows;
  std::size_t count = 0;
  for (const Packet* packet : packets.packets()) {
    const auto flow = glance_at_flow(*packet);
    // Segments of one flow come in rows.
    if (!flow || (count != 0 && flows[count - 1] == *flow)) continue;
    flows[count++] = *flow;
    if (count == flows.size()) break;
  }
  core.tcp->prefetch(std::span(flows).first(count));
}

}  // namespace strata::stack
