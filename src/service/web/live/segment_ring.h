// SPDX-License-Identifier: Apache-2.0
// SegmentRing: the segments of one connection between its core and the client that watches it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "strata/tcp_info.h"
#include "strata/time.h"
#include "strata/wire/tcp.h"

namespace strata::service {

struct SeenSegment {
  Time time{};
  bool is_out = false;
  wire::TcpFlags flags{};
  std::uint32_t sequence = 0;  // relative to the first one seen in this direction
  std::uint32_t acknowledgment = 0;
  std::uint64_t window = 0;
  std::size_t length = 0;
  std::array<std::pair<std::uint32_t, std::uint32_t>, 4> sacked{};
  std::size_t sacked_count = 0;
  std::optional<TcpLossCause> cause{};  // it was sent before
};

class SegmentRing {
 public:
  static constexpr std::size_t kSegmentsMax = 512;

  void offer(const SeenSegment& segment) {
    const std::lock_guard lock(mutex_);
    if (segments_.size() == kSegmentsMax) {
      ++missed_;
    } else {
      segments_.push_back(segment);
    }
  }
  // And how many were missed since the beginning.
  [[nodiscard]] std::pair<std::vector<SeenSegment>, std::uint64_t> take() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(segments_, {}), missed_};
  }

 private:
  std::mutex mutex_;
  std::vector<SeenSegment> segments_;
  std::uint64_t missed_ = 0;
};

}  // namespace strata::service
