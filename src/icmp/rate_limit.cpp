// SPDX-License-Identifier: Apache-2.0
#include "icmp/rate_limit.h"

#include <algorithm>

namespace strata::icmp {
namespace {

constexpr Duration token_time(const TokenBucket::Config& config) {
  return Duration(1'000'000'000 / config.per_second);
}

}  // namespace

bool TokenBucket::take(const Config& config, Time now) {
  if (config.per_second == 0 || config.burst == 0) return false;
  const Duration token = token_time(config);
  const Time full_since = now - token * config.burst;
  const Time empty_at = std::max(empty_at_, full_since) + token;
  if (empty_at > now) return false;
  empty_at_ = empty_at;
  return true;
}

bool TokenBucket::is_full(const Config& config, Time now) const {
  return config.per_second != 0 && empty_at_ <= now - token_time(config) * config.burst;
}

bool RateLimit::allows(const IpAddress& destination, Time now) {
  const std::uint64_t hash = hash_words(key_, {destination.high(), destination.low()});
  TokenBucket& mine = each_[static_cast<std::size_t>(hash % each_.size())];
  TokenBucket::Config all = config_.all;
  if (all.burst > 8) all.burst -= static_cast<std::uint32_t>(rng_.below(4));
  // The destination's own bucket is asked last, so that a refusal by the other costs it nothing.
  TokenBucket trial = all_;
  if (!trial.take(all, now) || !mine.take(config_.each, now)) return false;
  all_ = trial;
  return true;
}

}  // namespace strata::icmp
