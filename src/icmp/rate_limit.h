// SPDX-License-Identifier: Apache-2.0
// RateLimit: how often ICMP errors may leave, in all and to one destination.
#pragma once

#include <array>
#include <cstdint>

#include "base/siphash.h"
#include "strata/address.h"
#include "strata/rng.h"
#include "strata/time.h"

namespace strata::icmp {

// A bucket that fills with `per_second` tokens up to `burst`; each event takes one.
class TokenBucket {
 public:
  struct Config {
    std::uint32_t per_second = 0;
    std::uint32_t burst = 0;
  };

  // False, and nothing is taken, when the bucket is empty.
  [[nodiscard]] bool take(const Config& config, Time now);
  [[nodiscard]] bool is_full(const Config& config, Time now) const;

 private:
  // When the bucket was, or will have been, empty: tokens are the time since then.
  Time empty_at_ = Time::min();
};

// RFC 1812 4.3.2.8 and RFC 4443 2.4 (f). Destinations share 256 buckets by a keyed hash, so memory
// does not grow with a flood. The limit over all wavers by a few tokens: one that strangers could
// count exactly would tell them which of our ports have answered others (SAD DNS, 2020).
class RateLimit {
 public:
  struct Config {
    TokenBucket::Config all{1000, 50};
    TokenBucket::Config each{10, 6};
  };

  RateLimit(const Config& config, const SipKey& key, std::uint64_t seed)
      : config_(config), key_(key), rng_(seed) {}

  // True when an error to `destination` may leave; it then counts as sent.
  [[nodiscard]] bool allows(const IpAddress& destination, Time now);

 private:
  Config config_;
  SipKey key_;
  Rng rng_;
  TokenBucket all_;
  std::array<TokenBucket, 256> each_{};
};

}  // namespace strata::icmp
