// SPDX-License-Identifier: Apache-2.0
// The layers that decode_packet knows: each writes itself and hands on what it carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "service/decode/layer_writer.h"
#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/wire/checksum.h"
#include "strata/wire/icmp_extensions.h"

namespace strata::service::decoding {

// What a protocol needs to know of the IP packet that carries it.
struct Carrier {
  IpAddress source;
  IpAddress destination;
  bool is_whole = false;  // neither cut nor a fragment nor quoted: checksums can be checked
};

// ---- link ----
void decode_frame(Decoding& decoding, Bytes frame);
void decode_arp(Decoding& decoding, Bytes packet);
// What an ethertype stands in front of.
void decode_ethertype(Decoding& decoding, std::uint16_t type, Bytes payload);

// ---- IP ----
void decode_ip(Decoding& decoding, Bytes packet);  // of either version
void decode_ipv4(Decoding& decoding, Bytes packet);
void decode_ipv6(Decoding& decoding, Bytes packet);
// Options of the header that `writer` is at; they begin at `at`.
void decode_ipv4_options(LayerWriter& writer, Bytes options, std::size_t at);
void decode_ipv6_options(LayerWriter& writer, Bytes options, std::size_t at);
void decode_ipv6_routing(LayerWriter& writer, const IpAddress& destination);
// What stands behind the IP header and IPv6's extension headers.
void decode_protocol(Decoding& decoding, std::uint8_t protocol, Bytes payload,
                     const Carrier& carrier);
void decode_fragment(Decoding& decoding, Bytes payload, std::size_t fragment_offset);
[[nodiscard]] std::uint8_t decode_authentication(Decoding& decoding, Bytes bytes);
void decode_esp(Decoding& decoding, Bytes bytes);
// Both the same in either version.
template <typename Dscp, typename Ecn>
void decode_traffic_class(LayerWriter& writer);
[[nodiscard]] std::string dscp_note(std::uint64_t dscp);
[[nodiscard]] std::string ecn_note(std::uint64_t ecn);

template <typename Dscp, typename Ecn>
void decode_traffic_class(LayerWriter& writer) {
  writer.note(dscp_note(writer.decimal<Dscp>("DSCP")));
  writer.note(ecn_note(writer.decimal<Ecn>("ECN")));
}

// ---- what IP carries ----
void decode_icmpv4(Decoding& decoding, Bytes message, const Carrier& carrier);
void decode_icmpv6(Decoding& decoding, Bytes message, const Carrier& carrier);
// The packet that an error quotes, and what stands behind it.
void decode_quote(Decoding& decoding, const wire::IcmpQuote& quote);
void decode_nd(Decoding& decoding, LayerWriter& writer, std::uint8_t type);
void decode_mld(LayerWriter& writer, std::uint8_t type);
void decode_igmp(Decoding& decoding, Bytes message, const Carrier& carrier);
void decode_udp(Decoding& decoding, Bytes datagram, const Carrier& carrier);
void decode_tcp(Decoding& decoding, Bytes segment, const Carrier& carrier);
void decode_tcp_options(LayerWriter& writer, Bytes options, std::size_t at);

// ---- what UDP carries ----
void decode_dns(Decoding& decoding, Bytes message);
void decode_dhcp(Decoding& decoding, Bytes message);

// ---- the rest ----
// Bytes that nobody here reads further, as a layer of their own; none: no layer.
void decode_data(Decoding& decoding, std::string_view name, Bytes bytes);

// "correct", or what it had to be. `sum` is over all that the checksum covers, itself included.
[[nodiscard]] std::string checksum_note(std::uint64_t carried, wire::Sum sum);
// The same over a pseudo-header, where a device may be meant to finish it.
[[nodiscard]] std::string transport_checksum_note(std::uint64_t carried, std::uint8_t protocol,
                                                  Bytes message, const Carrier& carrier);
// "0a 0b 0c", cut after so many bytes.
[[nodiscard]] std::string bytes_text(Bytes bytes, std::size_t max = 32);
// Letters as they are, everything else as a dot.
[[nodiscard]] std::string printable_text(Bytes bytes, std::size_t max = 64);

}  // namespace strata::service::decoding
