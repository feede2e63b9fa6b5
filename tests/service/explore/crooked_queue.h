// SPDX-License-Identifier: Apache-2.0
// CrookedQueue: a link's queue that breaks on purpose what the explorer holds against the stack.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "strata/packet_pool.h"
#include "strata/sim_link.h"

namespace strata::service::explore_lab {

enum class Crime : std::uint8_t { kNone, kSwallow, kDouble, kAlter };

// A queue that commits it on every other frame of more than 300 bytes, and tells nobody.
class CrookedQueue final : public sim::QueueDiscipline {
 public:
  CrookedQueue(Crime crime, PacketPool& pool) : crime_(crime), pool_(pool) {}

  void enqueue(PacketPtr frame, Time /*now*/, Drops& /*drops*/) override {
    const bool is_chosen = frame->size() > kLittle && ++seen_ % 2 == 0;
    if (is_chosen && crime_ == Crime::kSwallow) return;
    if (is_chosen && crime_ == Crime::kDouble) frames_.push_back(frame->copy(pool_));
    if (is_chosen && crime_ == Crime::kAlter) alter(*frame);
    frames_.push_back(std::move(frame));
  }
  [[nodiscard]] PacketPtr dequeue(Time /*now*/, Drops& /*drops*/) override {
    if (frames_.empty()) return nullptr;
    PacketPtr next = std::move(frames_.front());
    frames_.pop_front();
    return next;
  }
  [[nodiscard]] std::size_t packets() const override { return frames_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return frames_.size() * kLittle; }
  [[nodiscard]] std::size_t room() const override { return 1000; }

 private:
  static constexpr std::size_t kLittle = 300;

  // Two words of the payload change places, and no checksum sees it.
  static void alter(Packet& frame) {
    const MutableBytes words = frame.mutable_bytes().subspan(200, 4);
    std::swap_ranges(words.begin(), words.begin() + 2, words.begin() + 2);
  }

  Crime crime_;
  PacketPool& pool_;
  std::deque<PacketPtr> frames_;
  std::size_t seen_ = 0;
};

}  // namespace strata::service::explore_lab
