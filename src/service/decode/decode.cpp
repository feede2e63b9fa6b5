// SPDX-License-Identifier: Apache-2.0
// The way in, what protocol numbers lead to, and what several layers share.
#include "service/decode/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "strata/wire/ip_protocol.h"

namespace strata::service {

std::vector<DecodedLayer> decode_packet(Medium medium, Bytes packet) {
  decoding::Decoding decoding{.packet = packet};
  if (medium == Medium::kEthernet) {
    decoding::decode_frame(decoding, packet);
  } else {
    decoding::decode_ip(decoding, packet);
  }
  return std::move(decoding.layers);
}

namespace decoding {

void decode_ip(Decoding& decoding, Bytes packet) {
  const bool is_six = !packet.empty() && std::to_integer<unsigned>(packet[0]) >> 4U == 6;
  return is_six ? decode_ipv6(decoding, packet) : decode_ipv4(decoding, packet);
}

void decode_protocol(Decoding& decoding, std::uint8_t protocol, Bytes payload,
                     const Carrier& carrier) {
  if (decoding.is_full()) return;
  switch (protocol) {
    case wire::kIpProtocolIcmpv4: return decode_icmpv4(decoding, payload, carrier);
    case wire::kIpProtocolIgmp: return decode_igmp(decoding, payload, carrier);
    case wire::kIpProtocolTcp: return decode_tcp(decoding, payload, carrier);
    case wire::kIpProtocolUdp: return decode_udp(decoding, payload, carrier);
    case wire::kIpProtocolIcmpv6: return decode_icmpv6(decoding, payload, carrier);
    case wire::kIpProtocolIpv4: return decode_ipv4(decoding, payload);
    case wire::kIpProtocolIpv6: return decode_ipv6(decoding, payload);
    case wire::kIpProtocolEsp: return decode_esp(decoding, payload);
    case wire::kIpProtocolAh: {
      const std::uint8_t next = decode_authentication(decoding, payload);
      const std::size_t size = std::min(decoding.layers.back().size, payload.size());
      if (next == wire::kIpProtocolNoNextHeader) return;
      return decode_protocol(decoding, next, payload.subspan(size), carrier);
    }
    default: break;
  }
  const std::string_view name = protocol_name(protocol);
  decode_data(decoding, name.empty() ? "Data" : name, payload);
}

void decode_data(Decoding& decoding, std::string_view name, Bytes bytes) {
  if (bytes.empty()) return;
  LayerWriter writer(decoding, name, bytes, bytes.size());
  writer.add("Bytes", std::to_string(bytes.size()), 0, bytes.size());
  if (name == "Data") writer.note(printable_text(bytes));
}

void decode_quote(Decoding& decoding, const wire::IcmpQuote& quote) {
  const bool was_quoted = std::exchange(decoding.is_quoted, true);
  if (!quote.datagram.empty()) decode_ip(decoding, quote.datagram);
  decoding.is_quoted = was_quoted;
  if (quote.extensions.empty() || decoding.is_full()) return;
  using Layout = wire::IcmpExtensionLayout;
  LayerWriter writer(decoding, "ICMP extensions", quote.extensions, Layout::kSize);
  writer.decimal<Layout::Version>("Version");
  const std::uint64_t checksum = writer.hexadecimal<Layout::Checksum>("Checksum");
  if (checksum == 0) writer.note("none");
  if (checksum != 0 && !was_quoted) {
    writer.note(checksum_note(checksum, wire::partial_sum(quote.extensions)));
  }
  const auto view = wire::IcmpExtensionsView::parse(quote.extensions);
  if (!view) return writer.stop(Layout::kSize, "objects that do not fit");
  std::size_t at = Layout::kSize;
  for (const wire::IcmpExtensionObjectView object : *view) {
    writer.add("Object", bytes_text(object.payload()), at, object.bytes().size(),
               fmt::format("class {}, type {}", object.class_number(), object.class_type()));
    at += object.bytes().size();
  }
  writer.set_size(at);
}

std::string dscp_note(std::uint64_t dscp) {
  if (dscp == 0) return "default";
  if (dscp == 46) return "EF";
  if (dscp % 8 == 0) return fmt::format("CS{}", dscp / 8);
  // RFC 2597 6: four classes of three drop precedences.
  const std::uint64_t group = dscp / 8;
  const bool is_assured = group >= 1 && group <= 4 && dscp % 2 == 0;
  return is_assured ? fmt::format("AF{}{}", group, dscp % 8 / 2) : "";
}

std::string ecn_note(std::uint64_t ecn) {
  constexpr std::string_view kNames[] = {"not ECN-capable", "ECT(1)", "ECT(0)",
                                         "congestion experienced"};
  return std::string(kNames[ecn & 3U]);
}

std::string checksum_note(std::uint64_t carried, wire::Sum sum) {
  if (wire::is_valid(sum)) return "correct";
  const wire::Sum others = sum + -wire::Sum::of(static_cast<std::uint16_t>(carried));
  return fmt::format("wrong: 0x{:04x} expected", wire::fold(others));
}

std::string transport_checksum_note(std::uint64_t carried, std::uint8_t protocol, Bytes message,
                                    const Carrier& carrier) {
  if (!carrier.is_whole) return {};
  const wire::Sum pseudo = wire::pseudo_header_sum(carrier.source, carrier.destination, protocol,
                                                   static_cast<std::uint32_t>(message.size()));
  // What virtio and other offloads leave in the field: the pseudo-header alone, not inverted.
  const auto unfinished = static_cast<std::uint16_t>(~wire::fold(pseudo));
  std::string note = checksum_note(carried, pseudo + wire::partial_sum(message));
  if (note != "correct" && carried == unfinished) return "left to the device";
  return note;
}

std::string bytes_text(Bytes bytes, std::size_t max) {
  std::string text;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), max))) {
    if (!text.empty()) text += ' ';
    text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return bytes.size() > max ? text + " ..." : text;
}

std::string printable_text(Bytes bytes, std::size_t max) {
  std::string text;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), max))) {
    const auto letter = std::to_integer<unsigned char>(byte);
    text += letter >= ' ' && letter <= '~' ? static_cast<char>(letter) : '.';
  }
  return bytes.size() > max ? text + "..." : text;
}

}  // namespace decoding
}  // namespace strata::service
