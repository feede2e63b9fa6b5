// SPDX-License-Identifier: Apache-2.0
// packet_line: one packet as one line of text, in the words of tcpdump.
#pragma once

#include <cstddef>
#include <string>

#include "strata/bytes.h"
#include "strata/device.h"
#include "strata/pcap.h"

namespace strata::service {

// "IP 10.77.0.1 > 10.77.0.2: ICMP echo request, id 7, seq 1, length 64". `size` is what the packet
// had on the wire; `bytes` may be fewer. What cannot be read is named, in brackets: "[|udp]".
[[nodiscard]] std::string packet_line(Medium medium, Bytes bytes, std::size_t size);

// "12:34:56.789012", local time as tcpdump's.
[[nodiscard]] std::string clock_text(WallTime at);
// "2026-11-22T12:34:56.789012Z", for programs: UTC (RFC 3339).
[[nodiscard]] std::string date_text(WallTime at);

// The pieces, for packet_line alone.
namespace line {
[[nodiscard]] std::string ip_packet(Bytes packet);
[[nodiscard]] std::string icmpv4_message(Bytes message, std::size_t size);
[[nodiscard]] std::string icmpv6_message(Bytes message, std::size_t size);
[[nodiscard]] std::string igmp_message(Bytes message);
}  // namespace line

}  // namespace strata::service
