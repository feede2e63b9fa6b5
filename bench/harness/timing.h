// SPDX-License-Identifier: Apache-2.0
// Time for contestants: what the wall clock says, and what the thread was given of a core.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

#include "bench/harness/benchmark.h"
#include "strata/time.h"

namespace strata::bench {

using Wall = std::chrono::steady_clock;

[[nodiscard]] inline Time now() {
  return Time(std::chrono::duration_cast<Duration>(Wall::now().time_since_epoch()));
}

// What this thread has used of a core so far. On a busy machine that is the fair measure of work
// that never waits: time during which others had the core does not count.
[[nodiscard]] inline Seconds core_time() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return Seconds(static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9);
}

// Keeps the compiler from dropping what nobody reads.
template <typename Value>
inline void keep(const Value& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

struct Throughput {
  std::uint64_t count = 0;
  Seconds took{0};
  [[nodiscard]] double per_second() const { return static_cast<double>(count) / took.count(); }
  [[nodiscard]] double nanoseconds_each() const {
    return took.count() * 1e9 / static_cast<double>(count);
  }
};

// Calls turn() -> units done, until the time is up, and tells how much core time that took. The
// clock is read once a turn: a turn should take a microsecond or more.
template <typename Turn>
[[nodiscard]] Throughput run_for(Seconds duration, Turn turn) {
  const Seconds begin = core_time();
  const auto end = Wall::now() + std::chrono::duration_cast<Wall::duration>(duration);
  Throughput done;
  do {
    done.count += turn();
  } while (Wall::now() < end);
  done.took = core_time() - begin;
  return done;
}

}  // namespace strata::bench
