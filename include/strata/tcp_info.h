// SPDX-License-Identifier: Apache-2.0
// TcpInfo: all that can be seen of a connection from outside, in the meaning of Linux's tcp_info.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "strata/address.h"
#include "strata/error.h"
#include "strata/tcp_config.h"
#include "strata/tcp_state.h"
#include "strata/time.h"

namespace strata {

// Why a segment was sent again.
enum class TcpLossCause : std::uint8_t {
  kDuplicateAcks,  // RFC 5681 3.2, RFC 6675: three duplicates, or as much above it SACKed
  kReordering,     // RFC 8985 6.2: something sent later arrived a reordering window ago
  kProbe,          // RFC 8985 7: a tail-loss probe, before anything counted as lost
  kTimeout,        // RFC 6298 5: the retransmission timer
  kLostAgain,      // a retransmission that was itself overtaken
  kPartialAck,     // RFC 6582 3.2: without SACK, the next hole
  kWindowProbe,    // RFC 9293 3.8.6.1: not lost; asks whether the window has opened
  kPathMtu,        // RFC 1191 6.5: it was too big for the path
  kCount,
};

inline constexpr std::size_t kTcpLossCauses = static_cast<std::size_t>(TcpLossCause::kCount);

// RFC 5681 and RFC 6675: what the sender does about loss at present.
enum class TcpRecoveryState : std::uint8_t { kOpen, kDisorder, kCwr, kRecovery, kLoss };

struct TcpInfo {
  Endpoint local{};
  Endpoint remote{};
  TcpState state = TcpState::kClosed;
  TcpRecoveryState recovery = TcpRecoveryState::kOpen;
  CongestionName congestion{};

  // What was agreed on with SYN and SYN,ACK.
  bool has_timestamps = false;
  bool has_sack = false;
  bool has_window_scaling = false;
  bool has_ecn = false;
  bool has_fast_open_data = false;  // data in the SYN was acknowledged
  std::uint8_t send_window_scale = 0;
  std::uint8_t receive_window_scale = 0;

  // Sizes in bytes.
  std::uint32_t send_mss = 0;
  std::uint32_t receive_mss = 0;  // the largest text seen, or assumed
  std::uint32_t offered_mss = 0;  // what the peer was told with SYN or SYN,ACK
  std::uint32_t path_mtu = 0;
  std::uint32_t peer_window = 0;     // SND.WND
  std::uint32_t receive_window = 0;  // RCV.WND
  std::uint32_t congestion_window = 0;
  std::uint32_t slow_start_threshold = UINT32_MAX;
  std::uint32_t in_flight = 0;  // RFC 6675: pipe
  std::uint32_t unacknowledged = 0;
  std::uint32_t not_sent = 0;
  // Segments of what is not acknowledged cumulatively: all of them, those the peer has told of by
  // SACK, those taken for lost, sent again or not, and those sent again that are on their way.
  std::uint32_t segments_unacknowledged = 0;
  std::uint32_t segments_sacked = 0;
  std::uint32_t segments_lost = 0;
  std::uint32_t segments_resent = 0;
  std::uint32_t send_buffer = 0;
  std::uint32_t receive_buffer = 0;
  std::uint32_t receive_queue = 0;       // not read yet
  std::uint32_t out_of_order_queue = 0;  // waits for a hole to be filled

  // Timing.
  Duration age{};  // since it was opened
  Duration retransmission_timeout{};
  Duration delayed_ack{};   // how long an ACK may wait at present
  Duration smoothed_rtt{};  // 0: no sample yet
  Duration rtt_variation{};
  std::optional<Duration> min_rtt{};
  std::optional<Duration> receive_rtt{};  // seen by the receiving half
  Duration since_data_sent{};
  Duration since_data_received{};
  Duration since_ack_received{};

  // Rates in bytes a second; 0: not known, or no limit.
  std::uint64_t pacing_rate = 0;
  std::uint64_t delivery_rate = 0;
  bool delivery_rate_is_application_limited = false;

  // How long there was something to send, and how much of it the sender could not because of the
  // peer's window, or because its own buffer was too small to cover the path.
  Duration busy{};
  Duration limited_by_peer_window{};
  Duration limited_by_send_buffer{};

  // Counts since the connection began.
  std::uint64_t bytes_sent = 0;  // again, too
  std::uint64_t bytes_retransmitted = 0;
  std::uint64_t bytes_acknowledged = 0;
  std::uint64_t bytes_received = 0;  // in order
  std::uint64_t segments_sent = 0;
  std::uint64_t segments_received = 0;
  std::uint64_t data_segments_sent = 0;
  std::uint64_t data_segments_received = 0;
  std::uint64_t segments_delivered = 0;                     // SYN or SYN,ACK among them
  std::array<std::uint32_t, kTcpLossCauses> retransmits{};  // by cause, in segments
  std::uint32_t recoveries = 0;                             // times a recovery was entered
  std::uint32_t timeouts = 0;
  std::uint32_t undone = 0;               // recoveries that turned out to be needless
  std::uint32_t duplicates_reported = 0;  // by D-SACK
  std::uint32_t reordering = 0;           // segments a later one has overtaken at most
  std::uint32_t delivered_ce = 0;         // segments the network marked
  std::uint32_t congestion_marks_received = 0;
  std::uint32_t out_of_order_received = 0;
  std::uint8_t backoffs = 0;  // unanswered timeouts in a row
  std::uint8_t unanswered_probes = 0;
  std::optional<Error> soft_error{};  // RFC 5927: told by ICMP, not believed yet

  [[nodiscard]] std::uint32_t retransmits_by(TcpLossCause cause) const {
    return retransmits[static_cast<std::size_t>(cause)];
  }
};

}  // namespace strata
