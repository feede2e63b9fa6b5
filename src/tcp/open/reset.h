// SPDX-License-Identifier: Apache-2.0
// Resets and ACKs that need no connection, and how many of them may leave.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/rng.h"
#include "strata/time.h"
#include "tcp/segment.h"

namespace strata::tcp {

// RFC 9293 3.10.7.1: what a segment that belongs to nothing is answered with. Nothing answers RST.
[[nodiscard]] std::optional<Outgoing> reset_for(const Segment& segment);

// The number of a reply to strangers in each second lies between half of and one and a half times
// what is configured, and nobody can tell where: a limit one can count to its end tells whether
// somebody else's segments were answered (RFC 5961 10, CVE-2016-5696).
class ReplyBudget {
 public:
  ReplyBudget(std::uint32_t per_second, std::uint64_t seed) : per_second_(per_second), rng_(seed) {}

  // True when one more may leave; it then counts as sent.
  [[nodiscard]] bool take(Time now);

 private:
  std::uint32_t per_second_;
  std::uint32_t left_ = 0;
  Time second_ends_ = Time::min();
  Rng rng_;
};

// One of each for a stack.
struct ReplyBudgets {
  ReplyBudgets(std::uint32_t resets_per_second, std::uint32_t challenge_acks_per_second,
               std::uint64_t seed)
      : resets(resets_per_second, seed), challenge_acks(challenge_acks_per_second, ~seed) {}

  ReplyBudget resets;
  ReplyBudget challenge_acks;
};

}  // namespace strata::tcp
