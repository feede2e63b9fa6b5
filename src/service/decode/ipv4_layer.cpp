// SPDX-License-Identifier: Apache-2.0
// IPv4 and its options.
#include <fmt/format.h>

#include <algorithm>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv4_options.h"

namespace strata::service::decoding {
namespace {

using Layout = wire::Ipv4Layout;

void put_flags(LayerWriter& writer) {
  writer.hexadecimal<Layout::Identification>("Identification");
  writer.flag<Layout::Reserved>("Reserved flag", "must be zero");
  writer.flag<Layout::DontFragment>("Don't fragment", "set");
  writer.flag<Layout::MoreFragments>("More fragments", "set");
  const std::uint64_t units = writer.decimal<Layout::FragmentUnits>("Fragment offset");
  if (units != 0) writer.note(fmt::format("{} bytes into the datagram", units * 8));
}

void put_length(LayerWriter& writer, std::size_t header, std::size_t there, bool is_quoted) {
  const std::uint64_t total = writer.decimal<Layout::TotalLength>("Total length");
  if (total < header) return writer.note("less than the header");
  if (total > there && !is_quoted) writer.note(fmt::format("only {} bytes are here", there));
}

std::string route_text(const wire::Ipv4RouteOptionView& route) {
  std::string text;
  for (std::size_t slot = 0; slot < route.slots(); ++slot) {
    if (slot != 0) text += ' ';
    text += to_text(route.address(slot)).view();
  }
  return text;
}

std::string timestamp_text(const wire::Ipv4TimestampOptionView& times) {
  std::string text;
  for (std::size_t slot = 0; slot < times.slots(); ++slot) {
    if (slot != 0) text += ' ';
    if (const auto address = times.address(slot)) {
      text += fmt::format("{}=", to_text(*address).view());
    }
    text += std::to_string(times.time(slot));
  }
  return text;
}

std::string_view option_name(std::uint8_t type) {
  switch (type) {
    case wire::kIpv4OptionNoOperation: return "Option: no operation";
    case wire::kIpv4OptionRecordRoute: return "Option: record route";
    case wire::kIpv4OptionQuickStart: return "Option: quick start";
    case wire::kIpv4OptionTimestamp: return "Option: timestamp";
    case wire::kIpv4OptionTraceroute: return "Option: traceroute";
    case wire::kIpv4OptionSecurity: return "Option: security";
    case wire::kIpv4OptionLooseSourceRoute: return "Option: loose source route";
    case wire::kIpv4OptionExtendedSecurity: return "Option: extended security";
    case wire::kIpv4OptionCommercialSecurity: return "Option: commercial security";
    case wire::kIpv4OptionStreamId: return "Option: stream id";
    case wire::kIpv4OptionStrictSourceRoute: return "Option: strict source route";
    case wire::kIpv4OptionRouterAlert: return "Option: router alert";
    default: return "Option";
  }
}

void put_option(LayerWriter& writer, const wire::Ipv4Option& option, std::size_t at) {
  const std::size_t size = option.type == wire::kIpv4OptionNoOperation ? 1 : option.data.size() + 2;
  std::string value;
  std::string note;
  if (const auto route = wire::Ipv4RouteOptionView::parse(option)) {
    value = route_text(*route);
    note = fmt::format("{} of {} used", route->slots_used(), route->slots());
  } else if (const auto times = wire::Ipv4TimestampOptionView::parse(option)) {
    value = timestamp_text(*times);
    note = fmt::format("{} of {} used, overflow {}", times->slots_used(), times->slots(),
                       times->overflow());
  } else if (const auto alert = wire::parse_ipv4_router_alert(option)) {
    value = std::to_string(*alert);
    if (*alert == 0) note = "every router shall look";
  } else {
    value = bytes_text(option.data);
    if (option_name(option.type) == "Option") note = fmt::format("type {}", option.type);
  }
  writer.add(option_name(option.type), std::move(value), at + option.offset, size, std::move(note));
}

}  // namespace

void decode_ipv4_options(LayerWriter& writer, Bytes options, std::size_t at) {
  wire::Ipv4OptionReader reader(options);
  while (const auto option = reader.next()) put_option(writer, *option, at);
  if (const auto fault = reader.malformed_at()) {
    writer.stop(at + *fault, "an option that is longer than the header, or shorter than itself");
  }
}

void decode_ipv4(Decoding& decoding, Bytes packet) {
  if (decoding.is_full()) return;
  LayerWriter writer(decoding, "IPv4", packet, Layout::kSize);
  if (writer.decimal<Layout::Version>("Version") != 4) return writer.stop(0, "not version 4");
  const std::size_t header = 4 * writer.decimal<Layout::HeaderWords>("Header length");
  writer.note(fmt::format("{} bytes", header));
  using Class = Layout::TrafficClass;
  decode_traffic_class<wire::Bits<Class, 2, 6>, wire::Bits<Class, 0, 2>>(writer);
  put_length(writer, header, packet.size(), decoding.is_quoted);
  put_flags(writer);
  writer.decimal<Layout::TimeToLive>("TTL");
  const auto protocol = static_cast<std::uint8_t>(writer.decimal<Layout::Protocol>("Protocol"));
  writer.note(std::string(protocol_name(protocol)));
  const std::uint64_t checksum = writer.hexadecimal<Layout::Checksum>("Header checksum");
  const bool has_header = header >= Layout::kSize && packet.size() >= header;
  if (has_header && !decoding.is_quoted) {
    writer.note(checksum_note(checksum, wire::ipv4_header_sum(packet.first(header))));
  }
  Carrier carrier{.source = writer.address<Layout::Source>("Source"),
                  .destination = writer.address<Layout::Destination>("Destination")};
  if (writer.has_stopped()) return;
  if (header < Layout::kSize) {
    return writer.stop(Layout::kSize, fmt::format("a header length of {} bytes", header));
  }
  writer.set_size(header);
  const auto view = wire::Ipv4View::parse_quoted(packet);
  const std::size_t options = std::min(header, packet.size()) - Layout::kSize;
  decode_ipv4_options(writer, packet.subspan(Layout::kSize, options), Layout::kSize);
  if (!view) return writer.stop(packet.size(), "the packet ends inside its header");
  carrier.is_whole =
      !decoding.is_quoted && !view->is_fragment() && view->total_length() <= packet.size();
  if (view->fragment_offset() != 0) {
    decode_fragment(decoding, view->payload(), view->fragment_offset());
  } else {
    decode_protocol(decoding, protocol, view->payload(), carrier);
  }
  if (!decoding.is_quoted && packet.size() > view->total_length()) {
    decode_data(decoding, "Padding", packet.subspan(view->total_length()));
  }
}

}  // namespace strata::service::decoding
