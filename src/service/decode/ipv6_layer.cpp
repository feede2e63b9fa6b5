// SPDX-License-Identifier: Apache-2.0
// IPv6, its extension headers and IPsec's.
#include <fmt/format.h>

#include <algorithm>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipsec.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

namespace strata::service::decoding {
namespace {

using Layout = wire::Ipv6Layout;

template <typename F>
std::uint8_t put_next_header(LayerWriter& writer) {
  const auto next = static_cast<std::uint8_t>(writer.decimal<F>("Next header"));
  writer.note(std::string(protocol_name(next)));
  return next;
}

void put_fragment(LayerWriter& writer) {
  using Fragment = wire::Ipv6FragmentLayout;
  put_next_header<Fragment::NextHeader>(writer);
  writer.hexadecimal<Fragment::Reserved>("Reserved");
  const std::uint64_t units = writer.decimal<Fragment::Units>("Fragment offset");
  if (units != 0) writer.note(fmt::format("{} bytes into the packet", units * 8));
  writer.flag<Fragment::MoreFragments>("More fragments", "set");
  writer.hexadecimal<Fragment::Identification>("Identification");
}

std::string extension_title(std::uint8_t type) {
  switch (type) {
    case wire::kIpProtocolHopByHop: return "IPv6 hop-by-hop options";
    case wire::kIpProtocolRouting: return "IPv6 routing header";
    case wire::kIpProtocolFragment: return "IPv6 fragment header";
    case wire::kIpProtocolDestinationOptions: return "IPv6 destination options";
    case wire::kIpProtocolMobility: return "IPv6 mobility header";
    default: return fmt::format("IPv6 {} header", protocol_name(type));
  }
}

void put_extension(Decoding& decoding, const wire::Ipv6Extension& link,
                   const IpAddress& destination) {
  if (link.type == wire::kIpProtocolAh) {
    static_cast<void>(decode_authentication(decoding, link.bytes));
    return;
  }
  using Extension = wire::Ipv6ExtensionLayout;
  LayerWriter writer(decoding, extension_title(link.type), link.bytes, link.bytes.size());
  if (link.type == wire::kIpProtocolFragment) return put_fragment(writer);
  put_next_header<Extension::NextHeader>(writer);
  writer.decimal<Extension::Length>("Header length");
  writer.note(fmt::format("{} bytes", link.bytes.size()));
  const Bytes content = link.bytes.subspan(Extension::kSize);
  switch (link.type) {
    case wire::kIpProtocolHopByHop:
    case wire::kIpProtocolDestinationOptions:
      return decode_ipv6_options(writer, content, Extension::kSize);
    case wire::kIpProtocolRouting: return decode_ipv6_routing(writer, destination);
    default: writer.add("Content", bytes_text(content), Extension::kSize, content.size());
  }
}

// RFC 8200 8.1: checksums are made with the last address of a route, which is still to come.
bool is_on_its_way(const wire::Ipv6Extension& link) {
  if (link.type != wire::kIpProtocolRouting) return false;
  const auto routing = wire::Ipv6RoutingView::parse(link.bytes);
  return !routing || routing->segments_left() != 0;
}

// Where the chain ended for another reason than that a protocol follows.
void put_chain_end(Decoding& decoding, const wire::Ipv6ChainWalker& walker) {
  const Bytes rest = walker.payload();
  LayerWriter writer(decoding, extension_title(walker.protocol()), rest, rest.size());
  switch (walker.end().value_or(wire::Ipv6ChainEnd::kTruncated)) {
    case wire::Ipv6ChainEnd::kHopByHopMisplaced:
      return writer.stop(0, "hop-by-hop options stand first or nowhere");
    case wire::Ipv6ChainEnd::kTooMany: return writer.stop(0, "more headers than anybody needs");
    default: return writer.stop(0, "the header does not fit what is left of the packet");
  }
}

void decode_chain(Decoding& decoding, const wire::Ipv6View& ip, Carrier carrier) {
  wire::Ipv6ChainWalker walker(ip.next_header(), ip.payload());
  while (const auto link = walker.next()) {
    put_extension(decoding, *link, carrier.destination);
    if (is_on_its_way(*link)) carrier.is_whole = false;
  }
  const auto fragment = walker.fragment();
  const bool is_part = fragment && (fragment->more_fragments || fragment->fragment_offset != 0);
  carrier.is_whole = carrier.is_whole && !is_part;
  switch (walker.end().value_or(wire::Ipv6ChainEnd::kTruncated)) {
    case wire::Ipv6ChainEnd::kUpperLayer:
    case wire::Ipv6ChainEnd::kNoNextHeader:
    case wire::Ipv6ChainEnd::kEncrypted:
      return decode_protocol(decoding, walker.protocol(), walker.payload(), carrier);
    case wire::Ipv6ChainEnd::kLaterFragment:
      return decode_fragment(decoding, walker.payload(), fragment->fragment_offset);
    default: return put_chain_end(decoding, walker);
  }
}

}  // namespace

void decode_ipv6(Decoding& decoding, Bytes packet) {
  if (decoding.is_full()) return;
  LayerWriter writer(decoding, "IPv6", packet, Layout::kSize);
  if (writer.decimal<Layout::Version>("Version") != 6) return writer.stop(0, "not version 6");
  using Word = Layout::VersionClassFlow;
  decode_traffic_class<wire::Bits<Word, 22, 6>, wire::Bits<Word, 20, 2>>(writer);
  writer.hexadecimal<Layout::FlowLabel>("Flow label");
  const std::uint64_t length = writer.decimal<Layout::PayloadLength>("Payload length");
  const std::size_t total = Layout::kSize + length;
  if (packet.size() >= Layout::kSize && total > packet.size() && !decoding.is_quoted) {
    writer.note(fmt::format("only {} bytes are here", packet.size() - Layout::kSize));
  }
  put_next_header<Layout::NextHeader>(writer);
  writer.decimal<Layout::HopLimit>("Hop limit");
  const Carrier carrier{.source = writer.address<Layout::Source>("Source"),
                        .destination = writer.address<Layout::Destination>("Destination"),
                        .is_whole = !decoding.is_quoted && total <= packet.size()};
  const auto view = wire::Ipv6View::parse_quoted(packet);
  if (!view) return;
  decode_chain(decoding, *view, carrier);
  if (!decoding.is_quoted && packet.size() > total) {
    decode_data(decoding, "Padding", packet.subspan(total));
  }
}

void decode_fragment(Decoding& decoding, Bytes payload, std::size_t fragment_offset) {
  if (payload.empty()) return;
  LayerWriter writer(decoding, "Fragment", payload, payload.size());
  writer.add("Bytes", std::to_string(payload.size()), 0, payload.size(),
             fmt::format("{} to {} of what was cut up", fragment_offset,
                         fragment_offset + payload.size() - 1));
}

std::uint8_t decode_authentication(Decoding& decoding, Bytes bytes) {
  using Ah = wire::AuthenticationLayout;
  LayerWriter writer(decoding, "AH", bytes, Ah::kSize);
  const std::uint8_t next = put_next_header<Ah::NextHeader>(writer);
  writer.decimal<Ah::Length>("Header length");
  writer.hexadecimal<Ah::Reserved>("Reserved");
  writer.hexadecimal<Ah::SecurityParameters>("Security parameters index");
  writer.decimal<Ah::SequenceNumber>("Sequence number");
  const auto view = wire::AuthenticationView::parse(bytes);
  if (!view) {
    writer.stop(Ah::kSize, "the integrity check does not fit what is left of the packet");
    return wire::kIpProtocolNoNextHeader;
  }
  writer.set_size(view->bytes().size());
  const Bytes check = view->integrity_check();
  if (!check.empty()) writer.add("Integrity check", bytes_text(check), Ah::kSize, check.size());
  return next;
}

void decode_esp(Decoding& decoding, Bytes bytes) {
  using Esp = wire::EspLayout;
  LayerWriter writer(decoding, "ESP", bytes, Esp::kSize);
  writer.hexadecimal<Esp::SecurityParameters>("Security parameters index");
  writer.decimal<Esp::SequenceNumber>("Sequence number");
  if (const auto view = wire::EspView::parse(bytes)) {
    decode_data(decoding, "Encrypted", view->sealed());
  }
}

}  // namespace strata::service::decoding
