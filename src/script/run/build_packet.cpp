// SPDX-License-Identifier: Apache-2.0
// From what a script says of an inbound packet to its bytes.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "script/run/live_packet.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp_options.h"
#include "strata/wire/udp.h"

namespace strata::script {
namespace {

using Buffer = std::vector<std::byte>;
using Built = std::expected<Buffer, std::string>;

constexpr std::uint8_t kKindSack = static_cast<std::uint8_t>(wire::TcpOptionKind::kSack);
constexpr std::uint8_t kKindTimestamps =
    static_cast<std::uint8_t>(wire::TcpOptionKind::kTimestamps);
constexpr std::size_t kPacketMax = 65'535;

void append(Buffer& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

template <typename T>
void append_number(Buffer& to, T value) {
  std::array<std::byte, sizeof(T)> bytes{};
  store_big_endian(bytes.data(), value);
  append(to, bytes);
}

struct Addresses {
  IpAddress source;
  IpAddress destination;
};

void set_checksum(Buffer& segment, std::size_t at, const Addresses& addresses,
                  std::uint8_t protocol) {
  wire::Sum sum = wire::partial_sum(segment);
  if (protocol != wire::kIpProtocolIcmpv4) {
    sum += wire::pseudo_header_sum(addresses.source, addresses.destination, protocol,
                                   static_cast<std::uint32_t>(segment.size()));
  }
  const std::uint16_t checksum =
      protocol == wire::kIpProtocolUdp ? wire::fold_for_udp(sum) : wire::fold(sum);
  store_big_endian(segment.data() + at, checksum);
}

// An IP header in front; `length` is what it claims to carry.
Buffer with_ip_header(Bytes payload, std::size_t length, const Addresses& addresses,
                      std::uint8_t protocol, const IpSpec& ip) {
  Buffer packet;
  const std::uint8_t traffic_class = ip.value;
  if (addresses.source.is_v4()) {
    wire::Ipv4Header header;
    header.traffic_class = traffic_class;
    header.total_length = static_cast<std::uint16_t>(wire::Ipv4Layout::kSize + length);
    header.dont_fragment = true;
    header.time_to_live = ip.hop_limit.value_or(255);
    header.protocol = protocol;
    header.source = addresses.source;
    header.destination = addresses.destination;
    packet.resize(wire::Ipv4Layout::kSize);
    const auto out = std::span(packet).first<wire::Ipv4Layout::kSize>();
    write(header, out);
    header.checksum = wire::fold(wire::ipv4_header_sum(out));
    write(header, out);
  } else {
    wire::Ipv6Header header;
    header.traffic_class = traffic_class;
    header.flow_label = ip.flow_label.value_or(0);
    header.payload_length = static_cast<std::uint16_t>(length);
    header.next_header = protocol;
    header.hop_limit = ip.hop_limit.value_or(255);
    header.source = addresses.source;
    header.destination = addresses.destination;
    packet.resize(wire::Ipv6Layout::kSize);
    write(header, std::span(packet).first<wire::Ipv6Layout::kSize>());
  }
  append(packet, payload);
  return packet;
}

class Builder {
 public:
  Builder(const PacketSpec& packet, const Flow& flow, bool timestamp_echoes_are_live)
      : packet_(packet), flow_(flow), echoes_are_live_(timestamp_echoes_are_live) {}

  Built build() {
    const Addresses addresses{flow_.remote.address, flow_.local.address};
    std::uint8_t protocol = 0;
    Built segment;
    if (const auto* tcp = std::get_if<TcpSpec>(&packet_.what)) {
      protocol = wire::kIpProtocolTcp;
      segment = build_tcp(*tcp, addresses);
    } else if (const auto* udp = std::get_if<UdpSpec>(&packet_.what)) {
      protocol = wire::kIpProtocolUdp;
      segment = build_udp(*udp, addresses);
    } else {
      protocol = addresses.source.is_v4() ? wire::kIpProtocolIcmpv4 : wire::kIpProtocolIcmpv6;
      segment = build_icmp(std::get<IcmpSpec>(packet_.what), addresses, protocol);
    }
    if (!segment) return segment;
    if (segment->size() > kPacketMax - 40) return std::unexpected("packet of more than 64 KB");
    return with_ip_header(*segment, segment->size(), addresses, protocol, packet_.ip);
  }

 private:
  [[nodiscard]] std::uint16_t source_port() const {
    return packet_.ports && packet_.ports->source != 0 ? packet_.ports->source : flow_.remote.port;
  }
  [[nodiscard]] std::uint16_t destination_port() const {
    return packet_.ports && packet_.ports->destination != 0 ? packet_.ports->destination
                                                            : flow_.local.port;
  }

  Built build_tcp(const TcpSpec& tcp, const Addresses& addresses) {
    const bool is_syn = tcp.flags.syn();
    auto options = build_options(tcp, is_syn);
    if (!options) return options;
    wire::TcpHeader header;
    header.source_port = source_port();
    header.destination_port = destination_port();
    header.sequence_number = tcp.sequence + flow_.remote_offset(is_syn);
    if (tcp.acknowledgment || tcp.flags.ack()) {
      header.acknowledgment_number = tcp.acknowledgment.value_or(0) + flow_.local_offset(is_syn);
    }
    header.header_length = static_cast<std::uint8_t>(wire::TcpLayout::kSize + options->size());
    header.flags = tcp.flags;
    header.window = tcp.window.value_or(0);
    header.urgent_pointer = tcp.urgent_pointer.value_or(0);
    Buffer segment(wire::TcpLayout::kSize);
    write(header, std::span(segment).first<wire::TcpLayout::kSize>());
    append(segment, *options);
    segment.resize(segment.size() + tcp.payload);
    set_checksum(segment, 16, addresses, wire::kIpProtocolTcp);
    return segment;
  }

  Built build_options(const TcpSpec& tcp, bool is_syn) {
    Buffer bytes;
    for (const TcpOptionSpec& option : tcp.options) {
      if (option.is_raw) {
        append(bytes, option.data);
        continue;
      }
      bytes.push_back(std::byte{option.kind});
      if (option.kind <= 1) continue;
      bytes.push_back(static_cast<std::byte>(option.size()));
      Buffer data = option.data;
      if (option.kind == kKindSack) map_sack(data, is_syn);
      if (option.kind == kKindTimestamps && tcp.flags.ack()) {
        const auto mapped = map_echo(data);
        if (!mapped) return std::unexpected(mapped.error());
      }
      append(bytes, data);
    }
    return bytes;
  }

  void map_sack(Buffer& data, bool is_syn) const {
    for (std::size_t at = 0; at + 4 <= data.size(); at += 4) {
      const auto edge = load_big_endian<std::uint32_t>(data.data() + at);
      store_big_endian(data.data() + at, edge + flow_.local_offset(is_syn));
    }
  }

  std::expected<void, std::string> map_echo(Buffer& data) const {
    const auto echo = load_big_endian<std::uint32_t>(data.data() + 4);
    const auto known = flow_.timestamps.find(echo);
    if (known != flow_.timestamps.end()) {
      store_big_endian(data.data() + 4, known->second);
      return {};
    }
    if (!echoes_are_live_ || !flow_.first_timestamp) {
      return std::unexpected(
          fmt::format("unable to infer live TS ecr for script TS ecr {};  no matching or preceding "
                      "outbound TS val",
                      echo));
    }
    store_big_endian(data.data() + 4,
                     echo - flow_.first_timestamp->script + flow_.first_timestamp->live);
    return {};
  }

  Built build_udp(const UdpSpec& udp, const Addresses& addresses) const {
    wire::UdpHeader header;
    header.source_port = source_port();
    header.destination_port = destination_port();
    header.length = static_cast<std::uint16_t>(wire::UdpLayout::kSize + udp.payload);
    Buffer datagram(header.length);
    write(header, std::span(datagram).first<wire::UdpLayout::kSize>());
    set_checksum(datagram, 6, addresses, wire::kIpProtocolUdp);
    return datagram;
  }

  Built build_icmp(const IcmpSpec& icmp, const Addresses& addresses, std::uint8_t protocol) const {
    Buffer message;
    message.push_back(std::byte{icmp.type});
    message.push_back(std::byte{icmp.code});
    append_number<std::uint16_t>(message, 0);  // the checksum, below
    // RFC 1191 4 has the MTU in the lower half; an identifier stands in the upper one.
    const std::uint32_t identifier = std::uint32_t{icmp.identifier.value_or(0)} << 16U;
    append_number(message, icmp.mtu.value_or(identifier));
    if (icmp.quote) append(message, quoted(*icmp.quote, addresses));
    set_checksum(message, 2, addresses, protocol);
    return message;
  }

  // The packet of ours that an error speaks of: its IP header and the eight bytes behind it that
  // RFC 792 promises, which is as little as a stack may have to do with.
  [[nodiscard]] Buffer quoted(const IcmpSpec::Quote& quote, const Addresses& inbound) const {
    const Addresses addresses{inbound.destination, inbound.source};
    Buffer transport;
    std::size_t length = quote.payload;
    if (quote.protocol == wire::kIpProtocolTcp) {
      append_number(transport, flow_.local.port);
      append_number(transport, flow_.remote.port);
      append_number(transport, quote.sequence + flow_.local_offset(false));
      length += wire::TcpLayout::kSize;
    } else if (quote.protocol == wire::kIpProtocolUdp) {
      length += wire::UdpLayout::kSize;
      append_number(transport, flow_.local.port);
      append_number(transport, flow_.remote.port);
      append_number(transport, static_cast<std::uint16_t>(length));
      append_number<std::uint16_t>(transport, 0);
    }
    IpSpec quoted_ip;
    quoted_ip.hop_limit = 64;
    return with_ip_header(transport, length, addresses, quote.protocol, quoted_ip);
  }

  const PacketSpec& packet_;
  const Flow& flow_;
  bool echoes_are_live_;
};

}  // namespace

Built build_packet(const PacketSpec& packet, const Flow& flow, bool timestamp_echoes_are_live) {
  return Builder(packet, flow, timestamp_echoes_are_live).build();
}

}  // namespace strata::script
