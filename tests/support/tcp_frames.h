// SPDX-License-Identifier: Apache-2.0
// TCP segments by hand, for tests that stand where the peer is.
#pragma once

#include <optional>

#include "strata/wire/ip_protocol.h"
#include "strata/wire/tcp.h"
#include "strata/wire/tcp_options.h"
#include "support/frames.h"

namespace strata::support {

// With options already in bytes, padded to a multiple of four.
[[nodiscard]] inline Frame tcp_segment(const Endpoint& source, const Endpoint& destination,
                                       wire::TcpHeader header, const Frame& payload = {},
                                       const Frame& options = {}) {
  header.source_port = source.port;
  header.destination_port = destination.port;
  header.header_length = static_cast<std::uint8_t>(wire::TcpLayout::kSize + options.size());
  header.checksum = 0;
  Frame fixed(wire::TcpLayout::kSize);
  write(header, fixed.writable().first<wire::TcpLayout::kSize>());
  Frame segment = fixed + options + payload;
  wire::TcpLayout::Checksum::set(
      segment.writable(),
      fold(upper_sum(source.address, destination.address, wire::kIpProtocolTcp, segment.all())));
  return segment;
}

[[nodiscard]] inline Frame tcp_packet(const Endpoint& source, const Endpoint& destination,
                                      const wire::TcpHeader& header, const Frame& payload = {},
                                      const Frame& options = {}) {
  return ip_packet(source.address, destination.address, wire::kIpProtocolTcp,
                   tcp_segment(source, destination, header, payload, options));
}

struct DecodedTcp {
  wire::TcpHeader header;
  wire::TcpOptions options;
  Frame payload;
};

// None for frames that carry something else.
[[nodiscard]] inline std::optional<DecodedTcp> decode_tcp(const Frame& frame) {
  const Decoded is = decode(frame.all());
  if (is.protocol != wire::kIpProtocolTcp) return std::nullopt;
  const auto view = wire::TcpView::parse(is.upper.all());
  if (!view) return std::nullopt;
  return DecodedTcp{view->header(), wire::TcpOptions::parse(view->options()),
                    Frame(view->payload())};
}

}  // namespace strata::support
