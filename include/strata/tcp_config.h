// SPDX-License-Identifier: Apache-2.0
// TcpConfig: how a stack speaks TCP, and what its connections may use altogether.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "strata/address.h"
#include "strata/time.h"

namespace strata {

using CongestionName = FixedText<15>;

// RFC 7413 4.1.2: what cookies are made with. Servers behind one address share a key.
using TcpFastOpenKey = std::array<std::byte, 16>;

enum class TcpEcn : std::uint8_t {
  kOff,
  kAccept,   // agree when the peer asks
  kRequest,  // ask, and agree
};

enum class TcpPathProbing : std::uint8_t {
  kOff,
  kBlackHole,  // probe only after a black hole was suspected (RFC 4821 7.7)
  kAlways,     // start small and search upwards
};

// What a socket does about the MTU of its path (RFC 1191, RFC 8201).
enum class TcpPathMtu : std::uint8_t {
  kFollow,  // DF; fragments only where no router could mean what it says
  kInsist,  // DF always
  kIgnore,  // IPv4 without DF: routers cut what is too long
};

// What a socket may be told before or after it is connected. Empty values mean TcpConfig's.
struct TcpSocketOptions {
  bool no_delay = false;       // RFC 9293 3.7.4: without Nagle
  bool cork = false;           // hold back what does not fill a segment
  bool keepalive = false;      // RFC 1122 4.2.3.6: off unless asked for
  bool urgent_inline = false;  // urgent bytes stay in the stream
  bool pacing = false;         // spread what the window allows, if the control does not anyway
  bool fast_open = false;      // RFC 7413: connect with data; accept data with a SYN
  bool v6_only = false;        // listeners
  bool reuse_address = false;
  bool reuse_port = false;
  bool free_bind = false;  // bind and listen at addresses that this host may have one day
  TcpPathMtu path_mtu = TcpPathMtu::kFollow;
  // RFC 5482 3: agree with the peer on how long data may stay unacknowledged; off unless asked for.
  bool user_timeout_option = false;
  // ACK at once, or never before it must be; none: as it seems best.
  std::optional<bool> quick_ack{};
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = 0;  // 0: the stack's
  InterfaceId bound_interface = kNoInterface;
  std::uint16_t mss_max = 0;             // 0: what the path allows
  std::uint32_t window_clamp = 0;        // largest window to offer; 0: no other limit
  std::uint32_t send_buffer = 0;         // 0: tuned by itself
  std::uint32_t receive_buffer = 0;      // 0: tuned by itself
  std::uint32_t not_sent_low_water = 0;  // writable only below so much unsent
  // Readable only with so much to read, or when the peer may send no whole segment more.
  std::uint32_t receive_low_water = 0;
  std::uint64_t pacing_rate_max = UINT64_MAX;  // bytes a second
  Duration keepalive_idle{};                   // 0: TcpConfig's, here and below
  Duration keepalive_interval{};
  std::uint8_t keepalive_probes = 0;
  std::uint8_t syn_retries = 0;
  Duration user_timeout{};               // RFC 5482; 0: by number of retries
  std::optional<Duration> fin_wait_2{};  // none: TcpConfig's
  std::optional<Duration> linger{};      // SO_LINGER: 0 aborts at close
  Duration defer_accept{};               // accept only once data came, or this has passed
  CongestionName congestion{};           // empty: TcpConfig's
  // Listeners; none: TcpConfig's.
  std::optional<TcpFastOpenKey> fast_open_key{};

  friend bool operator==(const TcpSocketOptions&, const TcpSocketOptions&) = default;
};

struct TcpConfig {
  // Bounds of tables, which grow towards these as needed and shrink again.
  std::uint32_t connections_max = 1U << 20U;
  std::uint32_t listeners_max = 1024;
  std::uint32_t half_open_max = 16384;
  std::uint32_t time_waits_max = 1U << 20U;
  std::uint32_t orphans_max = 16384;  // closed by the program, not yet by the peer
  // Buffers of all queues together: above the first, windows stop growing; above the second,
  // what arrives out of order is shed and senders must wait.
  std::size_t buffer_bytes_pressure = std::size_t{192} << 20U;
  std::size_t buffer_bytes_max = std::size_t{256} << 20U;

  // Buffers of one connection, in bytes of text.
  std::uint32_t send_buffer_first = 64U << 10U;
  std::uint32_t send_buffer_max = 4U << 20U;
  std::uint32_t receive_buffer_first = 128U << 10U;
  std::uint32_t receive_buffer_max = 6U << 20U;
  std::uint32_t out_of_order_segments_max = 4096;
  std::uint32_t not_sent_low_water = UINT32_MAX;  // a socket is writable below so much unsent

  // Options offered and accepted.
  bool timestamps = true;      // RFC 7323
  bool window_scaling = true;  // RFC 7323
  bool sack = true;            // RFC 2018
  bool fast_open_client = true;
  bool fast_open_server = true;
  bool fast_open_listeners = false;  // accept data with a SYN on every listener
  // RFC 7413 1, 5: for networks where nobody forges addresses. Data goes with a SYN, or is taken
  // from one, without a cookie.
  bool fast_open_client_cookieless = false;
  bool fast_open_server_cookieless = false;
  std::optional<TcpFastOpenKey> fast_open_key{};         // none: our own, a new one each hour
  std::optional<TcpFastOpenKey> fast_open_key_before{};  // its cookies are still good
  TcpEcn ecn = TcpEcn::kRequest;
  TcpPathProbing path_probing = TcpPathProbing::kBlackHole;
  bool syn_cookies = true;
  bool tail_probes = true;          // RFC 8985 7
  bool super_segments = true;       // text leaves in up to 64 KB, worth waiting a millisecond for
  bool restarts_after_idle = true;  // RFC 5681 4.1: begin anew with the initial window
  bool time_wait_reuse = true;      // RFC 6191

  // Timing.
  Duration rto_first = std::chrono::seconds(1);              // RFC 6298 2.1
  Duration rto_min = std::chrono::milliseconds(200);         // beside what the path shows
  Duration rto_max = std::chrono::seconds(120);              // RFC 6298 2.5: at least 60 s
  Duration delayed_ack_max = std::chrono::milliseconds(40);  // RFC 9293 3.8.6.3: below 500 ms
  Duration time_wait = std::chrono::seconds(60);
  Duration fin_wait_2 = std::chrono::seconds(60);
  Duration keepalive_idle = std::chrono::hours(2);  // RFC 9293 3.8.4: no less
  Duration keepalive_interval = std::chrono::seconds(75);
  std::uint8_t keepalive_probes = 9;
  std::uint8_t syn_retries = 7;  // RFC 9293 3.8.3: a SYN is tried for three minutes at least
  std::uint8_t syn_ack_retries = 5;
  std::uint8_t retries = 15;  // RFC 9293 3.8.3: R2, as back-offs
  std::uint8_t orphan_retries = 8;

  std::uint8_t initial_window = 10;  // segments, RFC 6928
  CongestionName congestion{.characters = {'c', 'u', 'b', 'i', 'c'}, .length = 5};

  // RFC 5961 7 and 10: how often we answer what may be an attack.
  std::uint32_t challenge_acks_per_second = 1000;
  std::uint32_t resets_per_second = 1000;
};

}  // namespace strata
