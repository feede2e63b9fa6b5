// SPDX-License-Identifier: Apache-2.0
// LossDetection: RACK (RFC 8985 5 and 6): what was sent before something that has arrived, and has
// not itself arrived a reordering window later, is lost.
//
//   sent:  a  b  c  d  e           d was delivered: xmit_time = when d was sent, rtt = d's
//          |  |  |  *              a, b, c count as lost at sent + rtt + reordering window
//
// The window is nothing until the path has been seen to reorder, then a share of the least round
// trip that grows while D-SACKs tell that we were too quick.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/time.h"
#include "tcp/rtt.h"
#include "tcp/send/retransmission_queue.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

// What outlives a flight: how the path reorders.
struct ReorderingMemory {
  std::uint8_t multiplier = 1;   // RACK.reo_wnd_mult
  std::uint8_t rounds_left = 0;  // RACK.reo_wnd_persist
  bool seen = false;             // RACK.reordering_seen
};

class LossDetection {
 public:
  static constexpr std::uint32_t kDuplicateThreshold = 3;  // RFC 5681, RFC 6675 2: DupThresh

  struct Delivered {
    SequenceNumber end;
    Time sent_time{};
    bool was_retransmitted = false;
    // By its timestamp, this answers an earlier transmission (RFC 8985 6.2 step 2).
    bool answers_earlier = false;
  };
  // Steps 1 to 3, for one record that is newly acknowledged or SACKed.
  void on_delivered(const Delivered& record, Duration min_rtt, std::uint16_t mss,
                    ReorderingMemory& memory, Time now);
  // Step 4, once per acknowledgement.
  void on_dsack(SequenceNumber nxt, ReorderingMemory& memory);
  void on_una(SequenceNumber una);
  static void on_recovery_left(ReorderingMemory& memory);

  struct Window {
    bool in_recovery = false;
    std::uint32_t sacked_segments = 0;
  };
  [[nodiscard]] static Duration reordering_window(const Window& window, const Rtt& rtt,
                                                  const ReorderingMemory& memory);

  // Step 5: the next record that counts as lost by now; none when there is none. Then deadline()
  // is when the next one will. Call until empty.
  [[nodiscard]] Index next_expired(const RetransmissionQueue& sent, const Slab<Record>& records,
                                   Duration window, Time now);
  [[nodiscard]] std::optional<Time> deadline() const { return deadline_; }
  void clear_deadline() { deadline_.reset(); }
  // RFC 8985 6.3: has it been out for a round trip and a reordering window at a timeout?
  [[nodiscard]] bool is_overdue(const Record& record, Duration window, Time now) const;

  [[nodiscard]] std::uint32_t reordering() const { return reordering_; }

 private:
  Time xmit_time_{};
  Duration rtt_{};
  SequenceNumber end_;
  SequenceNumber fack_;  // the highest that was delivered
  SequenceNumber dsack_round_;
  std::uint32_t reordering_ = 0;  // segments overtaken at most
  std::optional<Time> deadline_{};
  bool has_delivered_ = false;
  bool in_dsack_round_ = false;
};

}  // namespace strata::tcp
