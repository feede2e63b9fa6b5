// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/tail_probe.h"

#include <algorithm>

namespace strata::tcp {
namespace {

// RFC 8985 7.2: TLP.max_ack_delay, what a peer may wait before it acknowledges a lone segment.
constexpr Duration kAckDelayMax = std::chrono::milliseconds(200);
// A timer for much less is not worth setting.
constexpr Duration kLeast = std::chrono::milliseconds(2);

}  // namespace

Duration TailProbe::timeout(const Rtt& rtt, bool is_single_segment, Duration rto_first) {
  if (!rtt.has_sample()) return rto_first;
  return rtt.srtt() * 2 + (is_single_segment ? kAckDelayMax : kLeast);
}

bool TailProbe::repaired_loss(const Ack& ack) {
  if (!is_out_ || ack.ack < end_) return false;
  if (!is_retransmission_ || ack.dsacks_probe) {
    is_out_ = false;  // new text, or both copies arrived
    return false;
  }
  if (ack.ack > end_) {
    is_out_ = false;
    return true;
  }
  // Both copies were acknowledged, each by the same number.
  if (ack.is_duplicate && !ack.has_sack) is_out_ = false;
  return false;
}

}  // namespace strata::tcp
