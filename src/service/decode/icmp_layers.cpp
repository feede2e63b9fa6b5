// SPDX-License-Identifier: Apache-2.0
// ICMP and ICMPv6, without neighbour discovery and group membership.
#include <fmt/format.h>

#include <algorithm>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/mld.h"
#include "strata/wire/nd.h"

namespace strata::service::decoding {
namespace {

using wire::Icmpv4Type;
using wire::Icmpv6Type;

template <typename Layout>
void put_echo(Decoding& decoding, LayerWriter& writer) {
  writer.decimal<typename Layout::Identifier>("Identifier");
  writer.decimal<typename Layout::SequenceNumber>("Sequence number");
  writer.set_size(Layout::kSize);
  if (!writer.has_stopped()) decode_data(decoding, "Data", writer.bytes().subspan(Layout::kSize));
}

void put_timestamps(LayerWriter& writer) {
  using Layout = wire::Icmpv4TimestampLayout;
  writer.decimal<Layout::Identifier>("Identifier");
  writer.decimal<Layout::SequenceNumber>("Sequence number");
  writer.decimal<Layout::Originate>("Originate");
  writer.decimal<Layout::Receive>("Receive");
  writer.decimal<Layout::Transmit>("Transmit");
  writer.set_size(Layout::kSize);
}

void put_mask(LayerWriter& writer) {
  using Layout = wire::Icmpv4AddressMaskLayout;
  writer.decimal<Layout::Identifier>("Identifier");
  writer.decimal<Layout::SequenceNumber>("Sequence number");
  writer.hexadecimal<Layout::Mask>("Mask");
  writer.set_size(Layout::kSize);
}

void put_error(Decoding& decoding, LayerWriter& writer, Icmpv4Type type, std::uint64_t code) {
  using Layout = wire::Icmpv4ErrorLayout;
  if (type == Icmpv4Type::kParameterProblem) {
    writer.note(fmt::format("byte {} of the quote", writer.decimal<Layout::Pointer>("Pointer")));
  }
  if (type != Icmpv4Type::kSourceQuench) {
    const std::uint64_t words = writer.decimal<Layout::QuoteLength>("Quote length");
    if (words != 0) writer.note(fmt::format("{} bytes, then extensions", 4 * words));
  }
  const auto needed = static_cast<std::uint64_t>(wire::Icmpv4UnreachableCode::kFragmentationNeeded);
  if (type == Icmpv4Type::kDestinationUnreachable && code == needed) {
    writer.decimal<Layout::NextHopMtu>("Next-hop MTU");
  }
  const auto view = wire::Icmpv4ErrorView::parse(writer.bytes());
  if (view) decode_quote(decoding, {view->quoted(), view->extensions()});
}

void put_body(Decoding& decoding, LayerWriter& writer, Icmpv4Type type, std::uint64_t code) {
  switch (type) {
    case Icmpv4Type::kEchoRequest:
    case Icmpv4Type::kEchoReply: return put_echo<wire::Icmpv4EchoLayout>(decoding, writer);
    case Icmpv4Type::kTimestampRequest:
    case Icmpv4Type::kTimestampReply: return put_timestamps(writer);
    case Icmpv4Type::kAddressMaskRequest:
    case Icmpv4Type::kAddressMaskReply: return put_mask(writer);
    case Icmpv4Type::kRedirect: {
      writer.address<wire::Icmpv4RedirectLayout::Gateway>("Gateway");
      const auto view = wire::Icmpv4RedirectView::parse(writer.bytes());
      if (view) decode_quote(decoding, {view->quoted(), {}});
      return;
    }
    default: break;
  }
  if (wire::is_error(type)) return put_error(decoding, writer, type, code);
  writer.hexadecimal<wire::Icmpv4Layout::Rest>("Rest of header");
  if (!writer.has_stopped()) {
    decode_data(decoding, "Data", writer.bytes().subspan(wire::Icmpv4Layout::kSize));
  }
}

void put_error(Decoding& decoding, LayerWriter& writer, Icmpv6Type type) {
  using Layout = wire::Icmpv6ErrorLayout;
  switch (type) {
    case Icmpv6Type::kPacketTooBig: writer.decimal<Layout::Parameter>("MTU"); break;
    case Icmpv6Type::kParameterProblem: {
      const std::uint64_t pointer = writer.decimal<Layout::Parameter>("Pointer");
      writer.note(fmt::format("byte {} of the quote", pointer));
      break;
    }
    default: {
      const std::uint64_t words = writer.decimal<Layout::QuoteLength>("Quote length");
      if (words != 0) writer.note(fmt::format("{} bytes, then extensions", 8 * words));
    }
  }
  writer.set_size(Layout::kSize);
  const auto view = wire::Icmpv6ErrorView::parse(writer.bytes());
  if (view) decode_quote(decoding, {view->quoted(), view->extensions()});
}

void put_body(Decoding& decoding, LayerWriter& writer, Icmpv6Type type) {
  if (wire::is_echo(type)) return put_echo<wire::Icmpv6EchoLayout>(decoding, writer);
  if (wire::is_error(type)) return put_error(decoding, writer, type);
  if (wire::is_neighbor_discovery(type)) {
    return decode_nd(decoding, writer, static_cast<std::uint8_t>(type));
  }
  if (wire::is_mld(type)) return decode_mld(writer, static_cast<std::uint8_t>(type));
  if (!writer.has_stopped()) {
    decode_data(decoding, "Data", writer.bytes().subspan(wire::Icmpv6Layout::kSize));
  }
}

}  // namespace

void decode_icmpv4(Decoding& decoding, Bytes message, const Carrier& carrier) {
  using Layout = wire::Icmpv4Layout;
  LayerWriter writer(decoding, "ICMP", message, Layout::kSize);
  const std::uint64_t type = writer.decimal<Layout::Type>("Type");
  writer.note(std::string(icmpv4_type_name(type)));
  const std::uint64_t code = writer.decimal<Layout::Code>("Code");
  writer.note(std::string(icmpv4_code_name(type, code)));
  const std::uint64_t checksum = writer.hexadecimal<Layout::Checksum>("Checksum");
  if (carrier.is_whole) writer.note(checksum_note(checksum, wire::partial_sum(message)));
  if (writer.has_stopped()) return;
  put_body(decoding, writer, static_cast<Icmpv4Type>(type), code);
}

void decode_icmpv6(Decoding& decoding, Bytes message, const Carrier& carrier) {
  using Layout = wire::Icmpv6Layout;
  LayerWriter writer(decoding, "ICMPv6", message, Layout::kSize);
  const std::uint64_t type = writer.decimal<Layout::Type>("Type");
  writer.note(std::string(icmpv6_type_name(type)));
  const std::uint64_t code = writer.decimal<Layout::Code>("Code");
  writer.note(std::string(icmpv6_code_name(type, code)));
  const std::uint64_t checksum = writer.hexadecimal<Layout::Checksum>("Checksum");
  writer.note(transport_checksum_note(checksum, wire::kIpProtocolIcmpv6, message, carrier));
  if (!writer.has_stopped()) put_body(decoding, writer, static_cast<Icmpv6Type>(type));
}

}  // namespace strata::service::decoding
