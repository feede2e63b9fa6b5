// SPDX-License-Identifier: Apache-2.0
// LivePacket: a packet that left the stack, as values; and the bytes of one that goes in.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "script/language/ast.h"
#include "script/run/flow.h"
#include "strata/bytes.h"
#include "strata/time.h"
#include "strata/wire/tcp.h"

namespace strata::script {

struct LivePacket {
  Time at{};
  bool is_v4 = true;
  IpAddress source;
  IpAddress destination;
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = 0;
  std::uint32_t flow_label = 0;
  std::uint8_t protocol = 0;
  // By protocol: TCP has all of tcp, UDP its ports alone, ICMP type, code and word.
  wire::TcpHeader tcp{};
  std::vector<std::byte> options;
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint32_t icmp_word = 0;  // behind the checksum: MTU, identifier and sequence number
  std::vector<std::byte> payload;

  [[nodiscard]] bool is_tcp() const;
  [[nodiscard]] bool is_udp() const;
  [[nodiscard]] bool is_icmp() const;
};

// Reads what the stack sent and verifies every checksum in it.
[[nodiscard]] std::expected<LivePacket, std::string> read_live_packet(Bytes bytes, Time at);

// The bytes of an inbound packet, in the wire's numbers; or what a script says cannot be.
[[nodiscard]] std::expected<std::vector<std::byte>, std::string> build_packet(
    const PacketSpec& packet, const Flow& flow, bool timestamp_echoes_are_live);

}  // namespace strata::script
