// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/recovery.h"

#include <algorithm>

namespace strata::tcp {

std::uint32_t RateReduction::on_ack(const Ack& ack) {
  delivered_ += ack.delivered;
  std::uint64_t allowed = 0;
  if (ack.in_flight > ack.ssthresh) {
    // Proportional: of what was delivered, ssthresh / RecoverFS may be sent.
    const std::uint64_t share =
        flight_size_ == 0 ? 0 : (delivered_ * ack.ssthresh + flight_size_ - 1) / flight_size_;
    allowed = share > sent_ ? share - sent_ : 0;
  } else {
    std::uint64_t bound =
        std::max<std::uint64_t>(delivered_ > sent_ ? delivered_ - sent_ : 0, ack.delivered);
    if (ack.is_safe) bound += ack.mss;
    allowed = std::min<std::uint64_t>(ack.ssthresh - ack.in_flight, bound);
  }
  // The first of the episode leaves at once, whatever the sums say.
  if (sent_ == 0) allowed = std::max<std::uint64_t>(allowed, ack.mss);
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(ack.in_flight + allowed, ack.mss));
}

void UndoEvidence::on_retransmitted(std::uint32_t segments, std::uint32_t clock) {
  if (!is_armed_) return;
  if (!is_any_) first_clock_ = clock;
  is_any_ = true;
  outstanding_ += segments;
}

void UndoEvidence::on_dsack(const SequenceRange& range, SequenceNumber una,
                            std::uint32_t segments) {
  if (!is_armed_ || range.end > una || range.end <= from_) return;
  outstanding_ -= std::min(outstanding_, segments);
}

TimeoutJudge::Verdict TimeoutJudge::on_ack(const Ack& ack) {
  switch (phase_) {
    case Phase::kOff: return Verdict::kNone;
    case Phase::kFirst:
      // Step 2. With SACK, duplicates only tell the scoreboard more (3, step 2).
      if (!ack.una_advanced) {
        if (!ack.is_duplicate || ack.has_sack) return Verdict::kNone;
        break;
      }
      if (ack.reaches_point || !ack.can_send_new) break;
      phase_ = Phase::kSecond;
      return Verdict::kSendNew;
    case Phase::kSecond:
      // Step 3.b: text that was never sent again has arrived, so the network was late, not lossy.
      if (ack.delivered_original && (ack.una_advanced || ack.has_sack)) {
        phase_ = Phase::kOff;
        return Verdict::kSpurious;
      }
      if (!ack.una_advanced && !ack.is_duplicate && !ack.has_new_sack) return Verdict::kNone;
      break;
  }
  phase_ = Phase::kOff;
  return Verdict::kRepair;
}

}  // namespace strata::tcp
