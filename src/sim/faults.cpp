// SPDX-License-Identifier: Apache-2.0
#include "sim/faults.h"

#include <algorithm>

#include "sim/draws.h"
#include "sim/frame.h"
#include "sim/streams.h"

namespace strata::sim {
namespace {

Rng stream(std::uint64_t seed, std::string_view link, Direction direction, StreamUse use) {
  return Rng(stream_seed(seed, link, static_cast<std::uint64_t>(direction), use));
}

// Of a link in the good state. Jitter counts: it moves frames.
bool is_faultless(const LinkConfig& config) {
  const auto never = [](const Ratio& ratio) { return ratio.numerator == 0; };
  return config.lost_frames.empty() && config.frame_faults.empty() && never(config.loss) &&
         never(config.burst_loss.good_to_bad) && never(config.burst_loss.loss_in_good) &&
         never(config.corruption) && never(config.duplication) && never(config.reordering) &&
         config.reorder_every == 0 && config.jitter == Duration::zero() &&
         config.jitter_shape != JitterShape::kEmpirical;
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
  is_faultless_ = !is_bad_ && is_faultless(config);
  const auto next = std::ranges::lower_bound(config.lost_frames, position_);
  next_listed_ = static_cast<std::size_t>(next - config.lost_frames.begin());
  const auto fault =
      std::ranges::lower_bound(config.frame_faults, position_, {}, &FrameFault::position);
  next_fault_ = static_cast<std::size_t>(fault - config.frame_faults.begin());
}

Fate Faults::draw() {
  const Listed listed = take_listed();
  Fate fate;
  fate.drop = next_loss(listed.is_lost);
  if (fate.drop != LinkDrop::kNone) {
    note(FrameFault::Kind::kLose);
    ++position_;
    return fate;
  }
  if (corruption_.chance(config_->corruption)) {
    fate.is_corrupted = true;
    fate.bits_seed = corrupted_bits_.next();
  }
  if (listed.corrupted != nullptr) {
    fate.is_corrupted = true;
    fate.bits_seed = listed.corrupted->bits_seed;
  }
  if (fate.is_corrupted) note(FrameFault::Kind::kCorrupt, fate.bits_seed);
  fate.is_duplicated = duplication_.chance(config_->duplication) || listed.duplicated != nullptr;
  if (fate.is_duplicated) note(FrameFault::Kind::kDuplicate);
  fate.extra_delay = next_jitter();
  const bool is_held = is_held_back();
  if (listed.held != nullptr) {
    hold_back(fate, listed.held->delay);
  } else if (is_held) {
    hold_back(fate, config_->reorder_delay);
  }
  ++position_;
  return fate;
}

Duration Faults::next_jitter() {
  if (config_->jitter_shape == JitterShape::kEmpirical) {
    const std::vector<Duration>& samples = *config_->jitter_samples;
    return samples[jitter_.below(samples.size())];
  }
  if (config_->jitter == Duration::zero()) return {};
  switch (config_->jitter_shape) {
    case JitterShape::kNormal: return draw_normal(jitter_, config_->jitter);
    case JitterShape::kPareto: return draw_pareto(jitter_, config_->jitter, config_->jitter_tail);
    case JitterShape::kUniform:
    case JitterShape::kEmpirical: break;
  }
  const auto width = static_cast<std::uint64_t>(config_->jitter.count());
  return Duration(static_cast<std::int64_t>(jitter_.between(0, width)));
}

void Faults::hold_back(Fate& fate, Duration delay) {
  fate.is_held_back = true;
  note(FrameFault::Kind::kHold, 0, delay);
  // Each alone may reach to the end of time.
  const Duration so_far = std::max(fate.extra_delay, Duration::zero());
  fate.extra_delay = so_far + std::min(delay, Duration::max() - so_far);
}

void Faults::note(FrameFault::Kind kind, std::uint64_t bits_seed, Duration delay) const {
  if (record_ != nullptr) record_->push_back({kind, position_, bits_seed, delay});
}

Faults::Listed Faults::take_listed() {
  Listed listed;
  const auto& lost = config_->lost_frames;
  if (next_listed_ != lost.size() && lost[next_listed_] == position_) {
    ++next_listed_;
    listed.is_lost = true;
  }
  const auto& faults = config_->frame_faults;
  for (; next_fault_ != faults.size() && faults[next_fault_].position == position_; ++next_fault_) {
    const FrameFault& fault = faults[next_fault_];
    switch (fault.kind) {
      case FrameFault::Kind::kLose: listed.is_lost = true; break;
      case FrameFault::Kind::kCorrupt: listed.corrupted = &fault; break;
      case FrameFault::Kind::kDuplicate: listed.duplicated = &fault; break;
      case FrameFault::Kind::kHold: listed.held = &fault; break;
    }
  }
  return listed;
}

// Every kind of loss is drawn for every frame, so that the streams keep step with the frames
// whatever else happens to them.
LinkDrop Faults::next_loss(bool is_listed) {
  const bool is_by_burst = is_lost_in_burst();
  const bool is_by_chance = loss_.chance(config_->loss);
  if (is_listed) return LinkDrop::kExactLoss;
  if (is_by_burst) return LinkDrop::kBurstLoss;
  return is_by_chance ? LinkDrop::kLoss : LinkDrop::kNone;
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

void Faults::corrupt(Packet& frame, const Fate& fate) const {
  Rng bits(fate.bits_seed);
  flip_bits(frame, config_->corrupted_bits, bits);
}

}  // namespace strata::sim
