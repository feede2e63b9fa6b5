// SPDX-License-Identifier: Apache-2.0
#include "script/run/packet_text.h"

#include <fmt/format.h>

#include <iterator>

#include "script/language/icmp_names.h"
#include "strata/wire/tcp_options.h"

namespace strata::script {
namespace {

using wire::TcpOptionKind;

std::string hex(Bytes bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<int>(byte));
  return text;
}

std::uint32_t number(Bytes data, std::size_t at) {
  return load_big_endian<std::uint32_t>(data.data() + at);
}

std::string sack_text(Bytes data) {
  std::string text = "sack";
  for (std::size_t at = 0; at + 8 <= data.size(); at += 8) {
    text += fmt::format(" {}:{}", number(data, at), number(data, at + 4));
  }
  return text;
}

std::string option_text(TcpOptionKind kind, Bytes data) {
  switch (kind) {
    case TcpOptionKind::kEndOfList: return "eol";
    case TcpOptionKind::kNoOperation: return "nop";
    case TcpOptionKind::kSackPermitted: return "sackOK";
    case TcpOptionKind::kSack: return sack_text(data);
    case TcpOptionKind::kMaximumSegmentSize:
      if (data.size() != 2) break;
      return fmt::format("mss {}", load_big_endian<std::uint16_t>(data.data()));
    case TcpOptionKind::kWindowScale:
      if (data.size() != 1) break;
      return fmt::format("wscale {}", std::to_integer<int>(data[0]));
    case TcpOptionKind::kTimestamps:
      if (data.size() != 8) break;
      return fmt::format("TS val {} ecr {}", number(data, 0), number(data, 4));
    case TcpOptionKind::kFastOpen: return data.empty() ? "FO" : "FO " + hex(data);
    case TcpOptionKind::kMd5Signature: return "md5 " + hex(data);
    default: break;
  }
  return fmt::format("raw {:02x}{:02x}{}", static_cast<unsigned>(kind), data.size() + 2, hex(data));
}

std::string traffic_class_text(std::uint8_t value) {
  static constexpr std::string_view kEcn[] = {"", "[ect1] ", "[ect0] ", "[ce] "};
  if ((value & 0xfcU) != 0) return fmt::format("(tos 0x{:02x}) ", value);
  return std::string(kEcn[value & 3U]);
}

std::string tcp_text(wire::TcpFlags flags, std::uint32_t sequence, std::size_t payload) {
  const auto size = static_cast<std::uint32_t>(payload);
  return fmt::format("{} {}:{}({})", flags_text(flags), sequence, sequence + size, size);
}

std::string text_of(const TcpSpec& tcp) {
  std::string text = tcp_text(tcp.flags, tcp.sequence, tcp.payload);
  if (tcp.acknowledgment) text += fmt::format(" ack {}", *tcp.acknowledgment);
  if (tcp.window) text += fmt::format(" win {}", *tcp.window);
  if (tcp.urgent_pointer) text += fmt::format(" urg {}", *tcp.urgent_pointer);
  if (tcp.any_options) return text + " <...>";
  std::string options;
  for (const TcpOptionSpec& option : tcp.options) {
    options += options.empty() ? " <" : ",";
    options += option.is_raw ? "raw " + hex(option.data)
                             : option_text(static_cast<TcpOptionKind>(option.kind), option.data);
  }
  return options.empty() ? text : text + options + ">";
}

std::string icmp_text(std::uint8_t type, std::uint8_t code, bool is_v4) {
  const std::string_view type_name = icmp_type_name(type, is_v4);
  const std::string_view code_name = icmp_code_name(type, code, is_v4);
  std::string text =
      type_name.empty() ? fmt::format("icmp {}", type) : fmt::format("icmp {}", type_name);
  if (!code_name.empty()) return text + " " + std::string(code_name);
  return code == 0 ? text : fmt::format("{} {}", text, code);
}

std::string text_of(const IcmpSpec& icmp, bool is_v4) {
  std::string text = icmp_text(icmp.type, icmp.code, is_v4);
  if (icmp.mtu) text += fmt::format(" mtu {}", *icmp.mtu);
  if (icmp.identifier) text += fmt::format(" id {}", *icmp.identifier);
  return text;
}

}  // namespace

std::string flags_text(wire::TcpFlags flags) {
  static constexpr std::pair<char, wire::TcpFlags> kLetters[] = {
      {'F', wire::kTcpFin}, {'S', wire::kTcpSyn}, {'R', wire::kTcpRst},
      {'P', wire::kTcpPsh}, {'U', wire::kTcpUrg}, {'E', wire::kTcpEce},
      {'W', wire::kTcpCwr}, {'A', wire::kTcpAe},  {'.', wire::kTcpAck},
  };
  std::string text;
  for (const auto& [letter, flag] : kLetters) {
    if (flags.contains(flag)) text += letter;
  }
  return text.empty() ? "-" : text;
}

std::string options_text(Bytes options) {
  std::string text;
  std::size_t used = 0;
  for (const wire::TcpRawOption& option : wire::TcpRawOptions(options)) {
    if (!text.empty()) text += ',';
    text += option_text(option.kind, option.data);
    used += option.size();
  }
  const Bytes rest = options.subspan(used);
  if (rest.empty()) return text;
  return text + (text.empty() ? "" : ",") +
         (rest[0] == std::byte{0} ? "eol..." : "raw " + hex(rest));
}

std::string to_text(const PacketSpec& packet, bool is_v4) {
  std::string text = packet.direction == Direction::kIn ? "< " : "> ";
  if (packet.ip.traffic_class == IpSpec::TrafficClass::kEct01) text += "[ect01] ";
  if (packet.ip.value != 0) text += traffic_class_text(packet.ip.value);
  const auto ports = packet.ports
                         ? fmt::format("{} > {} ", packet.ports->source, packet.ports->destination)
                         : std::string();
  if (const auto* tcp = std::get_if<TcpSpec>(&packet.what)) return text + ports + text_of(*tcp);
  if (const auto* udp = std::get_if<UdpSpec>(&packet.what)) {
    return text + fmt::format("udp {}({})", ports, udp->payload);
  }
  return text + text_of(std::get<IcmpSpec>(packet.what), is_v4);
}

std::string to_text(const LivePacket& packet, const Flow& flow) {
  std::string text = "> " + traffic_class_text(packet.traffic_class);
  if (packet.is_udp()) return text + fmt::format("udp ({})", packet.payload.size());
  if (packet.is_icmp()) return text + icmp_text(packet.icmp_type, packet.icmp_code, packet.is_v4);
  if (!packet.is_tcp()) return text + fmt::format("protocol {}", packet.protocol);
  const bool is_syn = packet.tcp.flags.syn();
  text += tcp_text(packet.tcp.flags, packet.tcp.sequence_number - flow.local_offset(is_syn),
                   packet.payload.size());
  if (packet.tcp.flags.ack()) {
    text += fmt::format(" ack {}", packet.tcp.acknowledgment_number - flow.remote_offset(is_syn));
  }
  text += fmt::format(" win {}", packet.tcp.window);
  if (packet.tcp.flags.urg()) text += fmt::format(" urg {}", packet.tcp.urgent_pointer);
  if (!packet.options.empty()) text += fmt::format(" <{}>", options_text(packet.options));
  return text;
}

}  // namespace strata::script
