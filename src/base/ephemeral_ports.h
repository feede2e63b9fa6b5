// SPDX-License-Identifier: Apache-2.0
// EphemeralPorts: local ports that a stranger cannot guess (RFC 6056, algorithm 4).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/siphash.h"
#include "strata/address.h"

namespace strata {

// Double hashing: each destination walks the range from its own secret offset, and 64 counters
// shared by groups of destinations keep a port from being used again soon.
class EphemeralPorts {
 public:
  // RFC 6335 6: 49152 to 65535 are dynamic; RFC 6056 3.2 asks for as many as possible.
  static constexpr std::uint16_t kFirst = 32768;
  static constexpr std::uint16_t kLast = 65535;

  explicit EphemeralPorts(const SipKey& key) : key_(key) {}

  // The first free port on this flow's walk; none when is_free(port) refuses all of them.
  template <typename IsFree>
  [[nodiscard]] std::optional<std::uint16_t> choose(const IpAddress& local, const Endpoint& remote,
                                                    IsFree is_free) {
    constexpr std::uint32_t kCount = kLast - kFirst + 1U;
    const std::uint64_t hash = hash_words(key_, {local.high(), local.low(), remote.address.high(),
                                                 remote.address.low(), remote.port});
    const auto offset = static_cast<std::uint32_t>(hash);
    const auto place = static_cast<std::size_t>((hash >> 32U) % counters_.size());
    std::uint32_t& counter = counters_[place];
    for (std::uint32_t tried = 0; tried < kCount; ++tried) {
      const auto port = static_cast<std::uint16_t>(kFirst + (offset + counter) % kCount);
      ++counter;
      if (is_free(port)) return port;
    }
    return std::nullopt;
  }

 private:
  SipKey key_;
  std::array<std::uint32_t, 64> counters_{};
};

}  // namespace strata
