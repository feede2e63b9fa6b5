// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "service/decode/layers.h"
#include "service/decode/value_names.h"
#include "strata/wire/dhcp.h"
#include "strata/wire/dhcp_options.h"

namespace strata::service::decoding {
namespace {

using Layout = wire::DhcpLayout;
using wire::DhcpOption;

std::uint64_t number_of(Bytes data) {
  std::uint64_t value = 0;
  for (const std::byte byte : data) value = (value << 8U) | std::to_integer<std::uint64_t>(byte);
  return value;
}

std::string addresses_text(Bytes data) {
  std::string text;
  for (; data.size() >= 4; data = data.subspan(4)) {
    if (!text.empty()) text += ' ';
    text += to_text(wire::Ipv4Field<0>::get(data)).view();
  }
  return text;
}

std::string routes_text(Bytes data) {
  std::string text;
  wire::DhcpRouteReader reader(data);
  while (const auto route = reader.next()) {
    if (!text.empty()) text += ", ";
    text +=
        fmt::format("{} via {}", to_text(route->destination).view(), to_text(route->router).view());
  }
  return reader.is_malformed() ? text + " (malformed)" : text;
}

std::string codes_text(Bytes data) {
  std::string text;
  for (const std::byte code : data) {
    if (!text.empty()) text += ' ';
    text += std::to_string(std::to_integer<unsigned>(code));
  }
  return text;
}

std::string option_text(DhcpOption code, Bytes data) {
  switch (code) {
    case DhcpOption::kSubnetMask:
    case DhcpOption::kRouter:
    case DhcpOption::kDomainNameServer:
    case DhcpOption::kNtpServers:
    case DhcpOption::kRequestedAddress:
    case DhcpOption::kServerIdentifier: return addresses_text(data);
    case DhcpOption::kHostName:
    case DhcpOption::kDomainName:
    case DhcpOption::kMessage: return printable_text(data, 255);
    case DhcpOption::kInterfaceMtu:
    case DhcpOption::kLeaseTime:
    case DhcpOption::kOverload:
    case DhcpOption::kMessageType:
    case DhcpOption::kMaximumMessageSize:
    case DhcpOption::kRenewalTime:
    case DhcpOption::kRebindingTime:
      return data.size() <= 8 ? std::to_string(number_of(data)) : bytes_text(data);
    case DhcpOption::kParameterRequestList: return codes_text(data);
    case DhcpOption::kClasslessRoutes: return routes_text(data);
    default: return bytes_text(data);
  }
}

std::string option_note(DhcpOption code, Bytes data) {
  switch (code) {
    case DhcpOption::kMessageType: return std::string(dhcp_message_name(number_of(data)));
    case DhcpOption::kLeaseTime:
    case DhcpOption::kRenewalTime:
    case DhcpOption::kRebindingTime: return "seconds";
    default: return {};
  }
}

void put_options(LayerWriter& writer, Bytes area) {
  const auto base = static_cast<std::size_t>(area.data() - writer.bytes().data());
  std::size_t at = base;
  wire::DhcpOptionReader reader(area);
  while (const auto option = reader.next()) {
    const auto data = static_cast<std::size_t>(option->data.data() - writer.bytes().data());
    const auto code = static_cast<unsigned>(option->code);
    const std::string_view name = dhcp_option_name(code);
    writer.add(
        name.empty() ? "Option" : fmt::format("Option: {}", name),
        option_text(option->code, option->data), data - 2, option->data.size() + 2,
        name.empty() ? fmt::format("code {}", code) : option_note(option->code, option->data));
    at = data + option->data.size();
  }
  if (reader.is_malformed()) writer.stop(at, "an option that is longer than what is left");
}

void put_text(LayerWriter& writer, std::string_view name, std::size_t at, std::size_t size) {
  if (writer.bytes().size() < at + size) return writer.add(name, "", at, size);
  const Bytes field = writer.bytes().subspan(at, size);
  const auto end = std::ranges::find(field, std::byte{0});
  writer.add(name, printable_text(Bytes(field.begin(), end), size), at, size);
}

void put_header(LayerWriter& writer) {
  const std::uint64_t operation = writer.decimal<Layout::Operation>("Operation");
  if (operation == 1) writer.note("request");
  if (operation == 2) writer.note("reply");
  writer.decimal<Layout::HardwareType>("Hardware type");
  writer.decimal<Layout::HardwareLength>("Hardware length");
  writer.decimal<Layout::Hops>("Hops");
  writer.hexadecimal<Layout::TransactionId>("Transaction id");
  writer.decimal<Layout::Seconds>("Seconds");
  writer.flag<Layout::Broadcast>("Broadcast", "answer to everybody");
  writer.address<Layout::ClientAddress>("Client address");
  writer.address<Layout::YourAddress>("Your address");
  writer.address<Layout::ServerAddress>("Server address");
  writer.address<Layout::RelayAddress>("Relay address");
  writer.address<wire::MacField<Layout::kHardwareAddress>>("Client MAC");
  put_text(writer, "Server name", Layout::kServerName, Layout::kServerNameSize);
  put_text(writer, "File", Layout::kFile, Layout::kFileSize);
  const std::uint64_t cookie = writer.hexadecimal<Layout::Cookie>("Cookie");
  if (cookie == wire::kDhcpCookie) writer.note("DHCP");
}

}  // namespace

void decode_dhcp(Decoding& decoding, Bytes message) {
  LayerWriter writer(decoding, "DHCP", message, Layout::kSize);
  put_header(writer);
  writer.set_size(message.size());
  const auto view = wire::DhcpView::parse(message);
  if (writer.has_stopped()) return;
  if (!view) return writer.stop(Layout::kSize, "BOOTP, or not for Ethernet");
  put_options(writer, view->options());
}

}  // namespace strata::service::decoding
