// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/paced_world.h"

#include <algorithm>
#include <utility>

#include "driver/frame.h"
#include "strata/check.h"
#include "strata/packet_batch.h"

namespace strata::service {
namespace {

constexpr Duration kAskEvery = std::chrono::milliseconds(1);

}  // namespace

PacedWorld::PacedWorld(sim::World& world, ClockFunction clock) : world_(world), clock_(clock) {}

PacedWorld::~PacedWorld() {
  for (const auto& joined : joined_) joined->station->set_on_frame({});
}

void PacedWorld::join(sim::Station& station, Device& device, Feeding feeding) {
  STRATA_CHECK(station.port_count() == 1);
  auto made = std::make_unique<Joined>();
  made->station = &station;
  made->device = &device;
  made->had_descriptor = device.descriptor() >= 0;
  made->must_be_asked = feeding == Feeding::kMustAsk;
  Joined* const joined = made.get();
  joined_.push_back(std::move(made));
  list_sources();
  station.set_on_frame([this, joined](PacketPtr frame, std::size_t /*port*/, Time /*now*/) {
    send_out(*joined, std::move(frame));
  });
}

void PacedWorld::leave(sim::Station& station) {
  station.set_on_frame({});
  std::erase_if(arrivals_, [&](const Arrival& each) { return each.from->station == &station; });
  std::erase_if(joined_, [&](const auto& each) { return each->station == &station; });
  list_sources();
}

void PacedWorld::list_sources() {
  descriptors_.clear();
  must_ask_ = false;
  for (const auto& joined : joined_) {
    const int descriptor = joined->device->descriptor();
    if (descriptor >= 0) descriptors_.push_back(descriptor);
    must_ask_ = must_ask_ || joined->must_be_asked;
  }
}

Duration PacedWorld::resume() {
  if (!has_begun_) return {};
  const Duration stood_still = std::max(clock_() - left_at_, Duration::zero());
  zero_ += stood_still;
  left_at_ += stood_still;
  // What was read meanwhile came before now.
  arrived_by_ = std::min(arrived_by_, world_time(left_at_));
  return stood_still;
}

bool PacedWorld::prepare_to_sleep() {
  bool may_sleep = true;
  for (const auto& joined : joined_) may_sleep = joined->device->prepare_to_sleep() && may_sleep;
  return may_sleep;
}

bool PacedWorld::turn(Time now) {
  last_turn_ = now;
  if (is_stalled_) return false;
  if (!std::exchange(has_begun_, true)) {
    zero_ = now - world_.now().time_since_epoch();
    left_at_ = now;
  }
  const bool waits_for_later_end = is_at_end();
  rest_if_behind();
  const std::uint64_t turns = world_.counters().turns;
  take_frames();
  run_until(std::min(world_time(clock_()), end_));
  const bool has_frames = !arrivals_.empty();
  send_frames();
  if (!waits_for_later_end) left_at_ = clock_();
  return has_frames || world_.counters().turns != turns;
}

void PacedWorld::rest_if_behind() {
  const std::optional<Time> next = world_.next_instant();
  const Time now = world_time(clock_());
  if (!next || *next > end_ || now - *next <= kBehindMax) return;
  const Duration behind = now - *next;
  zero_ += behind;
  ++rests_.times;
  rests_.in_all += behind;
}

void PacedWorld::take_frames() {
  if (!arrivals_.empty()) return;
  for (const auto& joined : joined_) {
    PacketBatch batch;
    joined->device->receive(world_.pool(), batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (PacketPtr frame = batch.take(i)) arrivals_.push_back({joined.get(), std::move(frame)});
    }
    look_at(*joined);
  }
  // Not before: a frame may have come while others were read.
  if (!arrivals_.empty()) arrived_by_ = world_time(clock_());
}

// To `last`, one instant after the other.
void PacedWorld::run_until(Time last) {
  Time reached = world_.now();
  while (true) {
    const std::optional<Time> next = world_.next_instant();
    if (!next || *next > last) break;
    // What follows at an instant that has been counted is part of it.
    if (*next > reached) lateness_.add(world_time(clock_()) - *next);
    reached = std::max(reached, *next);
    if (!world_.step(last)) {
      is_stalled_ = true;
      return;
    }
  }
  world_.idle_until(last);
}

void PacedWorld::send_frames() {
  if (arrivals_.empty() || is_stalled_ || world_.now() < arrived_by_) return;
  for (Arrival& arrival : arrivals_) {
    Packet& frame = *arrival.frame;
    // Links carry bytes and no notes of what is left to do about them.
    const bool is_finished =
        frame.notes().checksum != ChecksumState::kPartial ||
        (driver::has_sound_partial_checksum(frame) && driver::complete_checksum(frame));
    if (!is_finished || frame.notes().segment_kind != SegmentKind::kNone) continue;
    ++arrival.from->frames_in;
    arrival.from->station->send(std::move(arrival.frame));
  }
  arrivals_.clear();
  run_until(world_.now());
}

void PacedWorld::send_out(Joined& joined, PacketPtr frame) {
  PacketBatch batch;
  batch.push(std::move(frame));
  const std::uint64_t sent = joined.device->counters().sent_packets;
  joined.device->transmit(batch);
  lateness_out_.add(world_time(clock_()) - world_.now());
  if (joined.device->counters().sent_packets == sent) {
    ++joined.refused;
  } else {
    ++joined.frames_out;
  }
}

// A device whose other side is down is a cable that was pulled out.
void PacedWorld::look_at(Joined& joined) {
  const bool is_up = joined.device->is_up();
  if (is_up == joined.is_up) return;
  joined.is_up = is_up;
  joined.station->link(0).set_up(is_up);
  const bool is_gone = joined.had_descriptor && joined.device->descriptor() < 0;
  if (!is_up && is_gone) joined.vanished_at = world_.now();
}

std::optional<Time> PacedWorld::next_deadline() const {
  if (is_stalled_) return std::nullopt;
  if (!has_begun_) return Time::min();
  const Time next = std::min(world_.next_instant().value_or(kNever), end_);
  // At its end the world waits for a later one.
  if (world_.now() >= end_ && next >= end_) return std::nullopt;
  std::optional<Time> deadline;
  if (must_ask_) deadline = last_turn_ + kAskEvery;
  return next == kNever ? deadline : earlier(deadline, zero_ + next.time_since_epoch());
}

}  // namespace strata::service
