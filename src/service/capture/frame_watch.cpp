// SPDX-License-Identifier: Apache-2.0
#include "service/capture/frame_watch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "driver/frame.h"
#include "service/capture/comment.h"
#include "stack/core.h"

namespace strata::service {
namespace {

constexpr std::array kPoints{HookPoint::kFrameIn, HookPoint::kFrameOut};

}  // namespace

FrameWatch::FrameWatch(Stack& stack, Tell tell)
    : stack_(stack), tell_(std::move(tell)), remarks_(stack) {}

FrameWatch::~FrameWatch() { stop(); }

Outcome<void> FrameWatch::start(std::size_t bytes_max, Wanted wanted) {
  bytes_max_ = bytes_max;
  wanted_ = std::move(wanted);
  sampler_ = nullptr;
  if (is_running_) return {};
  is_running_ = true;
  bool has_room = listen(true);
  for (const HookPoint point : kPoints) {
    has_room = has_room && stack_.add_hook(point, *this).has_value();
  }
  if (!has_room) {
    stop();
    return failed("the stack has no room for another hook");
  }
  return {};
}

// Between steps, or before anything of a step was held. Answers whether it does.
bool FrameWatch::listen(bool is_wanted) {
  if (is_listening_ == is_wanted) return is_listening_;
  if (is_wanted) {
    is_listening_ = stack_.core().drop_watchers.add(*this);
    // Without TCP, segments say by themselves what they can.
    if (is_listening_) static_cast<void>(remarks_.start());
  } else {
    is_listening_ = false;
    stack_.core().drop_watchers.remove(*this);
    remarks_.stop();
  }
  return is_listening_;
}

Outcome<void> FrameWatch::start_sampling(std::size_t bytes_max, FrameSampler& sampler) {
  auto started = start(bytes_max);
  sampler_ = &sampler;
  return started;
}

void FrameWatch::stop() {
  if (!std::exchange(is_running_, false)) return;
  for (const HookPoint point : kPoints) stack_.remove_hook(point, *this);
  static_cast<void>(listen(false));
  held_.clear();
  bytes_.clear();
}

void FrameWatch::on_packets(HookPoint point, std::span<Packet* const> packets,
                            std::span<Verdict> /*verdicts*/, Time now) {
  std::size_t room = sampler_ == nullptr ? SIZE_MAX : sampler_->room();
  if (held_.empty() && !listen(room != 0)) room = 0;
  std::size_t passed = 0;
  for (const Packet* const packet : packets) {
    if (packet == nullptr) continue;
    if (held_.size() < room) {
      hold(*packet, point == HookPoint::kFrameIn, now);
    } else {
      ++passed;
    }
  }
  if (passed != 0 && sampler_ != nullptr) sampler_->pass_over(passed);
}

bool FrameWatch::is_wanted(Medium medium, Bytes bytes, std::size_t size) const {
  if (sampler_ == nullptr) return !wanted_ || wanted_(medium, bytes, size);
  return sampler_->wants(medium, bytes.first(std::min(bytes.size(), bytes_max_)), size);
}

void FrameWatch::hold(const Packet& packet, bool is_incoming, Time now) {
  const InterfaceId id = packet.notes().interface;
  const bool is_same = !held_.empty() && held_.back().frame.interface == id;
  CapturedInterface named = is_same ? held_.back().frame.named : captured_interface(stack_, id);
  const std::size_t at = bytes_.size();
  // A filter looks at all of it, and remarks at its headers, whatever is kept.
  const std::size_t kept = std::max(bytes_max_, CapturedSegment::kHeadBytes);
  const std::size_t looked_at = wanted_ ? packet.size() : std::min(packet.size(), kept);
  bytes_.resize(at + looked_at);
  const MutableBytes copy = MutableBytes(bytes_).subspan(at);
  packet.copy_out(0, copy);
  driver::complete_checksum_in_copy(packet, copy);
  const bool is_kept = is_wanted(named.medium, copy, packet.size());
  const std::size_t count = is_kept ? std::min(looked_at, kept) : 0;
  bytes_.resize(at + count);
  if (!is_kept) return;
  held_.push_back({.key = stack::key_of(packet),
                   .frame = {.time = now,
                             .is_incoming = is_incoming,
                             .interface = id,
                             .named = std::move(named),
                             .size = packet.size()},
                   .at = at,
                   .count = count});
}

void FrameWatch::on_drop(const stack::PacketKey& packet, DropReason reason) {
  const auto found = std::ranges::find(held_, packet, &Held::key);
  if (found != held_.end() && !found->frame.dropped) found->frame.dropped = reason;
}

// Whoever was known by `to` has gone for good.
void FrameWatch::on_copy(const stack::PacketKey& from, const stack::PacketKey& to) {
  for (Held& held : held_) {
    if (held.key == to) held.key = {};
    if (held.key == from) held.key = to;
  }
}

std::string FrameWatch::comment_on(const WatchedFrame& frame, Bytes bytes) {
  if (frame.dropped) return drop_comment(*frame.dropped);
  const auto segment = captured_segment(frame.named.medium, bytes);
  if (!segment) return {};
  return clean_comment(remarks_.of(*segment, frame.is_incoming, frame.interface, frame.time));
}

void FrameWatch::on_step_end(Time /*now*/) {
  for (Held& held : held_) {
    const Bytes bytes = Bytes(bytes_).subspan(held.at, held.count);
    held.frame.comment = comment_on(held.frame, bytes);
    held.frame.bytes = bytes.first(std::min(held.count, bytes_max_));
    tell_(held.frame);
  }
  held_.clear();
  bytes_.clear();
  remarks_.end_step();
}

FrameWatch::Wanted wanted_by(PacketFilters filters) {
  return [filters = std::move(filters)](Medium medium, Bytes bytes, std::size_t size) {
    return filters.matches(medium, bytes, size);
  };
}

}  // namespace strata::service
