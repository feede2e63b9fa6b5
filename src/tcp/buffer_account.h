// SPDX-License-Identifier: Apache-2.0
// BufferAccount: what all queues of a stack's connections hold together, in bytes of buffers.
//
//   0 ................. pressure ............... max
//   everything grows    nothing grows, who        nothing is taken
//                       holds more than his share
//                       sheds
//
// 1. Nothing new is taken above max: who is refused copes, by a drop or by letting his writer wait.
//    Only what is held already, and came to need more buffer while it was moved, may pass it.
// 2. Above `pressure` windows and buffers stop growing.
// 3. Above `pressure` a queue that holds more than fair_share() takes nothing that the peer could
//    send again (text out of order), and sheds what it has of that, furthest from use first,
//    before it takes anything else. What lies between the two bounds is so kept for text in order
//    and for those who hold little: a thousand greedy connections cannot starve a modest one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "strata/check.h"

namespace strata::tcp {

class BufferAccount {
 public:
  BufferAccount(std::size_t pressure, std::size_t max)
      : pressure_(std::min(pressure, max)), max_(max) {}
  BufferAccount(const BufferAccount&) = delete;
  BufferAccount& operator=(const BufferAccount&) = delete;

  // False, and nothing taken, when that would pass the limit.
  [[nodiscard]] bool try_take(std::size_t bytes) {
    if (bytes > room()) return false;
    used_ += bytes;
    return true;
  }
  // For what is held already and cannot be let go.
  void take(std::size_t bytes) { used_ += bytes; }
  void give_back(std::size_t bytes) {
    STRATA_CHECK(bytes <= used_);
    used_ -= bytes;
  }

  // A queue tells when it begins to hold something, and when it has let go of everything: the
  // share of each follows from how many there are.
  void enter() { ++holders_; }
  void leave() {
    STRATA_CHECK(holders_ > 0);
    --holders_;
  }

  [[nodiscard]] bool under_pressure() const { return used_ > pressure_; }
  // What one queue may hold while memory is short.
  [[nodiscard]] std::size_t fair_share() const { return max_ / std::max<std::size_t>(holders_, 1); }
  // Must a queue that holds so much shed?
  [[nodiscard]] bool must_shed(std::size_t held) const {
    return under_pressure() && held > fair_share();
  }

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t max() const { return max_; }
  [[nodiscard]] std::size_t room() const { return max_ - std::min(used_, max_); }
  [[nodiscard]] std::uint32_t holders() const { return holders_; }

 private:
  std::size_t used_ = 0;
  std::size_t pressure_;
  std::size_t max_;
  std::uint32_t holders_ = 0;
};

}  // namespace strata::tcp
