// SPDX-License-Identifier: Apache-2.0
// Negotiation: what two ends agree upon with their SYNs.
//
//   TcpConfig, options ─> Terms ── compose ──> our SYN
//                           │
//            peer's SYN ────┴────> Negotiated
//
// Terms are what we would agree to; a SYN offers them, a SYN-ACK those of them the peer offered.
// Nothing here fails: what is absurd is brought within bounds, what is missing has a default.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/tcp_config.h"
#include "strata/time.h"
#include "tcp/segment.h"

namespace strata::tcp {

// RFC 9293 3.7.1: what a peer is taken to accept that does not say.
inline constexpr std::uint16_t kMssDefaultV4 = 536;
inline constexpr std::uint16_t kMssDefaultV6 = 1220;
// A peer that asks for less gets this all the same. The MSS counts options (RFC 6691), which may
// take 40 bytes: less would leave no text, or make each byte of it cost a header and a segment's
// bookkeeping, and that is an attack (CVE-2019-11479). Every IPv4 host can take 576 bytes.
inline constexpr std::uint16_t kMssMin = 88;

// What the connection will do, as both ends know it.
struct Negotiated {
  std::uint16_t send_mss = kMssDefaultV4;     // the peer's, at least kMssMin; the path may ask less
  std::uint16_t receive_mss = kMssDefaultV4;  // ours, as announced
  std::uint8_t send_scale = 0;                // Snd.Wind.Shift: of windows that arrive
  std::uint8_t receive_scale = 0;             // Rcv.Wind.Shift: of windows that leave
  bool window_scaling = false;
  bool timestamps = false;
  bool sack = false;
  bool ecn = false;
  bool fast_open = false;              // text of the SYN was taken (RFC 7413)
  bool syn_retransmitted = false;      // RFC 5681 3.1, RFC 6298 5.7: begin with care
  std::uint32_t timestamp_offset = 0;  // what we add to timestamp_clock()
  std::uint32_t ts_recent = 0;         // TS.Recent (RFC 7323 4.3)
  std::optional<wire::TcpUserTimeout> user_timeout{};  // RFC 5482: the peer's

  friend bool operator==(const Negotiated&, const Negotiated&) = default;
};

// What we would agree to.
struct Terms {
  std::uint16_t receive_mss = kMssDefaultV4;
  std::uint8_t receive_scale = 0;
  std::uint16_t window = 0;  // of a SYN: never scaled (RFC 7323 2.2)
  bool window_scaling = false;
  bool timestamps = false;
  bool sack = false;
  bool ecn = false;
  std::uint32_t timestamp_offset = 0;
  Duration user_timeout{};  // RFC 5482: announced where set

  // `mtu` is of the path to the peer, `is_active` whether we ask or are asked.
  [[nodiscard]] static Terms of(const TcpConfig& config, const TcpSocketOptions& options,
                                bool is_v4, std::uint32_t mtu, bool is_active);
};

// RFC 7323 2.2: the least shift with which the window can become as large as the buffer may.
[[nodiscard]] std::uint8_t receive_scale_for(const TcpConfig& config,
                                             const TcpSocketOptions& options);

// The first window offered: of the buffer a connection begins with.
[[nodiscard]] std::uint32_t first_window(const TcpConfig& config, const TcpSocketOptions& options);

// RFC 9293 3.7.1, RFC 6691: what fits `mtu` behind bare IP and TCP headers.
[[nodiscard]] std::uint16_t mss_for(std::uint32_t mtu, bool is_v4);

// Of the MSS option of a SYN, or of its absence.
[[nodiscard]] std::uint16_t send_mss_of(const wire::TcpOptions& syn, bool is_v4);

// Is the SYN, or SYN-ACK, an "ECN-setup" one? (RFC 3168 6.1.1)
[[nodiscard]] bool is_ecn_setup(wire::TcpFlags flags);

// What comes of our terms and the peer's SYN or SYN-ACK. An option counts only where both ends sent
// it (RFC 7323 2.2 and 3.2, RFC 2018 2).
[[nodiscard]] Negotiated agree(const Terms& terms, const Segment& syn);

// RFC 5482 3.1: seconds where they fit into 15 bits, else minutes.
[[nodiscard]] wire::TcpUserTimeout user_timeout_of(Duration timeout);

// Our SYN's options: all the terms. Echoes nothing.
[[nodiscard]] wire::TcpOptions syn_options(const Terms& terms, Time now);
// Our SYN-ACK's options: what the peer's SYN agreed to.
[[nodiscard]] wire::TcpOptions syn_ack_options(const Negotiated& agreed, const Terms& terms,
                                               Time now);

// A segment without text. Options that do not fit are left out from the end: the user timeout, then
// the Fast Open cookie (RFC 5482 3.1 and RFC 7413 4.1.1 are both optional to send).
[[nodiscard]] Outgoing compose(const Flow& flow, wire::TcpFlags flags, SequenceNumber seq,
                               SequenceNumber ack, std::uint16_t window,
                               const wire::TcpOptions& options, const TcpSocketOptions& socket);

}  // namespace strata::tcp
