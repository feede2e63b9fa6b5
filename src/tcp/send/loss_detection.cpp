// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/loss_detection.h"

#include <algorithm>

namespace strata::tcp {
namespace {

constexpr std::uint8_t kRoundsKept = 16;  // RFC 8985 6.2 step 4
constexpr std::uint8_t kMultiplierMax = 64;

}  // namespace

void LossDetection::on_delivered(const Delivered& record, Duration min_rtt, std::uint16_t mss,
                                 ReorderingMemory& memory, Time now) {
  // Step 3: out of order, and not because it was sent again.
  if (!has_delivered_ || record.end > fack_) {
    fack_ = record.end;
  } else if (record.end < fack_ && !record.was_retransmitted) {
    memory.seen = true;
    reordering_ = std::max(reordering_, distance(record.end, fack_) / std::max<unsigned>(mss, 1));
  }
  // Step 2. An acknowledgement that comes sooner than the path allows, or that echoes an older
  // timestamp, is for the first transmission: its time says nothing of the second.
  const Duration rtt = now - record.sent_time;
  if (record.was_retransmitted && (record.answers_earlier || rtt < min_rtt)) {
    has_delivered_ = true;
    return;
  }
  rtt_ = rtt;
  const bool is_newer =
      record.sent_time > xmit_time_ || (record.sent_time == xmit_time_ && record.end > end_);
  if (!has_delivered_ || is_newer) {
    xmit_time_ = record.sent_time;
    end_ = record.end;
  }
  has_delivered_ = true;
}

void LossDetection::on_dsack(SequenceNumber nxt, ReorderingMemory& memory) {
  if (in_dsack_round_) return;
  in_dsack_round_ = true;
  dsack_round_ = nxt;
  if (memory.multiplier < kMultiplierMax) ++memory.multiplier;
  memory.rounds_left = kRoundsKept;
}

void LossDetection::on_una(SequenceNumber una) {
  if (in_dsack_round_ && una >= dsack_round_) in_dsack_round_ = false;
}

void LossDetection::on_recovery_left(ReorderingMemory& memory) {
  if (memory.rounds_left > 0) --memory.rounds_left;
  if (memory.rounds_left == 0) memory.multiplier = 1;
}

Duration LossDetection::reordering_window(const Window& window, const Rtt& rtt,
                                          const ReorderingMemory& memory) {
  if (!memory.seen && (window.in_recovery || window.sacked_segments >= kDuplicateThreshold)) {
    return {};
  }
  return std::min(rtt.min_rtt() * memory.multiplier / 4, rtt.srtt());
}

Index LossDetection::next_expired(const RetransmissionQueue& sent, const Slab<Record>& records,
                                  Duration window, Time now) {
  deadline_.reset();
  if (!has_delivered_ || sent.oldest() == kNoIndex) return kNoIndex;
  const Record& record = sent.named(records, sent.oldest());
  // RACK_sent_after(): the list is in this order, so behind the first that was not sent before,
  // none was.
  const bool was_sent_before =
      record.sent_time < xmit_time_ || (record.sent_time == xmit_time_ && record.end < end_);
  if (!was_sent_before) return kNoIndex;
  const Time due = record.sent_time + rtt_ + window;
  if (due <= now) return sent.oldest();
  deadline_ = due;
  return kNoIndex;
}

bool LossDetection::is_overdue(const Record& record, Duration window, Time now) const {
  return record.sent_time + rtt_ + window <= now;
}

}  // namespace strata::tcp
