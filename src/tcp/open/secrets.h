// SPDX-License-Identifier: Apache-2.0
// Secrets: a key for each thing that strangers must not guess, all from the stack's one.
#pragma once

#include "base/siphash.h"
#include "tcp/isn.h"

namespace strata::tcp {

struct Secrets {
  SipKey flows;           // where a flow stands in tables
  SipKey isn;             // RFC 6528
  SipKey timestamps;      // RFC 7323 5.4
  SipKey ports;           // RFC 6056
  SipKey syn_cookies;     // RFC 4987 3.6
  SipKey fast_open;       // RFC 7413 4.1.2
  std::uint64_t replies;  // seed of what makes rate limits unpredictable
  TimestampOffsets timestamp_offsets{timestamps};

  [[nodiscard]] static constexpr Secrets derive(const SipKey& key) {
    std::uint64_t purpose = 0;
    const auto next = [&] {
      ++purpose;
      return SipKey{hash_words(key, {purpose, 0}), hash_words(key, {purpose, 1})};
    };
    // Members are initialised in their order, so each gets a purpose of its own.
    return {next(), next(), next(), next(), next(), next(), next().k0};
  }
};

}  // namespace strata::tcp
