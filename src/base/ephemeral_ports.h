// SPDX-License-Identifier: Apache-2.0
// EphemeralPorts: local ports that a stranger cannot guess (RFC 6056, algorithm 4).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <optional>

#include "base/siphash.h"
#include "strata/address.h"

namespace strata {

// Double hashing: each destination walks the range from its own secret offset, and 64 counters
// shared by groups of destinations keep a port from being used again soon. Where the ports next in
// turn are all taken, the walk goes on in secret strides: ports in use stand in long runs, and a
// stride leaves a run at once, so that the last free ports of a range are found in a few tries.
class EphemeralPorts {
 public:
  struct Range {
    std::uint16_t first;
    std::uint16_t last;
  };
  // RFC 6335 6: 49152 to 65535 are dynamic; RFC 6056 3.2 asks for as many as possible.
  static constexpr std::uint16_t kFirst = 32768;
  static constexpr std::uint16_t kLast = 65535;
  static constexpr Range kUsual{kFirst, kLast};
  // RFC 6056 3.2: the others above the well-known ones, for when the usual ones run out.
  static constexpr Range kSpare{1024, kFirst - 1};
  static constexpr std::uint32_t kTryAll = 65536;

  explicit EphemeralPorts(const SipKey& key) : key_(key) {}

  // The first free port on this flow's walk; none when is_free(port) refuses all of them, or all of
  // so many tries.
  template <typename IsFree>
  [[nodiscard]] std::optional<std::uint16_t> choose(const IpAddress& local, const Endpoint& remote,
                                                    IsFree is_free, Range range = kUsual,
                                                    std::uint32_t tries_max = kTryAll) {
    const std::uint32_t count = range.last - range.first + 1U;
    const std::uint64_t hash = hash_words(key_, {local.high(), local.low(), remote.address.high(),
                                                 remote.address.low(), remote.port});
    const auto offset = static_cast<std::uint32_t>(hash);
    std::uint32_t& counter = counters_[static_cast<std::size_t>((hash >> 32U) % counters_.size())];
    const auto port_at = [&](std::uint32_t place) {
      return static_cast<std::uint16_t>(range.first + place % count);
    };
    for (std::uint32_t tried = 0; tried < std::min({kInTurn, count, tries_max}); ++tried) {
      const std::uint16_t port = port_at(offset + counter);
      ++counter;
      if (is_free(port)) return port;
    }
    // A stride without a common factor comes by every port.
    auto stride = static_cast<std::uint32_t>(hash >> 40U) % count | 1U;
    while (std::gcd(stride, count) != 1) stride += 2;
    std::uint32_t place = (offset + counter) % count;
    for (std::uint32_t tried = 0; tried < std::min(count, tries_max); ++tried) {
      place = (place + stride) % count;
      if (is_free(port_at(place))) return port_at(place);
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t kInTurn = 8;

  SipKey key_;
  std::array<std::uint32_t, 64> counters_{};
};

}  // namespace strata
