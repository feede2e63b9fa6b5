// SPDX-License-Identifier: Apache-2.0
// What hop-by-hop, destination options and routing headers hold.
#include <fmt/format.h>

#include "service/decode/layers.h"
#include "strata/wire/ipv6_options.h"
#include "strata/wire/ipv6_routing.h"
#include "strata/wire/ipv6_segment_routing.h"

namespace strata::service::decoding {
namespace {

std::string_view option_name(std::uint8_t type) {
  switch (type) {
    case wire::kIpv6OptionTunnelLimit: return "Option: tunnel encapsulation limit";
    case wire::kIpv6OptionRouterAlert: return "Option: router alert";
    case wire::kIpv6OptionCalipso: return "Option: CALIPSO label";
    case wire::kIpv6OptionSmf: return "Option: SMF duplicate detection";
    case wire::kIpv6OptionRpl: return "Option: RPL";
    case wire::kIpv6OptionQuickStart: return "Option: quick start";
    case wire::kIpv6OptionMinimumMtu: return "Option: minimum path MTU";
    case wire::kIpv6OptionJumbo: return "Option: jumbo payload";
    case wire::kIpv6OptionHomeAddress: return "Option: home address";
    default: return "Option";
  }
}

std::string_view if_unknown(const wire::Ipv6Option& option) {
  switch (option.if_unknown()) {
    case wire::Ipv6UnknownOption::kSkip: return "to be skipped by who does not know it";
    case wire::Ipv6UnknownOption::kDiscard: return "who does not know it drops the packet";
    default: return "who does not know it drops the packet and says so";
  }
}

void put_option(LayerWriter& writer, const wire::Ipv6Option& option, std::size_t at) {
  std::string value = bytes_text(option.data);
  std::string note;
  if (const auto alert = wire::parse_ipv6_router_alert(option)) {
    value = std::to_string(*alert);
    if (*alert == wire::kIpv6RouterAlertMld) note = "multicast listener discovery";
  } else if (const auto jumbo = wire::parse_ipv6_jumbo(option)) {
    value = std::to_string(*jumbo);
  } else if (const auto home = wire::parse_ipv6_home_address(option)) {
    value = LayerWriter::address_text(*home, 128);
  } else if (option_name(option.type) == "Option") {
    note = fmt::format("type {:#04x}, {}", option.type, if_unknown(option));
  }
  writer.add(option_name(option.type), std::move(value), at + option.offset, option.data.size() + 2,
             std::move(note));
}

void put_address(LayerWriter& writer, std::size_t index, const IpAddress& address, std::size_t at,
                 std::size_t size) {
  writer.add(fmt::format("Address {}", index), LayerWriter::address_text(address, 128), at, size);
}

void put_rpl(LayerWriter& writer, const wire::Ipv6RplRouteView& route,
             const IpAddress& destination) {
  using Layout = wire::Ipv6RplRouteLayout;
  const std::uint64_t shared = writer.decimal<Layout::SharedBytes>("Shared bytes");
  const std::uint64_t last = writer.decimal<Layout::SharedBytesLast>("Shared bytes of the last");
  writer.decimal<Layout::Padding>("Padding");
  std::size_t at = wire::Ipv6RoutingLayout::kSize;
  for (std::size_t i = 0; i < route.address_count(); ++i) {
    const std::size_t size = 16 - (i + 1 < route.address_count() ? shared : last);
    put_address(writer, i, route.address(i, destination), at, size);
    at += size;
  }
}

void put_segments(LayerWriter& writer, const wire::Ipv6SegmentRouteView& route) {
  using Layout = wire::Ipv6SegmentRouteLayout;
  writer.decimal<Layout::LastEntry>("Last entry");
  writer.hexadecimal<Layout::Flags>("Flags");
  writer.hexadecimal<Layout::Tag>("Tag");
  std::size_t at = wire::Ipv6RoutingLayout::kSize;
  for (std::size_t i = 0; i < route.segment_count(); ++i, at += 16) {
    put_address(writer, i, route.segment(i), at, 16);
  }
  if (const Bytes tlvs = route.tlvs(); !tlvs.empty()) {
    writer.add("TLVs", bytes_text(tlvs), at, tlvs.size());
  }
}

std::string_view routing_name(std::uint64_t type) {
  switch (type) {
    case wire::Ipv6RoutingLayout::kTypeSource: return "source route, deprecated";
    case wire::Ipv6RoutingLayout::kTypeMobile: return "mobile IPv6";
    case wire::Ipv6RoutingLayout::kTypeRpl: return "RPL source route";
    case wire::Ipv6RoutingLayout::kTypeSegment: return "segment routing";
    default: return {};
  }
}

}  // namespace

void decode_ipv6_options(LayerWriter& writer, Bytes options, std::size_t at) {
  // All that is there, and not only what a host would accept.
  wire::Ipv6OptionReader reader(
      options, {.options = kDecodedFieldsMax, .padding = SIZE_MAX, .nonzero_padding_ok = true});
  while (const auto option = reader.next()) put_option(writer, *option, at);
  if (reader.fault()) writer.stop(at + reader.fault()->offset, "an option leaves the header");
}

void decode_ipv6_routing(LayerWriter& writer, const IpAddress& destination) {
  using Layout = wire::Ipv6RoutingLayout;
  const std::uint64_t type = writer.decimal<Layout::Type>("Routing type");
  writer.note(std::string(routing_name(type)));
  writer.decimal<Layout::SegmentsLeft>("Segments left");
  const auto view = wire::Ipv6RoutingView::parse(writer.bytes());
  if (!view) return;
  if (const auto route = wire::Ipv6SourceRouteView::parse(*view)) {
    for (std::size_t i = 0; i < route->address_count(); ++i) {
      put_address(writer, i, route->address(i), Layout::kSize + (16 * i), 16);
    }
  } else if (const auto rpl = wire::Ipv6RplRouteView::parse(*view)) {
    put_rpl(writer, *rpl, destination);
  } else if (const auto segments = wire::Ipv6SegmentRouteView::parse(*view)) {
    put_segments(writer, *segments);
  } else if (routing_name(type).empty()) {
    const Bytes content = view->bytes().subspan(Layout::kCommonSize);
    writer.add("Content", bytes_text(content), Layout::kCommonSize, content.size());
  } else {
    writer.stop(Layout::kCommonSize, "lengths and addresses contradict each other");
  }
}

}  // namespace strata::service::decoding
