// SPDX-License-Identifier: Apache-2.0
// Flight: what a sender has while text is queued or under way, and gives back when there was none
// for a while. Totals: what it remembers from one flight to the next, folded (folded_totals.h) once
// it was given back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/intrusive_list.h"
#include "packet/byte_queue.h"
#include "strata/memory.h"
#include "strata/tcp_info.h"
#include "strata/time.h"
#include "tcp/delivery_rate.h"
#include "tcp/pacing.h"
#include "tcp/send/loss_detection.h"
#include "tcp/send/path_probe.h"
#include "tcp/send/recovery.h"
#include "tcp/send/retransmission_queue.h"
#include "tcp/send/tail_probe.h"
#include "tcp/send/window_use.h"

namespace strata::tcp {

class Sender;

// The one timer of which there is never more than one of.
enum class SendTimer : std::uint8_t {
  kNone,
  kRetransmission,  // RFC 6298 5
  kTailProbe,       // RFC 8985 7
  kPersist,         // RFC 9293 3.8.6.1
  kReneging,        // the first record was SACKed and still is not acknowledged
  kMemory,          // something may leave, but there was no memory for it
};

// What holds a sender back, as Linux counts it.
enum class SendPhase : std::uint8_t { kBusy, kPeerWindow, kSendBuffer };

struct Totals {
  // For TcpInfo, whose words these are.
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_retransmitted = 0;
  std::uint64_t bytes_acknowledged = 0;
  std::uint64_t data_segments_sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t delivery_rate = 0;
  std::array<std::uint32_t, kTcpLossCauses> retransmits{};
  std::uint32_t recoveries = 0;
  std::uint32_t timeouts = 0;
  std::uint32_t undone = 0;
  std::uint32_t duplicates_reported = 0;
  std::uint32_t reordering = 0;
  Duration busy{};
  Duration limited_by_peer_window{};
  Duration limited_by_send_buffer{};
  bool rate_is_application_limited = false;

  ReorderingMemory reordering_memory{};
  WindowValidation validation{};
  PathProbe path{};
};

// What begins anew with each flight.
struct FlightState {
  Recovery recovery{};
  LossDetection loss{};
  TailProbe tail{};
  WindowUse use{};
  Pacer pacer{};
  DeliveryRate rate{};

  Time timer_at{};
  SendTimer timer = SendTimer::kNone;
  SendPhase phase = SendPhase::kBusy;
  std::uint8_t backoffs = 0;        // of the timer: RFC 6298 5.5
  std::uint8_t timeouts = 0;        // since SND.UNA moved
  std::uint8_t unanswered = 0;      // timeouts and probes in a row; R1, R2 of RFC 9293 3.8.3
  std::uint8_t retransmit_now = 0;  // a segment leaves whatever the window says
  std::uint8_t duplicate_acks = 0;  // RFC 5681 2, since SND.UNA moved
  bool probe_tail_now = false;
  bool probe_window_now = false;  // or what the silly window avoidance held back
  bool holds_tail = false;        // write() was told that more comes
  bool wants_room = false;        // write() took less than it was given
  bool is_pacing_blocked = false;
  bool has_urgent = false;
  SequenceNumber urgent_end;  // SND.UP
  SequenceNumber small_end;   // behind the last segment smaller than the MSS
  bool has_small = false;
  // Behind the highest text that recovery has sent again, and whether text sent since recovery
  // began was lost, too: then the next recovery begins where this one ends.
  SequenceNumber retransmitted_end;
  bool lost_beyond_point = false;
  std::uint8_t new_segments_allowed = 0;  // RFC 5682 2, step 2.b
  std::uint32_t virtual_sacked = 0;       // without SACK: segments that duplicates speak of
  std::optional<Time> hold_until{};       // of a tail that waits for more
  Time phase_began{};
  Time oldest_unanswered{};  // for the user timeout
};

struct Flight : FlightState {
  // How long one that fell idle is kept as it is: between a request and the next there is nothing
  // to fold and to unfold.
  static constexpr Duration kRest = std::chrono::milliseconds(500);

  explicit Flight(Memory& memory) : sent(memory) {}

  RetransmissionQueue sent;
  ByteQueue queue;  // position 0 is SND.UNA
  Totals totals{};
  std::size_t charged = 0;  // of the BufferAccount

  // It is on the list of those that rest from the first time on that it does, and busy ones are
  // taken off when that is looked through: so a pause between two requests moves nothing.
  ListLink<Flight> rest_link;
  Sender* sender = nullptr;
  Time rests_since{};  // meaningful while it rests
};

}  // namespace strata::tcp
