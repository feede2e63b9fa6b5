// SPDX-License-Identifier: Apache-2.0
// The machine a measurement was taken on, and how busy it was.
#pragma once

#include <sched.h>

#include <chrono>
#include <cstddef>
#include <string>

namespace strata::bench {

struct Machine {
  std::string cpu;
  std::string kernel;
  std::size_t cores = 0;
};

[[nodiscard]] Machine this_machine();
// Runnable processes, averaged over a minute; the measurement itself is one of them.
[[nodiscard]] double load_average();
// What this process, all its threads, and its children that have ended have used of the cores.
[[nodiscard]] std::chrono::duration<double> processor_time();

// Keeps the calling thread on one core while it lives. Where that is not allowed nothing happens.
class Pinned {
 public:
  explicit Pinned(std::size_t core);
  ~Pinned();
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_{};
  bool is_pinned_ = false;
};

}  // namespace strata::bench
