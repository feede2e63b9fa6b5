// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "sim/channel.h"
#include "sim/engine.h"
#include "sim/port.h"
#include "strata/check.h"
#include "strata/sim.h"
#include "strata/sim_link.h"

namespace strata::sim {
namespace {

constexpr std::size_t kMtuMin = 68;  // RFC 791 3.2: what every link can carry
constexpr std::uint32_t kOverheadMax = 65535;

bool is_probability(const Ratio& ratio) {
  return ratio.denominator != 0 && ratio.numerator <= ratio.denominator;
}

bool has_sound_ratios(const LinkConfig& config) {
  const GilbertElliott& burst = config.burst_loss;
  return std::ranges::all_of(
      std::initializer_list<Ratio>{config.loss, config.duplication, config.corruption,
                                   config.reordering, burst.good_to_bad, burst.bad_to_good,
                                   burst.loss_in_good, burst.loss_in_bad},
      is_probability);
}

bool has_sound_times(const LinkConfig& config) {
  return config.delay >= Duration::zero() && config.jitter >= Duration::zero() &&
         config.reorder_delay >= Duration::zero();
}

bool has_sound_jitter(const LinkConfig& config) {
  constexpr std::uint64_t kPartsMax = 1U << 24U;
  const Ratio& tail = config.jitter_tail;
  const bool has_tail = tail.numerator != 0 && tail.numerator <= kPartsMax &&
                        tail.denominator != 0 && tail.denominator <= kPartsMax;
  if (config.jitter_shape != JitterShape::kEmpirical) return has_tail;
  const auto* samples = config.jitter_samples.get();
  return has_tail && samples != nullptr && !samples->empty() &&
         std::ranges::all_of(*samples, [](Duration d) { return d >= Duration::zero(); });
}

bool has_sound_trace(const LinkConfig& config) {
  if (config.trace == nullptr) return true;
  const auto& all = config.trace->opportunities_ms;
  return !all.empty() && all.back() != 0 && std::ranges::is_sorted(all);
}

bool has_sound_sizes(const LinkConfig& config) {
  // With backpressure a sender waits for room for a full-sized frame: there must be such a time.
  const std::size_t bytes_min = config.backpressure ? config.mtu + 22 : 1;
  return config.mtu >= kMtuMin && config.mtu <= kLinkMtuMax && config.queue_packets_max != 0 &&
         config.queue_bytes_max >= bytes_min && config.frame_overhead_bytes <= kOverheadMax &&
         config.corrupted_bits != 0;
}

}  // namespace

Result<void> validate(const LinkConfig& config) {
  const auto& listed = config.lost_frames;
  const bool is_ascending =
      std::ranges::adjacent_find(listed, std::greater_equal<>()) == listed.end() &&
      std::ranges::is_sorted(config.frame_faults, {}, &FrameFault::position) &&
      std::ranges::none_of(config.frame_faults,
                           [](const FrameFault& fault) { return fault.delay < Duration::zero(); });
  if (!has_sound_ratios(config) || !has_sound_times(config) || !has_sound_jitter(config) ||
      !has_sound_trace(config) || !has_sound_sizes(config) || !is_ascending) {
    return std::unexpected(Error::kInvalidArgument);
  }
  return {};
}

std::uint64_t mean_bits_per_second(const LinkConfig& config) {
  if (config.trace == nullptr) return config.bits_per_second;
  const auto& all = config.trace->opportunities_ms;
  return all.size() * kTraceOpportunityBytes * 8 * 1000 / all.back();
}

std::string_view to_text(LinkDrop drop) {
  switch (drop) {
    case LinkDrop::kNone: return "not dropped";
    case LinkDrop::kDown: return "the link is down";
    case LinkDrop::kPartition: return "the link is partitioned";
    case LinkDrop::kOversized: return "longer than the link's MTU";
    case LinkDrop::kQueue: return "the link's queue dropped it";
    case LinkDrop::kLoss: return "lost by chance";
    case LinkDrop::kExactLoss: return "lost as listed";
    case LinkDrop::kBurstLoss: return "lost in a burst";
    case LinkDrop::kPoolEmpty: return "no packet for a copy";
    case LinkDrop::kCount: break;
  }
  return "unknown";
}

Link::Link(Engine& /*engine*/, std::string name) : name_(std::move(name)) {}
Link::~Link() = default;

Node& Link::node(Direction sender) const { return channel(sender).sender().node(); }
std::size_t Link::port(Direction sender) const { return channel(sender).sender().number(); }

const LinkConfig& Link::config(Direction direction) const { return channel(direction).config(); }

void Link::configure(Direction direction, const LinkConfig& config) {
  channel(direction).configure(config);
}

void Link::set_queue(Direction direction, std::unique_ptr<QueueDiscipline> queue) {
  channel(direction).set_queue(std::move(queue));
}

void Link::set_tail_drop(Direction direction) { channel(direction).set_tail_drop(); }

void Link::set_up(bool up) {
  if (up == is_up_) return;
  is_up_ = up;
  if (!up) {
    for (const auto& channel : channels_) channel->lose_all();
  }
  for (const auto& channel : channels_) channel->sender().change();
}

void Link::set_partitioned(Direction direction, bool partitioned) {
  channel(direction).set_partitioned(partitioned);
}

void Link::record_faults(Direction direction, std::vector<FrameFault>& into) {
  channel(direction).record_faults(into);
}

const LinkCounters& Link::counters(Direction direction) const {
  return channel(direction).counters();
}

const QueueDiscipline& Link::queue(Direction direction) const { return channel(direction).queue(); }

std::size_t Link::frames_in_flight(Direction direction) const {
  return channel(direction).frames_in_flight();
}

}  // namespace strata::sim
