// SPDX-License-Identifier: Apache-2.0
// RouteCache: the last routes that packets took, so that a flow asks the table once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "ip/route.h"
#include "strata/address.h"

namespace strata::ip {

// Direct mapped: a line holds one destination and the table's generation when it was asked. A
// stranger who makes destinations collide costs us the table walk he would have cost anyway.
class RouteCache {
 public:
  explicit RouteCache(const Fib& fib) : fib_(fib) {}

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
  static constexpr unsigned kLineBits = 4;

  [[nodiscard]] static std::size_t line_of(const IpAddress& destination, InterfaceId bound) {
    const std::uint64_t mixed =
        (destination.low() ^ destination.high() ^ bound) * 0x9e37'79b9'7f4a'7c15U;
    return static_cast<std::size_t>(mixed >> (64U - kLineBits));
  }

  const Fib& fib_;
  std::array<Line, std::size_t{1} << kLineBits> lines_{};
};

}  // namespace strata::ip
