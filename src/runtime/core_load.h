// SPDX-License-Identifier: Apache-2.0
// CoreLoad: whether others want the core that a spinning loop would burn.
#pragma once

#include <string>
#include <string_view>

#include "strata/time.h"

namespace strata::runtime {

// Reads the kernel's count of runnable threads, a few microseconds of work, at most every
// kRefresh. Where the kernel does not tell, a machine with a single core counts as contended.
class CoreLoad {
 public:
  static constexpr Duration kRefresh = std::chrono::milliseconds(4);

  CoreLoad() : CoreLoad("/proc/loadavg", online_cores()) {}
  CoreLoad(const std::string& path, unsigned cores);
  ~CoreLoad();
  CoreLoad(const CoreLoad&) = delete;
  CoreLoad& operator=(const CoreLoad&) = delete;

  [[nodiscard]] bool is_contended(Time now);

 private:
  [[nodiscard]] static unsigned online_cores();
  [[nodiscard]] bool read_contention() const;

  int descriptor_;
  unsigned cores_;
  bool is_contended_ = false;
  bool is_fresh_ = false;
  Time read_at_{};
};

}  // namespace strata::runtime
