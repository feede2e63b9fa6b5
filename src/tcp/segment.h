// SPDX-License-Identifier: Apache-2.0
// Segment: what arrived, as values, decoded once; Outgoing: what must go, before it has bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "strata/address.h"
#include "strata/packet.h"
#include "strata/wire/tcp.h"
#include "strata/wire/tcp_options.h"
#include "tcp/flow.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

// RFC 3168 5: the two low bits of the traffic class.
enum class EcnCodepoint : std::uint8_t { kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3 };

// One segment, or several in-order segments of one flow that arrived together and were merged:
// then seq and the timestamp's value are the first one's, ack, window, flags and the timestamp's
// echo the last one's, and the payload a chain. Only segments that differ in nothing but payload,
// ACK, window, timestamps and PSH are merged, so that whatever counts segments can trust
// `segments`.
struct Segment {
  Flow flow;  // local is us
  SequenceNumber seq;
  SequenceNumber ack;  // meaningful with ACK
  wire::TcpFlags flags;
  std::uint16_t window = 0;  // as on the wire, not scaled
  std::uint16_t urgent_pointer = 0;
  std::uint16_t segments = 1;       // on the wire
  std::uint32_t payload_bytes = 0;  // the text: SEG.LEN without SYN and FIN
  EcnCodepoint ecn = EcnCodepoint::kNotEct;
  std::uint8_t hop_limit = 0;
  InterfaceId interface = kNoInterface;  // where it came in
  wire::TcpOptions options;
  PacketPtr payload;  // begins with the first byte of text; null without text

  // RFC 9293 3.4: SEG.LEN counts SYN and FIN.
  [[nodiscard]] std::uint32_t length() const {
    return payload_bytes + (flags.syn() ? 1U : 0U) + (flags.fin() ? 1U : 0U);
  }
  [[nodiscard]] SequenceNumber end() const { return seq + length(); }
  // Where the text begins: a SYN takes a number of its own.
  [[nodiscard]] SequenceNumber text_begin() const { return seq + (flags.syn() ? 1U : 0U); }
};

// A segment, or a super-segment of segment_size pieces, ready for send_tcp to give it bytes.
struct Outgoing {
  Flow flow;
  wire::TcpHeader header;  // but for ports and checksum
  std::array<std::byte, wire::kTcpOptionBytesMax>
      option_bytes{};  // header.header_length - 20 count
  // Shared slices of the send queue, or a copy in a packet of its own with room in front for all
  // headers; null without text.
  PacketPtr payload;
  std::uint16_t segment_size = 0;  // text bytes a piece; 0: it is one segment
  EcnCodepoint ecn = EcnCodepoint::kNotEct;
  std::uint8_t hop_limit = 0;      // 0: the stack's
  std::uint8_t traffic_class = 0;  // DSCP; its ECN bits are `ecn`
  InterfaceId bound_interface = kNoInterface;
  bool may_fragment = false;      // without DF: a black hole was suspected (RFC 4821 7.2)
  bool ignores_path_mtu = false;  // without DF: the program wants it so
  // RFC 4861 7.3.1: what went this way was answered just now, so the next hop is there.
  bool confirms_next_hop = false;

  [[nodiscard]] std::size_t option_size() const {
    return header.header_length - wire::TcpLayout::kSize;
  }
};

}  // namespace strata::tcp
