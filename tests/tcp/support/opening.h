// SPDX-License-Identifier: Apache-2.0
// What tests of opening share: a server's flow, segments by hand, and an Outgoing as the peer of
// its sender receives it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "strata/memory.h"
#include "strata/tcp_config.h"
#include "tcp/open/handshake.h"
#include "tcp/open/secrets.h"
#include "tcp/segment.h"

namespace strata::tcp::testing {

inline constexpr Time kStart{std::chrono::seconds(1000)};
inline constexpr Secrets kSecrets = Secrets::derive({0x1234, 0x5678});

// The server's end: local is 10.0.0.1:80.
[[nodiscard]] constexpr Flow flow_of(std::uint32_t client, std::uint16_t port = 40000) {
  return {.local_address = IpAddress::v4(10, 0, 0, 1),
          .remote_address = IpAddress::v4(0x0a01'0000 + client),
          .local_port = 80,
          .remote_port = port};
}

[[nodiscard]] constexpr Flow mirrored(const Flow& flow) {
  return {.local_address = flow.remote_address,
          .remote_address = flow.local_address,
          .local_port = flow.remote_port,
          .remote_port = flow.local_port,
          .interface = flow.interface};
}

[[nodiscard]] inline Segment segment(const Flow& flow, wire::TcpFlags flags, std::uint32_t seq,
                                     std::uint32_t ack = 0, std::uint32_t payload_bytes = 0) {
  Segment made;
  made.flow = flow;
  made.flags = flags;
  made.seq = SequenceNumber(seq);
  made.ack = SequenceNumber(ack);
  made.window = 65535;
  made.payload_bytes = payload_bytes;
  return made;
}

// All of the options a Linux client's SYN has.
[[nodiscard]] inline wire::TcpOptions usual_options(std::uint32_t timestamp = 5000) {
  wire::TcpOptions options;
  options.maximum_segment_size = 1460;
  options.sack_permitted = true;
  options.timestamps = wire::TcpTimestamps{timestamp, 0};
  options.window_scale = std::uint8_t{7};
  return options;
}

[[nodiscard]] inline wire::TcpOptions options_of(const Outgoing& out) {
  return wire::TcpOptions::parse(Bytes(out.option_bytes).first(out.option_size()));
}

[[nodiscard]] inline Segment received(const Outgoing& out, std::uint32_t payload_bytes = 0) {
  Segment made = segment(mirrored(out.flow), out.header.flags, out.header.sequence_number,
                         out.header.acknowledgment_number, payload_bytes);
  made.window = out.header.window;
  made.options = options_of(out);
  return made;
}

// One end that opens a connection, with all that its Handshake asks for.
struct End {
  TcpConfig config;
  TcpSocketOptions options;
  Flow flow;
  Secrets secrets = kSecrets;

  [[nodiscard]] Handshake::Context context() const {
    return {config, options, secrets, flow, 1500};
  }
};

}  // namespace strata::tcp::testing
