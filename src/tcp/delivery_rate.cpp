// SPDX-License-Identifier: Apache-2.0
#include "tcp/delivery_rate.h"

#include <algorithm>

#include "tcp/congestion/fixed_point.h"

namespace strata::tcp {
namespace {

// A 64-bit count of which a snapshot kept the low half, not long ago.
std::uint64_t widen(std::uint64_t count, std::uint32_t earlier) {
  return count - (static_cast<std::uint32_t>(count) - earlier);
}

}  // namespace

DeliverySnapshot DeliveryRate::on_sent(std::uint32_t bytes, std::uint32_t in_flight,
                                       Time sent_time) {
  // With nothing in flight the interval begins now: all that comes back was sent after.
  if (in_flight == 0) first_sent_time_ = delivered_time_ = sent_time;
  return {.delivered_time = delivered_time_,
          .first_sent_time = first_sent_time_,
          .delivered = static_cast<std::uint32_t>(delivered_),
          .lost = static_cast<std::uint32_t>(lost_),
          .tx_in_flight = in_flight + bytes,
          .is_app_limited = is_app_limited_};
}

void DeliveryRate::on_delivered(RateSample& sample, const DeliverySnapshot& snapshot,
                                std::uint32_t bytes, std::uint64_t end, Time sent_time, Time now) {
  delivered_ += bytes;
  delivered_time_ = now;
  sample.newly_delivered += bytes;
  const bool is_newest = !sample.has_data || sent_time > first_sent_time_ ||
                         (sent_time == first_sent_time_ && end > sample.newest_end);
  if (!is_newest) return;
  sample.has_data = true;
  sample.newest_end = end;
  sample.prior_delivered = widen(delivered_, snapshot.delivered);
  sample.lost = static_cast<std::uint32_t>(lost_) - snapshot.lost;
  sample.tx_in_flight = snapshot.tx_in_flight;
  sample.is_app_limited = snapshot.is_app_limited;
  sample.send_elapsed = sent_time - snapshot.first_sent_time;
  sample.ack_elapsed = now - snapshot.delivered_time;
  first_sent_time_ = sent_time;
}

LossSample DeliveryRate::on_lost(RateSample& sample, const DeliverySnapshot& snapshot,
                                 std::uint32_t bytes, Time now) {
  sample.newly_lost += bytes;
  sample.lost += bytes;
  return on_lost(snapshot, bytes, now);
}

LossSample DeliveryRate::on_lost(const DeliverySnapshot& snapshot, std::uint32_t bytes, Time now) {
  lost_ += bytes;
  return {.now = now,
          .bytes = bytes,
          .tx_in_flight = snapshot.tx_in_flight,
          .lost = static_cast<std::uint32_t>(lost_) - snapshot.lost,
          .delivered_total = delivered_,
          .is_app_limited = snapshot.is_app_limited};
}

void DeliveryRate::finish(RateSample& sample, Duration min_rtt) {
  if (is_app_limited_ && delivered_ > app_limited_until_) is_app_limited_ = false;
  sample.delivered_total = delivered_;
  if (!sample.has_data) return;
  if (sample.prior_delivered >= round_end_) {
    sample.round_started = true;
    round_end_ = delivered_;
  }
  sample.delivered = congestion::to_volume(delivered_ - sample.prior_delivered);
  sample.interval = std::max(sample.send_elapsed, sample.ack_elapsed);
  // Shorter than any round trip: a spurious retransmission was taken for the one that arrived.
  if (sample.interval < min_rtt) return;
  sample.rate = congestion::rate_of(sample.delivered, sample.interval);
}

void DeliveryRate::mark_app_limited(std::uint32_t in_flight) {
  is_app_limited_ = true;
  app_limited_until_ = delivered_ + in_flight;
}

}  // namespace strata::tcp
