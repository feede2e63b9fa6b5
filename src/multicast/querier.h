// SPDX-License-Identifier: Apache-2.0
// What is known of the querier of one family: its parameters, and which version it speaks.
#pragma once

#include <algorithm>
#include <cstdint>

#include "multicast/config.h"
#include "strata/time.h"

namespace strata::multicast {

// RFC 3376 7.2.1, RFC 3810 8.2.1: an older querier keeps the interface in its version until it has
// been silent for the Older Version Querier Present Timeout.
class Querier {
 public:
  explicit Querier(const Config& config, std::uint8_t newest)
      : robustness_(std::clamp<std::uint8_t>(config.robustness, 1, 7)),
        query_interval_(config.query_interval),
        robustness_default_(robustness_),
        query_interval_default_(query_interval_),
        newest_(newest) {}

  [[nodiscard]] std::uint8_t version(Time now) const {
    std::uint8_t version = newest_;
    if (now < second_present_until_) version = std::min<std::uint8_t>(version, 2);
    if (now < first_present_until_) version = 1;
    return version;
  }
  [[nodiscard]] std::uint8_t robustness() const { return robustness_; }

  // A query of a version before the newest of its protocol.
  void on_older(unsigned query_version, Duration response_interval, Time now) {
    Time& until = query_version == 1 ? first_present_until_ : second_present_until_;
    until = now + query_interval_ * robustness_ + response_interval;
  }
  // RFC 3376 4.1.6, 4.1.7: hosts adopt the querier's values; 0 means the defaults.
  void adopt(std::uint8_t robustness, Duration query_interval) {
    robustness_ = robustness == 0 ? robustness_default_ : robustness;
    query_interval_ = query_interval == Duration::zero() ? query_interval_default_ : query_interval;
  }
  // When the querier that keeps the interface in this version will be forgotten; kNever in the
  // newest version.
  [[nodiscard]] Time older_until(std::uint8_t version) const {
    if (version >= newest_) return kNever;
    return version == 1 ? first_present_until_ : second_present_until_;
  }

 private:
  std::uint8_t robustness_;
  Duration query_interval_;
  std::uint8_t robustness_default_;
  Duration query_interval_default_;
  std::uint8_t newest_;
  Time first_present_until_ = Time::min();
  Time second_present_until_ = Time::min();
};

}  // namespace strata::multicast
