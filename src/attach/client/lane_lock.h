// SPDX-License-Identifier: Apache-2.0
// LaneLock: held for a copy, never in a system call that waits.
#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>

namespace strata::attach::client {

class LaneLock {
 public:
  // False: this very thread has it already, and was interrupted by a signal.
  [[nodiscard]] bool lock() {
    const auto self = reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer());
    for (unsigned tries = 1;; ++tries) {
      std::uintptr_t nobody = 0;
      if (owner_.compare_exchange_weak(nobody, self, std::memory_order_acquire)) return true;
      if (nobody == self) return false;
      if (tries % kTriesBeforeYield == 0) ::sched_yield();
    }
  }
  void unlock() { owner_.store(0, std::memory_order_release); }

 private:
  static constexpr unsigned kTriesBeforeYield = 64;

  std::atomic<std::uintptr_t> owner_{0};
};

}  // namespace strata::attach::client
