// SPDX-License-Identifier: Apache-2.0
#include "tcp/receive/ack_timing.h"

#include <algorithm>

namespace strata::tcp {
namespace {

constexpr std::uint32_t kGapUnitMicros = 16;
// Text of ours so soon behind the peer's is an answer.
constexpr Duration kAnswerMax = std::chrono::milliseconds(40);

}  // namespace

void AckTiming::on_arrival(std::uint32_t bytes, std::uint16_t segments, bool is_pushed, Time now) {
  learn_gap(now);
  if (bytes == 0) return;
  const std::uint32_t count = std::max<std::uint32_t>(segments, 1);
  learn_size((bytes + count - 1) / count, is_pushed);
}

void AckTiming::learn_gap(Time now) {
  const std::uint32_t gap_us = micros_since(last_arrival_, now);
  last_arrival_ = micros_of(now);
  if (!has_arrival_) {
    has_arrival_ = true;
    return;
  }
  if (from_micros(gap_us) >= kPause) {
    // RFC 5681 4.1: the sender begins again with a small window.
    if (!is_interactive_) quick_left_ = kQuickUnits;
    return;
  }
  const auto gap = std::min<std::uint32_t>(gap_us / kGapUnitMicros, UINT16_MAX);
  gap_ = static_cast<std::uint16_t>(has_gap_ ? (3U * gap_ + gap) / 4 : gap);
  has_gap_ = true;
}

// A segment is full if it is the largest, or if the sender had more to send and yet stopped there:
// that lets the estimate sink when the path does.
void AckTiming::learn_size(std::uint32_t bytes, bool is_pushed) {
  if (bytes <= segment_size_ && is_pushed) return;
  segment_size_ =
      static_cast<std::uint16_t>(std::clamp<std::uint32_t>(bytes, kSegmentSizeFirst, UINT16_MAX));
}

void AckTiming::on_in_order(std::uint32_t bytes, Duration delay_max, Time now) {
  pending_bytes_ =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(pending_bytes_ + bytes, UINT16_MAX));
  // RFC 9293 3.8.6.3: an ACK for at least every second full segment.
  const auto two_segments = std::min<std::uint32_t>(2U * segment_size_, UINT16_MAX);
  if (is_quick() || pending_bytes_ >= two_segments || delay_max <= Duration::zero()) {
    if (quick_left_ != 0) --quick_left_;
    owes_now_ = true;
    is_waiting_ = false;
    return;
  }
  if (owes_now_ || is_waiting_) return;
  deadline_ = PackedTime(now + delay(delay_max));
  is_waiting_ = true;
}

Duration AckTiming::delay(Duration delay_max) const {
  if (!has_gap_) return delay_max;
  return std::min(delay_max, std::max(kDelayMin, 2 * from_micros(gap_ * kGapUnitMicros)));
}

void AckTiming::on_deadline(Time now) {
  if (!is_waiting_ || now < deadline_.time()) return;
  is_waiting_ = false;
  owes_now_ = true;
  is_interactive_ = false;  // nobody answered
}

void AckTiming::on_ack_sent(bool with_text, Time now) {
  // Text that goes with the first ACK of all shows the same: the program has something to say.
  const bool is_first = !has_arrival_ && owes_now_;
  const bool is_answer = pending_bytes_ != 0 && since_arrival(now) <= kAnswerMax;
  if (with_text && (is_first || is_answer)) {
    is_interactive_ = true;
    quick_left_ = 0;
  }
  hand_over();
}

void AckTiming::hand_over() {
  owes_now_ = false;
  is_waiting_ = false;
  pending_bytes_ = 0;
}

void AckTiming::set_quick(std::optional<bool> wanted) {
  quick_wanted_ = wanted.value_or(false);
  if (wanted == false) quick_left_ = 0;
  if (!quick_wanted_ || !is_waiting_) return;
  is_waiting_ = false;
  owes_now_ = true;
}

}  // namespace strata::tcp
