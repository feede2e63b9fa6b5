// SPDX-License-Identifier: Apache-2.0
// Rtt: the smoothed round trip time, its variation, its minimum, and the timeout they make.
#pragma once

#include <cstdint>

#include "strata/tcp_config.h"
#include "strata/time.h"

namespace strata::tcp {

// RFC 6298 2, with a sample from every acknowledgement: RFC 7323 appendix G weighs each by how many
// of them a round trip brings.
class Rtt {
 public:
  // `samples_per_round` of RFC 7323 appendix G: ExpectedSamples.
  void on_sample(Duration sample, std::uint32_t samples_per_round, Time now);
  // RFC 4015 (step SPTO..): the timeout was spurious, so the path is slower than we believed.
  void on_spurious_timeout(Duration sample);
  // RFC 6298 5.7: the SYN was lost, and there is no sample.
  void forget() { srtt_ = rttvar_ = Duration{}; }

  [[nodiscard]] bool has_sample() const { return srtt_ != Duration{}; }
  [[nodiscard]] Duration srtt() const { return srtt_; }
  [[nodiscard]] Duration rttvar() const { return rttvar_; }
  // The least of the last kMinWindow or so; 0: none yet.
  [[nodiscard]] Duration min_rtt() const { return min_rtt_; }

  // Without back-off.
  [[nodiscard]] Duration rto(const TcpConfig& config) const;
  // RFC 6298 5.5.
  [[nodiscard]] Duration backed_off(const TcpConfig& config, std::uint8_t backoffs) const;

  void restore(Duration srtt, Duration rttvar, Duration min_rtt, Time now);

 private:
  void update_min(Duration sample, Time now);

  Duration srtt_{};
  Duration rttvar_{};
  Duration min_rtt_{};
  Time min_rtt_at_{};
};

}  // namespace strata::tcp
