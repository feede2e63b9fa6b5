// SPDX-License-Identifier: Apache-2.0
#include "service/packet_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <utility>

#include "strata/wire/arp.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"
#include "strata/wire/llc.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"
#include "strata/wire/vlan.h"

namespace strata::service {
namespace {

std::pair<std::time_t, std::int64_t> split(WallTime at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  return {seconds.time_since_epoch().count(),
          std::chrono::duration_cast<std::chrono::microseconds>(at - seconds).count()};
}

std::string text_of(const IpAddress& address) { return std::string(to_text(address).view()); }
std::string text_of(const MacAddress& address) { return std::string(to_text(address).view()); }

std::string arp_line(Bytes payload, std::size_t size) {
  const auto arp = wire::ArpView::parse(payload);
  if (!arp) return "ARP, [|arp]";
  const std::string sender = text_of(arp->sender_ip());
  const std::string target = text_of(arp->target_ip());
  switch (arp->operation()) {
    case wire::ArpOperation::kRequest:
      if (arp->sender_ip() == arp->target_ip()) {
        return fmt::format("ARP, Announcement {}, length {}", target, size);
      }
      if (arp->sender_ip().is_unspecified()) {
        return fmt::format("ARP, Probe {}, length {}", target, size);
      }
      return fmt::format("ARP, Request who-has {} tell {}, length {}", target, sender, size);
    case wire::ArpOperation::kReply:
      return fmt::format("ARP, Reply {} is-at {}, length {}", sender, text_of(arp->sender_mac()),
                         size);
  }
  return fmt::format("ARP, operation {}, length {}", static_cast<unsigned>(arp->operation()), size);
}

// What a transport needs to know of the packet it is in.
struct Inner {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;
  Bytes payload;         // as much as was captured
  std::size_t size = 0;  // as the header says
  // Of a fragment that does not begin the datagram.
  std::optional<std::size_t> fragment_offset;
  bool more_fragments = false;
};

std::string with_ports(const char* family, const Inner& inner, std::uint16_t from,
                       std::uint16_t to) {
  return fmt::format("{} {}.{} > {}.{}: ", family, text_of(inner.source), from,
                     text_of(inner.destination), to);
}

std::string flags_text(wire::TcpFlags flags) {
  std::string text;
  if (flags.fin()) text += 'F';
  if (flags.syn()) text += 'S';
  if (flags.rst()) text += 'R';
  if (flags.psh()) text += 'P';
  if (flags.urg()) text += 'U';
  if (flags.ece()) text += 'E';
  if (flags.cwr()) text += 'W';
  if (flags.ack()) text += '.';
  return text.empty() ? "none" : text;
}

std::string tcp_line(const char* family, const Inner& inner) {
  const auto tcp = wire::TcpView::parse(inner.payload);
  if (!tcp) return {};
  std::string text = with_ports(family, inner, tcp->source_port(), tcp->destination_port());
  const std::size_t length = inner.size - std::min<std::size_t>(inner.size, tcp->header_length());
  text += fmt::format("Flags [{}], seq {}", flags_text(tcp->flags()), tcp->sequence_number());
  if (length != 0) {
    text += fmt::format(":{}", tcp->sequence_number() + static_cast<std::uint32_t>(length));
  }
  if (tcp->flags().ack()) text += fmt::format(", ack {}", tcp->acknowledgment_number());
  return text + fmt::format(", win {}, length {}", tcp->window(), length);
}

// UDP headers are read where they lie: a capture may have cut the payload that they announce.
std::string udp_line(const char* family, const Inner& inner) {
  if (inner.payload.size() < wire::UdpLayout::kSize) return {};
  const std::uint16_t from = wire::UdpLayout::SourcePort::get(inner.payload);
  const std::uint16_t to = wire::UdpLayout::DestinationPort::get(inner.payload);
  const std::size_t length = wire::UdpLayout::Length::get(inner.payload);
  if (length < wire::UdpLayout::kSize) {
    return with_ports(family, inner, from, to) + fmt::format("UDP, bad length {}", length);
  }
  return with_ports(family, inner, from, to) +
         fmt::format("UDP, length {}", length - wire::UdpLayout::kSize);
}

std::string_view short_name(std::uint8_t protocol) {
  switch (protocol) {
    case wire::kIpProtocolTcp: return "tcp";
    case wire::kIpProtocolUdp: return "udp";
    case wire::kIpProtocolIcmpv4: return "icmp";
    case wire::kIpProtocolIcmpv6: return "icmp6";
    default: return {};
  }
}

std::string protocol_line(const Inner& inner) {
  switch (inner.protocol) {
    case wire::kIpProtocolIcmpv4: return line::icmpv4_message(inner.payload, inner.size);
    case wire::kIpProtocolIcmpv6: return line::icmpv6_message(inner.payload, inner.size);
    case wire::kIpProtocolIgmp: return line::igmp_message(inner.payload);
    case wire::kIpProtocolNoNextHeader: return "no next header";
    default: break;
  }
  if (const std::string_view name = short_name(inner.protocol); !name.empty()) {
    return fmt::format("[|{}]", name);
  }
  return fmt::format("ip-proto-{} {}", inner.protocol, inner.size);
}

std::string inner_line(const char* family, const Inner& inner) {
  const std::string between =
      fmt::format("{} {} > {}: ", family, text_of(inner.source), text_of(inner.destination));
  if (inner.fragment_offset) {
    const std::string_view name = short_name(inner.protocol);
    return between + fmt::format("{} fragment at {}, length {}{}",
                                 name.empty() ? fmt::format("ip-proto-{}", inner.protocol)
                                              : std::string(name),
                                 *inner.fragment_offset, inner.size,
                                 inner.more_fragments ? ", more follow" : "");
  }
  std::string text;
  if (inner.protocol == wire::kIpProtocolTcp) text = tcp_line(family, inner);
  if (inner.protocol == wire::kIpProtocolUdp) text = udp_line(family, inner);
  if (text.empty()) text = between + protocol_line(inner);
  if (inner.more_fragments) text += fmt::format(" (first fragment, {} bytes)", inner.size);
  return text;
}

std::string ipv4_line(Bytes packet) {
  const auto ip = wire::Ipv4View::parse_quoted(packet);
  if (!ip) return "IP [|ip]";
  Inner inner{.source = ip->source(),
              .destination = ip->destination(),
              .protocol = ip->protocol(),
              .payload = ip->payload(),
              .size = ip->total_length() - ip->header_length(),
              .fragment_offset = std::nullopt,
              .more_fragments = ip->more_fragments()};
  if (ip->fragment_offset() != 0) inner.fragment_offset = ip->fragment_offset();
  return inner_line("IP", inner);
}

std::string ipv6_line(Bytes packet) {
  const auto ip = wire::Ipv6View::parse_quoted(packet);
  if (!ip) return "IP6 [|ip6]";
  wire::Ipv6ChainWalker walker(ip->next_header(), ip->payload());
  wire::Ipv6FragmentHeader fragment;
  while (const auto link = walker.next()) {
    if (link->type != wire::kIpProtocolFragment) continue;
    if (const auto view = wire::Ipv6FragmentView::parse(link->bytes)) fragment = view->header();
  }
  Inner inner{
      .source = ip->source(),
      .destination = ip->destination(),
      .protocol = walker.protocol(),
      .payload = walker.payload(),
      .size = ip->payload_length() - std::min<std::size_t>(ip->payload_length(), walker.offset()),
      .fragment_offset = std::nullopt,
      .more_fragments = fragment.more_fragments};
  if (fragment.fragment_offset != 0) inner.fragment_offset = fragment.fragment_offset;
  return inner_line("IP6", inner);
}

std::string frame_line(Bytes bytes, std::size_t size) {
  const auto frame = wire::EthernetView::parse(bytes);
  if (!frame) return fmt::format("[|ether] length {}", size);
  const auto tags = wire::parse_vlan_tags(frame->type(), frame->payload());
  if (!tags) return fmt::format("[|vlan] length {}", size);
  std::string text;
  for (std::size_t i = 0; i < tags->count; ++i) {
    const wire::VlanHeader& header = tags->tags[i].header;
    text += fmt::format("vlan {}, p {}, ", header.id, header.priority);
  }
  const auto content = wire::classify_frame(tags->type, tags->payload);
  const std::string between =
      fmt::format("{} > {}, ", text_of(frame->source()), text_of(frame->destination()));
  if (!content) return text + between + fmt::format("[|802.3] length {}", size);
  switch (content->ethertype) {
    case wire::kEtherTypeIpv4: return text + ipv4_line(content->payload);
    case wire::kEtherTypeIpv6: return text + ipv6_line(content->payload);
    case wire::kEtherTypeArp: return text + arp_line(content->payload, content->payload.size());
    case 0: return text + between + fmt::format("LLC, length {}", size);
    default:
      return text + between + fmt::format("ethertype {:#06x}, length {}", content->ethertype, size);
  }
}

}  // namespace

std::string line::ip_packet(Bytes packet) {
  if (packet.empty()) return "[|ip]";
  return std::to_integer<unsigned>(packet[0]) >> 4U == 6 ? ipv6_line(packet) : ipv4_line(packet);
}

std::string packet_line(Medium medium, Bytes bytes, std::size_t size) {
  return medium == Medium::kEthernet ? frame_line(bytes, size) : line::ip_packet(bytes);
}

std::string clock_text(WallTime at) {
  const auto [moment, microseconds] = split(at);
  std::tm local{};
  static_cast<void>(::localtime_r(&moment, &local));
  return fmt::format("{:02}:{:02}:{:02}.{:06}", local.tm_hour, local.tm_min, local.tm_sec,
                     microseconds);
}

std::string date_text(WallTime at) {
  const auto [moment, microseconds] = split(at);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(moment), microseconds);
}

}  // namespace strata::service
