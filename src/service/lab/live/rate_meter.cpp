// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/rate_meter.h"

namespace strata::service {
namespace {

void add_if_long(RateMeter::Busy& to, const RateMeter::Busy& stretch) {
  if (stretch.asked < RateMeter::kStretchMin) return;
  to.frames += stretch.frames;
  to.bits += stretch.bits;
  to.asked += stretch.asked;
  to.took += stretch.took;
}

}  // namespace

RateMeter::Busy RateMeter::busy(sim::Direction direction) const {
  const Way& way = ways_[static_cast<std::size_t>(direction)];
  Busy all = way.busy;
  add_if_long(all, way.stretch);
  return all;
}

void RateMeter::stand_still(Duration duration) {
  for (Way& way : ways_) way.last_seen += duration;
}

void RateMeter::on_frame(const sim::Sighting& sighting) {
  const sim::LinkConfig& config = sighting.link.config(sighting.direction);
  if (sighting.moment != sim::Sighting::Moment::kDelivered || config.bits_per_second == 0 ||
      config.trace != nullptr) {
    return;
  }
  Way& way = ways_[static_cast<std::size_t>(sighting.direction)];
  const Time seen = clock_();
  const std::uint64_t bits =
      (std::uint64_t{sighting.packet.size()} + config.frame_overhead_bytes) * 8;
  const Duration alone(static_cast<std::int64_t>(bits * 1'000'000'000 / config.bits_per_second));
  const Duration apart = sighting.at - way.last;
  // What does not divide is carried from frame to frame.
  const bool is_busy = way.has_last && (apart == alone || apart == alone + Duration(1));
  if (is_busy) {
    ++way.stretch.frames;
    way.stretch.bits += bits;
    way.stretch.asked += apart;
    way.stretch.took += seen - way.last_seen;
  } else {
    add_if_long(way.busy, way.stretch);
    way.stretch = {};
  }
  way.has_last = true;
  way.last = sighting.at;
  way.last_seen = seen;
}

}  // namespace strata::service
