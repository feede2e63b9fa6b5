// SPDX-License-Identifier: Apache-2.0
// HostWatch: the frames of all cores of a host, told on its front core in the order of their time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "service/capture/frame_watch.h"
#include "service/failure.h"
#include "service/hosted_stack.h"
#include "strata/executor.h"

//   core 0: FrameWatch ─> Part ─┐ every 10 ms, what is 20 ms old
//   core 1: FrameWatch ─> Part ─┴─> merged by time ─> tell(frame) on core 0
//
// 1. A host of one core has no parts to merge: its frames are told in the turn in which they pass.
// 2. Parts are bounded; what finds one full is counted as missed. The packet path waits for no
//    longer than it takes to swap a vector.
// 3. What one core saw is in the order of its time already, so that merging looks at the first
//    frame of each part only.
// 4. Other cores begin and end when they come to it. What they tell of an earlier start is
//    nobody's.
// 5. It is destroyed when no other core's thread runs.

namespace strata::service {

class Cores;

class HostWatch {
 public:
  static constexpr std::size_t kFramesMax = 4096;
  static constexpr std::size_t kBytesMax = std::size_t{8} << 20U;

  // Null: the front core is alone. Both outlive the watch. tell() leaves the watch as it is.
  HostWatch(HostedStack& front, Cores* cores, FrameWatch::Tell tell);
  HostWatch(HostedStack& front, std::span<HostedStack* const> others, FrameWatch::Tell tell);
  ~HostWatch();
  HostWatch(const HostWatch&) = delete;
  HostWatch& operator=(const HostWatch&) = delete;

  // `wanted` is called on every core's thread. A watch that runs goes on with what is said now, and
  // loses nothing.
  [[nodiscard]] Outcome<void> start(std::size_t bytes_max, FrameWatch::Wanted wanted = {});
  // What has been seen is told.
  void stop();
  [[nodiscard]] bool is_running() const { return is_running_; }
  // Since the beginning. A core that had no room for a watch counts as one frame.
  [[nodiscard]] std::uint64_t missed() const;

 private:
  struct Wish;
  struct Part;
  struct Crossing {
    WatchedFrame frame;
    std::vector<std::byte> bytes;
  };

  void drain_later();
  void take_parts();
  void tell_until(Time time);
  [[nodiscard]] Part* earliest_until(Time time);

  HostedStack& front_;
  FrameWatch::Tell tell_;
  std::vector<std::shared_ptr<Part>> parts_;  // the front core's first
  std::optional<TimerId> timer_;
  std::uint64_t round_ = 0;
  bool is_running_ = false;
};

}  // namespace strata::service
