// SPDX-License-Identifier: Apache-2.0
// What a Sender is told and what it answers, as plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "strata/packet.h"
#include "strata/tcp_info.h"
#include "strata/time.h"
#include "strata/wire/tcp_options.h"
#include "tcp/congestion.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

// What TSval counts in: a tick of our clock of RFC 7323 5.4.
inline constexpr Duration kTimestampTick = std::chrono::milliseconds(1);

// What the handshake brought.
struct PeerParameters {
  SequenceNumber una;        // SEG.ACK of the segment that opened the connection
  SequenceNumber seq;        // its SEG.SEQ, for SND.WL1
  std::uint32_t window = 0;  // as it applies: scaled, except in a SYN
  // Text of a full segment: the least of MSS option and path, without the options that every
  // segment carries.
  std::uint16_t mss = 536;
  bool sack_ok = false;
  bool timestamps_ok = false;
  bool ecn_ok = false;
  // RFC 5681 3.1, RFC 6298 5.7: SYN or SYN,ACK had to be sent again.
  bool handshake_was_retransmitted = false;
  std::optional<Duration> handshake_rtt{};  // none when ambiguous
  const Algorithm* control = nullptr;       // null: Reno
};

// Of an acceptable segment with ACK, after the checks of RFC 9293 3.10.7.4 before the fifth.
struct AckEvent {
  SequenceNumber seq;
  SequenceNumber ack;
  std::uint32_t window = 0;  // scaled
  std::uint32_t length = 0;  // SEG.LEN: what carries text, SYN or FIN is no duplicate ACK
  bool has_echo = false;     // with timestamps
  std::uint32_t echo = 0;    // TSecr
  std::uint32_t clock = 0;   // what TSval would be now
  bool ece = false;          // RFC 3168 6.1; only where ECN was agreed on
  std::span<const wire::TcpSackBlock> sack{};
};

enum class AckKind : std::uint8_t {
  kOld,        // below SND.UNA, within the largest window ever offered: ignored
  kTooOld,     // below that: RFC 5961 5.2 asks for a challenge ACK
  kTooNew,     // beyond SND.NXT: RFC 9293 3.10.7.4 asks for an ACK
  kDuplicate,  // RFC 5681 2
  kUpdate,     // SND.UNA again, with text or another window
  kNew,
};

struct AckOutcome {
  AckKind kind = AckKind::kOld;
  bool fin_acked = false;
  bool window_opened = false;  // text may leave that could not before
  bool made_progress = false;  // something arrived: the way to the peer works
  bool recovery_entered = false;
  bool recovery_left = false;
  bool recovery_undone = false;
  TcpLossCause cause = TcpLossCause::kDuplicateAcks;  // of recovery_entered
  std::uint32_t bytes_acked = 0;                      // text
};

struct SendLimits {
  std::uint32_t bytes_max = 0;         // of text in one Transmission; 0: one segment
  std::uint16_t segment_size_max = 0;  // when options take more than usual; 0: the MSS
  std::uint32_t clock = 0;             // what TSval would be now
};

// What must leave. Pulled means sent.
struct Transmission {
  SequenceRange text;              // FIN, if any, comes behind it
  PacketPtr payload{};             // shared slices; null without text
  std::uint16_t segment_size = 0;  // cut into so much; all but the last are full
  std::uint16_t segments = 1;
  bool fin = false;
  bool push = false;
  bool cwr = false;  // RFC 3168 6.1.2; with new text only
  bool ect = false;  // RFC 3168 6.1.5: new text may be marked, nothing else
  bool is_retransmission = false;
  bool is_probe = false;       // of the tail (RFC 8985 7) or of a closed window
  bool is_path_probe = false;  // RFC 4821: one segment larger than the MSS
  TcpLossCause cause = TcpLossCause::kDuplicateAcks;  // of is_retransmission and is_probe
  std::optional<std::uint16_t> urgent_pointer{};      // RFC 9293 3.8.5; relative to text.begin
};

// How long unanswered text is sent again before the connection is given up.
struct Patience {
  std::uint8_t retries = 15;  // RFC 9293 3.8.3: R2, as back-offs
  Duration user_timeout{};    // RFC 5482: then by time instead; 0: by retries
  bool is_orphan = false;     // nobody waits: behind a closed window, answered probes count, too
};

enum class DeadlineOutcome : std::uint8_t {
  kNothing,
  kSuspect,  // RFC 9293 3.8.3 (a): R1 was reached; somebody should look for another way
  kGaveUp,   // R2, or the user timeout
};

// Numbers of the program's choice (TcpSocketOptions) that the sending half obeys.
struct SendOptions {
  bool no_delay = false;
  bool cork = false;
  bool pacing = false;
  std::uint32_t send_buffer = 0;  // 0: tuned by itself
  std::uint64_t pacing_rate_max = UINT64_MAX;
};

// Everything a Sender is, but for the text, which copy_text() gives. Plain values: what a version
// does not know is zero.
struct SenderSnapshot {
  static constexpr std::uint16_t kVersion = 1;
  std::uint16_t version = kVersion;
  std::uint16_t mss = 0;
  bool is_established = false;
  bool sack_ok = false;
  bool timestamps_ok = false;
  bool ecn_ok = false;
  bool fin_queued = false;
  bool fin_sent = false;
  bool fin_acked = false;
  SendOptions options{};
  std::uint32_t una = 0;
  std::uint32_t nxt = 0;
  std::uint32_t window = 0;
  std::uint32_t window_max = 0;
  std::uint32_t wl1 = 0;
  std::uint32_t wl2 = 0;
  std::uint32_t queued = 0;  // text from una on, sent or not
  std::uint32_t urgent_end = 0;
  bool has_urgent = false;
  std::uint32_t cwnd = 0;
  std::uint32_t ssthresh = 0;
  std::int64_t srtt_ns = 0;
  std::int64_t rttvar_ns = 0;
  std::int64_t min_rtt_ns = 0;
};

}  // namespace strata::tcp
