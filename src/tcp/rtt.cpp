// SPDX-License-Identifier: Apache-2.0
#include "tcp/rtt.h"

#include <algorithm>
#include <bit>

namespace strata::tcp {
namespace {

// RFC 6298 2.3: alpha = 1/8, beta = 1/4.
constexpr unsigned kAlphaShift = 3;
constexpr unsigned kBetaShift = 2;
constexpr Duration kLeastSample{1};

}  // namespace

void Rtt::on_sample(Duration sample, std::uint32_t samples_per_round) {
  const Duration r = std::max(sample, kLeastSample);
  if (!has_sample()) {
    srtt_ = r;
    rttvar_ = r / 2;
    return;
  }
  // RFC 7323 appendix G: alpha' = alpha / ExpectedSamples, and beta likewise; to a power of two.
  const auto more =
      static_cast<unsigned>(std::bit_width(std::max<std::uint32_t>(samples_per_round, 1) - 1U));
  const std::int64_t error = (r - srtt_).count();
  const std::int64_t deviation = error < 0 ? -error : error;
  // RFC 6298 2.3: RTTVAR before SRTT.
  rttvar_ += Duration((deviation - rttvar_.count()) >> (kBetaShift + more));
  srtt_ += Duration(error >> (kAlphaShift + more));
  srtt_ = std::max(srtt_, kLeastSample);
}

void Rtt::on_minimum_sample(Duration sample, Time now) {
  const Duration r = std::max(sample, kLeastSample);
  const bool is_stale = now - min_rtt_at_ > kMinimumWindow;
  if (min_rtt_ != Duration{} && r > min_rtt_ && !is_stale) return;
  min_rtt_ = r;
  min_rtt_at_ = now;
}

// RFC 4015 3.4: SRTT <- max(SRTT_prev, RTT-SAMPLE), RTTVAR <- max(RTTVAR_prev, RTT-SAMPLE / 2).
void Rtt::on_spurious_timeout(Duration sample) {
  srtt_ = std::max(srtt_, sample);
  rttvar_ = std::max(rttvar_, sample / 2);
}

Duration Rtt::rto(const TcpConfig& config) const {
  if (!has_sample()) return std::clamp(config.rto_first, config.rto_min, config.rto_max);
  return std::min(srtt_ + std::max(config.rto_min, rttvar_ * 4), config.rto_max);
}

Duration Rtt::backed_off(const TcpConfig& config, std::uint8_t backoffs) const {
  Duration timeout = rto(config);
  for (std::uint8_t i = 0; i < backoffs && timeout < config.rto_max; ++i) timeout *= 2;
  return std::min(timeout, config.rto_max);
}

void Rtt::restore(Duration srtt, Duration rttvar, Duration min_rtt, Time now) {
  srtt_ = srtt;
  rttvar_ = rttvar;
  min_rtt_ = min_rtt;
  min_rtt_at_ = now;
}

}  // namespace strata::tcp
