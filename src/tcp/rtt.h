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
  // How long a minimum is believed.
  static constexpr Duration kMinimumWindow = std::chrono::seconds(300);

  // `samples_per_round`: ExpectedSamples of RFC 7323 appendix G.
  void on_sample(Duration sample, std::uint32_t samples_per_round);
  // Of text that was acknowledged at once, so that nothing but the path is in it.
  void on_minimum_sample(Duration sample, Time now);
  // RFC 4015 3.4: a timeout was spurious, so the path is slower than we believed.
  void on_spurious_timeout(Duration sample);

  [[nodiscard]] bool has_sample() const { return srtt_ != Duration{}; }
  [[nodiscard]] Duration srtt() const { return srtt_; }
  [[nodiscard]] Duration rttvar() const { return rttvar_; }
  // 0: none yet.
  [[nodiscard]] Duration min_rtt() const { return min_rtt_; }

  // RFC 6298 2.3 and 2.4: SRTT + max(G, 4 RTTVAR), where config.rto_min takes the place of the
  // clock's granularity and of the whole second of 1990: it covers a delayed ACK of the peer, and
  // what the path itself needs comes on top.
  [[nodiscard]] Duration rto(const TcpConfig& config) const;
  // RFC 6298 5.5.
  [[nodiscard]] Duration backed_off(const TcpConfig& config, std::uint8_t backoffs) const;

  void restore(Duration srtt, Duration rttvar, Duration min_rtt, Time now);

 private:
  Duration srtt_{};
  Duration rttvar_{};
  Duration min_rtt_{};
  Time min_rtt_at_{};
};

}  // namespace strata::tcp
