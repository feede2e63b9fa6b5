// SPDX-License-Identifier: Apache-2.0
// Neighbour discovery: the five messages and their options.
#include <fmt/format.h>

#include <algorithm>

#include "service/decode/layers.h"
#include "service/names/record_text.h"
#include "strata/wire/dns_name.h"
#include "strata/wire/nd.h"
#include "strata/wire/nd_dns_options.h"

namespace strata::service::decoding {
namespace {

using wire::Icmpv6Type;
using wire::NdOptionType;

std::string lifetime_text(std::uint32_t seconds) {
  return seconds == wire::kNdInfiniteLifetime ? "for ever" : fmt::format("{} s", seconds);
}

std::string_view preference_name(wire::RouterPreference preference) {
  switch (preference) {
    case wire::RouterPreference::kHigh: return "high preference";
    case wire::RouterPreference::kLow: return "low preference";
    default: return "medium preference";
  }
}

struct Option {
  std::string name;
  std::string value;
  std::string note;
};

Option prefix_option(const wire::PrefixInformationOption& option) {
  std::string note = fmt::format("valid {}, preferred {}", lifetime_text(option.valid_lifetime_s),
                                 lifetime_text(option.preferred_lifetime_s));
  if (option.autonomous) note = "autonomous, " + note;
  if (option.on_link) note = "on-link, " + note;
  return {"Option: prefix", std::string(to_text(option.prefix).view()), note};
}

Option servers_option(const wire::RecursiveDnsServersView& option) {
  std::string value;
  for (const IpAddress server : option.servers()) {
    if (!value.empty()) value += ' ';
    value += LayerWriter::address_text(server, 128);
  }
  return {"Option: DNS servers", value, lifetime_text(option.lifetime_s())};
}

Option search_option(const wire::DnsSearchListView& option) {
  std::string value;
  for (const Bytes name : option.names()) {
    const auto view = wire::DnsNameView::parse(name, 0);
    if (!view) break;
    if (!value.empty()) value += ' ';
    value += to_text(*view);
  }
  return {"Option: DNS search list", value, lifetime_text(option.lifetime_s())};
}

// An option whose content is not what its type promises shows its bytes.
Option option_of(const wire::NdOptionView& option) {
  if (const auto link = wire::LinkLayerAddressOption::parse(option)) {
    const bool is_source = link->type == NdOptionType::kSourceLinkLayerAddress;
    return {is_source ? "Option: source link-layer address" : "Option: target link-layer address",
            std::string(to_text(link->address).view()),
            {}};
  }
  if (const auto prefix = wire::PrefixInformationOption::parse(option)) {
    return prefix_option(*prefix);
  }
  if (const auto mtu = wire::MtuOption::parse(option)) {
    return {"Option: MTU", std::to_string(mtu->mtu), {}};
  }
  if (const auto route = wire::RouteInformationOption::parse(option)) {
    return {"Option: route", std::string(to_text(route->prefix).view()),
            fmt::format("{}, {}", preference_name(route->preference),
                        lifetime_text(route->route_lifetime_s))};
  }
  if (const auto servers = wire::RecursiveDnsServersView::parse(option)) {
    return servers_option(*servers);
  }
  if (const auto search = wire::DnsSearchListView::parse(option)) return search_option(*search);
  if (const auto nonce = wire::NonceView::parse(option)) {
    return {"Option: nonce", bytes_text(nonce->nonce()), {}};
  }
  if (option.type() == NdOptionType::kRedirectedHeader) {
    return {"Option: redirected packet", fmt::format("{} bytes", option.bytes().size()), {}};
  }
  return {"Option", bytes_text(option.data()),
          fmt::format("type {}", static_cast<unsigned>(option.type()))};
}

void put_options(Decoding& decoding, LayerWriter& writer, std::size_t at) {
  if (writer.has_stopped()) return;
  const Bytes bytes = writer.bytes();
  writer.set_size(bytes.size());
  Bytes quote;
  while (at < bytes.size()) {
    const auto option = wire::NdOptionView::parse(bytes.subspan(at));
    if (!option) return writer.stop(at, "an option without length, or longer than the message");
    Option text = option_of(*option);
    writer.add(text.name, std::move(text.value), at, option->bytes().size(), std::move(text.note));
    if (const auto redirected = wire::RedirectedHeaderView::parse(*option)) {
      quote = redirected->quoted();
    }
    at += option->bytes().size();
  }
  if (!quote.empty()) decode_quote(decoding, {quote, {}});
}

void put_advertisement(Decoding& decoding, LayerWriter& writer) {
  using Layout = wire::RouterAdvertisementLayout;
  const std::uint64_t limit = writer.decimal<Layout::CurHopLimit>("Hop limit");
  if (limit == 0) writer.note("unspecified");
  writer.flag<Layout::Managed>("Managed addresses", "by DHCPv6");
  writer.flag<Layout::OtherConfiguration>("Other configuration", "by DHCPv6");
  writer.flag<Layout::HomeAgent>("Home agent", "set");
  const auto preference = wire::router_preference(
      static_cast<std::uint8_t>(writer.decimal<Layout::Preference>("Preference")));
  writer.note(preference ? std::string(preference_name(*preference)) : "reserved");
  writer.flag<Layout::Proxy>("Proxy", "set");
  const std::uint64_t lifetime = writer.decimal<Layout::RouterLifetime>("Router lifetime");
  writer.note(lifetime == 0 ? "not a default router" : fmt::format("{} s", lifetime));
  writer.decimal<Layout::ReachableTime>("Reachable time");
  writer.decimal<Layout::RetransTimer>("Retrans timer");
  put_options(decoding, writer, Layout::kSize);
}

void put_neighbor(Decoding& decoding, LayerWriter& writer, bool is_advertisement) {
  using Layout = wire::NeighborAdvertisementLayout;
  if (is_advertisement) {
    writer.flag<Layout::Router>("Router", "set");
    writer.flag<Layout::Solicited>("Solicited", "set");
    writer.flag<Layout::Override>("Override", "set");
  }
  // A solicitation has its target at the same place (RFC 4861 4.3).
  writer.address<Layout::Target>("Target");
  put_options(decoding, writer, Layout::kSize);
}

}  // namespace

void decode_nd(Decoding& decoding, LayerWriter& writer, std::uint8_t type) {
  switch (static_cast<Icmpv6Type>(type)) {
    case Icmpv6Type::kRouterSolicitation:
      writer.hexadecimal<wire::RouterSolicitationLayout::Reserved>("Reserved");
      return put_options(decoding, writer, wire::RouterSolicitationLayout::kSize);
    case Icmpv6Type::kRouterAdvertisement: return put_advertisement(decoding, writer);
    case Icmpv6Type::kNeighborSolicitation: return put_neighbor(decoding, writer, false);
    case Icmpv6Type::kNeighborAdvertisement: return put_neighbor(decoding, writer, true);
    default:
      writer.address<wire::NdRedirectLayout::Target>("Target");
      writer.address<wire::NdRedirectLayout::Destination>("Destination");
      return put_options(decoding, writer, wire::NdRedirectLayout::kSize);
  }
}

}  // namespace strata::service::decoding
