// SPDX-License-Identifier: Apache-2.0
// TailProbe: TLP (RFC 8985 7). When the last of a flight is not acknowledged, one segment is sent
// before the timeout, so that SACKs come back and repair goes on without it.
#pragma once

#include <cstdint>

#include "strata/time.h"
#include "tcp/rtt.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

class TailProbe {
 public:
  // RFC 8985 7.2: the probe timeout, counted from the last transmission or acknowledgement.
  [[nodiscard]] static Duration timeout(const Rtt& rtt, bool is_single_segment, Duration rto_first);

  // 7.3: no probe is out, and a round trip was measured since the last.
  [[nodiscard]] bool may_probe() const { return !is_out_ && has_new_sample_; }
  void on_rtt_sample() { has_new_sample_ = true; }
  void on_sent(SequenceNumber nxt, bool is_retransmission) {
    end_ = nxt;
    is_out_ = true;
    is_retransmission_ = is_retransmission;
    has_new_sample_ = false;
  }
  void forget() { is_out_ = false; }
  [[nodiscard]] bool is_out() const { return is_out_; }
  // What was sent twice is acknowledged up to its end, and only what comes next tells whether both
  // arrived.
  [[nodiscard]] bool awaits_verdict(SequenceNumber una) const {
    return is_out_ && is_retransmission_ && end_ == una;
  }
  // A D-SACK for the probe says nothing about reordering.
  [[nodiscard]] bool explains(const SequenceRange& dsack) const {
    return is_out_ && is_retransmission_ && dsack.end == end_;
  }

  struct Ack {
    SequenceNumber ack;
    bool is_duplicate = false;
    bool has_sack = false;  // any block, of any kind
    bool dsacks_probe = false;
  };
  // 7.4: did the probe repair a loss that nothing else tells of?
  [[nodiscard]] bool repaired_loss(const Ack& ack);

 private:
  SequenceNumber end_;  // TLP.end_seq
  bool is_out_ = false;
  bool is_retransmission_ = false;  // TLP.is_retrans
  bool has_new_sample_ = true;
};

}  // namespace strata::tcp
