// SPDX-License-Identifier: Apache-2.0
#include "sim/channel.h"

#include <algorithm>
#include <utility>

#include "sim/engine.h"
#include "sim/frame.h"
#include "sim/frame_hash.h"
#include "sim/port.h"
#include "strata/check.h"
#include "strata/wire/ethernet.h"

namespace strata::sim {
namespace {

constexpr std::size_t kTagsBytesMax = 8;
constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

std::size_t frame_bytes_max(const LinkConfig& config) {
  return config.mtu + wire::EthernetLayout::kSize + kTagsBytesMax;
}

std::unique_ptr<TailDrop> make_tail_drop(const LinkConfig& config) {
  return std::make_unique<TailDrop>(config.queue_packets_max, config.queue_bytes_max,
                                    frame_bytes_max(config));
}

}  // namespace

Channel::Channel(Engine& engine, Link& link, Direction direction, const LinkConfig& config)
    : engine_(engine),
      link_(link),
      direction_(direction),
      faults_(engine.config().seed, link.name(), direction) {
  auto queue = make_tail_drop(config);
  tail_drop_ = queue.get();
  queue_ = std::move(queue);
  configure(config);
}

Channel::~Channel() = default;

void Channel::configure(const LinkConfig& config) {
  STRATA_CHECK(validate(config).has_value());
  // Receivers in such a world do not verify: what is corrupted would pass for good.
  STRATA_CHECK(!engine_.config().vouches_for_bytes || config.corruption.numerator == 0);
  // Opportunities are counted from the beginning of a trace: those of another tell nothing.
  if (config.trace != config_.trace) trace_ = {};
  config_ = config;
  faults_.configure(config_);
  if (tail_drop_ != nullptr) {
    tail_drop_->set_limits(config.queue_packets_max, config.queue_bytes_max,
                           frame_bytes_max(config));
  }
}

void Channel::set_queue(std::unique_ptr<QueueDiscipline> queue) {
  STRATA_CHECK(queue != nullptr);
  while (PacketPtr frame = queue_->dequeue(engine_.now(), *this)) {
    queue->enqueue(std::move(frame), engine_.now(), *this);
  }
  queue_ = std::move(queue);
  tail_drop_ = nullptr;
}

void Channel::set_tail_drop() {
  if (tail_drop_ != nullptr) return;
  auto queue = make_tail_drop(config_);
  TailDrop& tail_drop = *queue;
  set_queue(std::move(queue));
  tail_drop_ = &tail_drop;
}

void Channel::lose_all() {
  while (PacketPtr frame = queue_->dequeue(engine_.now(), *this)) {
    drop(std::move(frame), LinkDrop::kDown);
  }
  lost_before_ = engine_.next_order();
  last_arrival_ = engine_.now();  // nobody waits for frames that never arrive
}

std::size_t Channel::room() const { return queue_->room(); }

void Channel::send(PacketPtr frame) {
  ++counters_.sent_frames;
  counters_.sent_bytes += frame->size();
  tell(*frame, Sighting::Moment::kSent);
  if (const LinkDrop why = refuses(*frame); why != LinkDrop::kNone) {
    drop(std::move(frame), why);
    return;
  }
  frame = make_own(std::move(frame), engine_.pool());
  if (frame == nullptr) {
    ++counters_.dropped[static_cast<std::size_t>(LinkDrop::kPoolEmpty)];
    return;
  }
  queue_->enqueue(std::move(frame), engine_.now(), *this);
  serve_queue();
  counters_.queue_packets_peak = std::max(counters_.queue_packets_peak, queue_->packets());
  counters_.queue_bytes_peak = std::max(counters_.queue_bytes_peak, queue_->bytes());
}

LinkDrop Channel::refuses(const Packet& frame) const {
  if (!link_.is_up()) return LinkDrop::kDown;
  if (is_partitioned_) return LinkDrop::kPartition;
  const bool is_short = frame.size() <= config_.mtu + wire::EthernetLayout::kSize;
  if (is_short || frame.size() - link_header_bytes(frame) <= config_.mtu) return LinkDrop::kNone;
  return LinkDrop::kOversized;
}

void Channel::serve_queue() {
  while (free_at_ <= engine_.now()) {
    PacketPtr frame = queue_->dequeue(engine_.now(), *this);
    if (frame == nullptr) return;
    serialise(std::move(frame));
  }
  if (is_waking_ || queue_->packets() == 0) return;
  is_waking_ = true;
  engine_.add_event(free_at_, row_, nullptr);
}

void Channel::on_wire_free() {
  is_waking_ = false;
  serve_queue();
  if (config_.backpressure) engine_.wake(sender_->node());
}

void Channel::serialise(PacketPtr frame) {
  if (free_at_ < engine_.now()) bit_remainder_ = 0;
  free_at_ = wire_free_after(frame->size());
  const Fate fate = faults_.next();
  if (fate.drop != LinkDrop::kNone) {
    drop(std::move(frame), fate.drop);
    return;
  }
  if (fate.is_corrupted) {
    faults_.corrupt(*frame, fate);
    ++counters_.corrupted_frames;
  }
  propagate(std::move(frame), fate);
}

Time Channel::wire_free_after(std::size_t bytes) {
  const Time now = engine_.now();
  if (config_.trace == nullptr) return later(now, time_on_wire(bytes));
  return trace_.take(*config_.trace, now, bytes + config_.frame_overhead_bytes);
}

Duration Channel::time_on_wire(std::size_t bytes) {
  if (config_.bits_per_second == 0) return Duration::zero();
  // At most 2^17 bytes with their overhead: the product stays far below 2^64.
  const std::uint64_t bits = (std::uint64_t{bytes} + config_.frame_overhead_bytes) * 8;
  const std::uint64_t total = bits * kNanosecondsPerSecond + bit_remainder_;
  bit_remainder_ = total % config_.bits_per_second;
  return Duration(static_cast<std::int64_t>(total / config_.bits_per_second));
}

void Channel::propagate(PacketPtr frame, const Fate& fate) {
  Time arrival = std::max(free_at_, later(later(free_at_, config_.delay), fate.extra_delay));
  if (fate.is_held_back) {
    ++counters_.reordered_frames;
  } else if (!config_.jitter_reorders) {
    arrival = std::max(arrival, last_arrival_);
    last_arrival_ = arrival;
  }
  PacketPtr twin;
  if (fate.is_duplicated) {
    twin = frame->copy(engine_.pool());
    // The frame itself is on its way; only its duplicate found no packet.
    if (twin == nullptr) ++counters_.dropped[static_cast<std::size_t>(LinkDrop::kPoolEmpty)];
  }
  put_on_wire(std::move(frame), arrival);
  if (twin != nullptr) {
    ++counters_.duplicated_frames;
    put_on_wire(std::move(twin), arrival);
  }
}

void Channel::put_on_wire(PacketPtr frame, Time arrival) {
  ++on_wire_;
  engine_.add_event(arrival, row_, std::move(frame));
}

void Channel::on_arrival(PacketPtr frame, std::uint64_t order) {
  --on_wire_;
  if (order < lost_before_) {
    drop(std::move(frame), LinkDrop::kDown);
    return;
  }
  ++counters_.delivered_frames;
  counters_.delivered_bytes += frame->size();
  hash_ = hash_frame(hash_, engine_.now(), frame->bytes());
  PacketNotes& notes = frame->notes();
  notes = PacketNotes{};
  notes.arrival = engine_.now();
  if (engine_.config().vouches_for_bytes) notes.checksum = ChecksumState::kVerified;
  tell(*frame, Sighting::Moment::kDelivered);
  engine_.count_delivery();
  receiver_->deliver(std::move(frame));
}

void Channel::drop(PacketPtr frame, LinkDrop why) {
  ++counters_.dropped[static_cast<std::size_t>(why)];
  tell(*frame, Sighting::Moment::kDropped, why);
}

void Channel::tell(const Packet& frame, Sighting::Moment moment, LinkDrop why) {
  for (const Watch& watch : watches_) {
    const bool sees =
        moment == Sighting::Moment::kDelivered ? watch.sees_delivered : watch.sees_sent;
    if (sees) watch.tap->on_frame({engine_.now(), link_, direction_, moment, why, frame});
  }
}

void Channel::add_tap(Tap& tap, bool sees_sent, bool sees_delivered) {
  const auto same = [&](const Watch& watch) { return watch.tap == &tap; };
  if (const auto found = std::ranges::find_if(watches_, same); found != watches_.end()) {
    found->sees_sent |= sees_sent;
    found->sees_delivered |= sees_delivered;
    return;
  }
  watches_.push_back({&tap, sees_sent, sees_delivered});
}

void Channel::remove_tap(const Tap& tap) {
  std::erase_if(watches_, [&](const Watch& watch) { return watch.tap == &tap; });
}

}  // namespace strata::sim
