// SPDX-License-Identifier: Apache-2.0
// RouteCache: the last routes that packets took, so that a flow asks the table once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "ip/route.h"
#include "strata/address.h"
#include "strata/memory.h"

namespace strata::ip {

// Direct mapped: a line holds one destination and the table's generation when it was asked. A
// stranger who makes destinations collide costs us the table walk he would have cost anyway.
class RouteCache {
 public:
  explicit RouteCache(const Fib& fib) : fib_(fib) {}
  RouteCache(const RouteCache&) = delete;
  RouteCache& operator=(const RouteCache&) = delete;
  ~RouteCache() {
    if (memory_ != nullptr) memory_->release(lines_, kWideBytes, alignof(Line));
  }

  // For a router, which has the destinations of many hosts in hand. Where there is no memory for it
  // all stays as it is.
  void widen(Memory& memory) {
    if (memory_ != nullptr) return;
    void* const block = memory.allocate(kWideBytes, alignof(Line));
    if (block == nullptr) return;
    memory_ = &memory;
    lines_ = static_cast<Line*>(block);
    std::uninitialized_value_construct_n(lines_, kWideBytes / sizeof(Line));
    line_bits_ = kWideLineBits;
  }

  // As Fib::lookup; misses are remembered too.
  [[nodiscard]] const Route* lookup(const IpAddress& destination,
                                    InterfaceId bound = kNoInterface) {
    Line& line = lines_[line_of(destination, bound)];
    if (line.generation == fib_.generation() && line.destination == destination &&
        line.bound == bound) [[likely]] {
      return line.route;
    }
    line.route = fib_.lookup(destination, bound);
    line.destination = destination;
    line.generation = fib_.generation();
    line.bound = bound;
    return line.route;
  }

 private:
  struct Line {
    IpAddress destination;
    const Route* route = nullptr;
    std::uint32_t generation = 0;  // no table is ever at generation 0 for long enough to matter
    InterfaceId bound = kNoInterface;
  };
  static constexpr unsigned kLineBits = 3;
  static constexpr unsigned kWideLineBits = 8;
  static constexpr std::size_t kWideBytes = sizeof(Line) << kWideLineBits;

  [[nodiscard]] std::size_t line_of(const IpAddress& destination, InterfaceId bound) const {
    const std::uint64_t mixed =
        (destination.low() ^ destination.high() ^ bound) * 0x9e37'79b9'7f4a'7c15U;
    return static_cast<std::size_t>(mixed >> (64U - line_bits_));
  }

  const Fib& fib_;
  std::array<Line, std::size_t{1} << kLineBits> few_lines_{};
  Line* lines_ = few_lines_.data();
  unsigned line_bits_ = kLineBits;
  Memory* memory_ = nullptr;  // of lines_, once they are many
};

}  // namespace strata::ip
