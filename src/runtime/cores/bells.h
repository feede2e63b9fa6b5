// SPDX-License-Identifier: Apache-2.0
// Bells: how a core that handed something over wakes one that sleeps.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "strata/inline_function.h"

// Who is about to sleep says so and then looks at its rings; who has given looks at the bell
// afterwards. All four are sequentially consistent, so one of the two sees the other. A core that
// is awake costs the giver a look at a line that nobody writes.

namespace strata::runtime {

class Bells {
 public:
  explicit Bells(std::uint16_t cores) : bells_(std::make_unique<Bell[]>(cores)) {}
  Bells(const Bells&) = delete;
  Bells& operator=(const Bells&) = delete;

  // Before the cores run. `wake` is called from other cores.
  void set(std::uint16_t core, InlineFunction<void()> wake) { bells_[core].wake = std::move(wake); }

  // The sleeper.
  void say_asleep(std::uint16_t core) { bells_[core].is_asleep.store(true); }
  void say_awake(std::uint16_t core) {
    std::atomic<bool>& is_asleep = bells_[core].is_asleep;
    if (is_asleep.load(std::memory_order_relaxed)) is_asleep.store(false);
  }

  // Everybody else.
  void ring(std::uint16_t core) {
    Bell& bell = bells_[core];
    if (bell.is_asleep.load() && bell.is_asleep.exchange(false) && bell.wake) bell.wake();
  }

 private:
  struct alignas(64) Bell {
    std::atomic<bool> is_asleep{false};
    InlineFunction<void()> wake;
  };
  static_assert(sizeof(Bell) % 64 == 0, "two bells share no line");

  std::unique_ptr<Bell[]> bells_;
};

}  // namespace strata::runtime
