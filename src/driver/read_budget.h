// SPDX-License-Identifier: Apache-2.0
// ReadBudget: how many frames to ask a descriptor for, where asking in vain costs a system call.
#pragma once

#include <algorithm>
#include <cstddef>

namespace strata::driver {

// Frames that come one at a time are read one at a time: the read that would find nothing is left
// to the next turn, which a loop enters at once because the descriptor is still readable. Under
// load the budget doubles with every call that used it up. One that grew in vain takes longer to
// grow again.
class ReadBudget {
 public:
  explicit constexpr ReadBudget(std::size_t frames_max) : frames_max_(frames_max) {}

  [[nodiscard]] constexpr std::size_t frames() const { return frames_; }

  // After a call that asked for frames() and got this many.
  constexpr void on_read(std::size_t got) {
    if (got == 0) return;  // a poll of an idle device says nothing about the next burst
    if (got < frames_) {
      frames_ = got;
      fills_ = 0;
      fills_needed_ = std::min(fills_needed_ * 2, kFillsNeededMax);
      return;
    }
    if (frames_ == 1 && ++fills_ < fills_needed_) return;
    if (frames_ > 1) fills_needed_ = 1;
    frames_ = std::min(frames_ * 2, frames_max_);
    fills_ = 0;
  }

 private:
  static constexpr std::size_t kFillsNeededMax = 32;

  std::size_t frames_max_;
  std::size_t frames_ = 1;
  std::size_t fills_ = 0;
  std::size_t fills_needed_ = 1;
};

}  // namespace strata::driver
