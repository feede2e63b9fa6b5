// SPDX-License-Identifier: Apache-2.0
// What a middlebox makes out in a frame: the ends of a TCP segment or a UDP datagram.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "strata/address.h"
#include "strata/packet.h"
#include "strata/packet_pool.h"
#include "strata/wire/checksum.h"
#include "strata/wire/tcp.h"

namespace strata::sim {

struct FlowSight {
  std::uint8_t protocol = 0;  // TCP or UDP
  std::size_t network = 0;    // where the IP header stands in the frame
  std::size_t transport = 0;  // and that of the protocol
  std::size_t end = 0;        // of the packet; padding may follow
  Endpoint source{};
  Endpoint destination{};
  bool is_v4 = true;

  [[nodiscard]] bool is_tcp() const;
  // With is_tcp().
  [[nodiscard]] wire::TcpView segment(const Packet& frame) const;
};

// Nothing: no IP, a fragment, another protocol or extension headers, or headers that do not parse.
[[nodiscard]] std::optional<FlowSight> look_into(const Packet& frame);

// The reset that the receiver of this segment would send if it knew nothing of the connection
// (RFC 9293 3.10.7.1); null for one that is a reset itself, and when the pool is empty.
[[nodiscard]] PacketPtr make_reset_to(const Packet& frame, const FlowSight& sight,
                                      PacketPool& pool);

// Bytes behind the transport header's begin were changed: the checksum follows (RFC 1624). `before`
// and `after` are sums over the same whole words.
void mend_checksum(Packet& frame, const FlowSight& sight, wire::Sum before, wire::Sum after);

}  // namespace strata::sim
