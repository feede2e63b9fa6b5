// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "strata/wire/dhcp.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/udp.h"

namespace strata::service::decoding {
namespace {

using Layout = wire::UdpLayout;

bool is_dns_port(std::uint64_t port) { return port == 53 || port == 5353 || port == 5355; }

bool is_dhcp_port(std::uint64_t port) {
  return port == wire::kDhcpServerPort || port == wire::kDhcpClientPort;
}

std::string udp_checksum_note(std::uint64_t carried, Bytes datagram, const Carrier& carrier) {
  if (carried != 0) {
    return transport_checksum_note(carried, wire::kIpProtocolUdp, datagram, carrier);
  }
  // RFC 8200 8.1.
  return carrier.source.is_v4() ? "none" : "none, which IPv6 does not allow";
}

}  // namespace

void decode_udp(Decoding& decoding, Bytes datagram, const Carrier& carrier) {
  LayerWriter writer(decoding, "UDP", datagram, Layout::kSize);
  const std::uint64_t from = writer.decimal<Layout::SourcePort>("Source port");
  writer.note(std::string(port_name(from)));
  const std::uint64_t to = writer.decimal<Layout::DestinationPort>("Destination port");
  writer.note(std::string(port_name(to)));
  const std::uint64_t length = writer.decimal<Layout::Length>("Length");
  const bool is_short = length < Layout::kSize;
  if (is_short) writer.note("less than the header");
  const bool is_cut = length > datagram.size();
  if (is_cut && carrier.is_whole)
    writer.note(fmt::format("only {} bytes are here", datagram.size()));
  const Bytes whole = datagram.first(std::min<std::size_t>(length, datagram.size()));
  const std::uint64_t checksum = writer.hexadecimal<Layout::Checksum>("Checksum");
  if (!is_short && !is_cut) writer.note(udp_checksum_note(checksum, whole, carrier));
  if (writer.has_stopped() || is_short) return;
  const Bytes payload = whole.subspan(std::min(whole.size(), Layout::kSize));
  if (payload.empty()) return;
  if (is_dns_port(from) || is_dns_port(to)) return decode_dns(decoding, payload);
  if (is_dhcp_port(from) || is_dhcp_port(to)) return decode_dhcp(decoding, payload);
  decode_data(decoding, "Data", payload);
}

}  // namespace strata::service::decoding
