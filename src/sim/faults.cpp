// SPDX-License-Identifier: Apache-2.0
#include "sim/faults.h"

#include <algorithm>

#include "sim/frame.h"
#include "sim/streams.h"

namespace strata::sim {
namespace {

Rng stream(std::uint64_t seed, std::string_view link, Direction direction, StreamUse use) {
  return Rng(stream_seed(seed, link, static_cast<std::uint64_t>(direction), use));
}

}  // namespace

Faults::Faults(std::uint64_t world_seed, std::string_view link, Direction direction)
    : loss_(stream(world_seed, link, direction, StreamUse::kLoss)),
      burst_state_(stream(world_seed, link, direction, StreamUse::kBurstState)),
      burst_loss_(stream(world_seed, link, direction, StreamUse::kBurstLoss)),
      duplication_(stream(world_seed, link, direction, StreamUse::kDuplication)),
      corruption_(stream(world_seed, link, direction, StreamUse::kCorruption)),
      corrupted_bits_(stream(world_seed, link, direction, StreamUse::kCorruptedBits)),
      reordering_(stream(world_seed, link, direction, StreamUse::kReordering)),
      jitter_(stream(world_seed, link, direction, StreamUse::kJitter)) {}

void Faults::configure(const LinkConfig& config) {
  config_ = &config;
  const auto next = std::ranges::lower_bound(config.lost_frames, position_);
  next_listed_ = static_cast<std::size_t>(next - config.lost_frames.begin());
}

Fate Faults::next() {
  Fate fate;
  fate.drop = next_loss();
  if (fate.drop != LinkDrop::kNone) return fate;
  fate.is_corrupted = corruption_.chance(config_->corruption);
  fate.is_duplicated = duplication_.chance(config_->duplication);
  if (config_->jitter > Duration::zero()) {
    const auto width = static_cast<std::uint64_t>(config_->jitter.count());
    fate.extra_delay = Duration(static_cast<std::int64_t>(jitter_.between(0, width)));
  }
  fate.is_held_back = is_held_back();
  if (fate.is_held_back) {
    // Each alone may reach to the end of time.
    fate.extra_delay += std::min(config_->reorder_delay, Duration::max() - fate.extra_delay);
  }
  return fate;
}

// Every kind of loss is drawn for every frame, so that the streams keep step with the frames
// whatever else happens to them.
LinkDrop Faults::next_loss() {
  const bool is_by_list = is_listed();
  const bool is_by_burst = is_lost_in_burst();
  const bool is_by_chance = loss_.chance(config_->loss);
  if (is_by_list) return LinkDrop::kExactLoss;
  if (is_by_burst) return LinkDrop::kBurstLoss;
  return is_by_chance ? LinkDrop::kLoss : LinkDrop::kNone;
}

bool Faults::is_listed() {
  const std::uint64_t position = position_++;
  const auto& listed = config_->lost_frames;
  if (next_listed_ == listed.size() || listed[next_listed_] != position) return false;
  ++next_listed_;
  return true;
}

bool Faults::is_lost_in_burst() {
  const GilbertElliott& burst = config_->burst_loss;
  if (burst.good_to_bad.numerator == 0 && burst.loss_in_good.numerator == 0 && !is_bad_) {
    return false;
  }
  if (burst_state_.chance(is_bad_ ? burst.bad_to_good : burst.good_to_bad)) is_bad_ = !is_bad_;
  return burst_loss_.chance(is_bad_ ? burst.loss_in_bad : burst.loss_in_good);
}

bool Faults::is_held_back() {
  bool is_held = reordering_.chance(config_->reordering);
  if (config_->reorder_every != 0 && ++since_held_ >= config_->reorder_every) {
    since_held_ = 0;
    is_held = true;
  }
  return is_held;
}

void Faults::corrupt(Packet& frame) { flip_bits(frame, config_->corrupted_bits, corrupted_bits_); }

}  // namespace strata::sim
