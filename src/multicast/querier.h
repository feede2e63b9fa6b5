// SPDX-License-Identifier: Apache-2.0
// What is known of the querier on the link, per family: the version in force and its timers.
#pragma once

#include "multicast/config.h"
#include "strata/time.h"

namespace strata::multicast {

struct Querier {
  std::uint8_t robustness = 2;
  Duration query_interval{};
  Duration query_response_interval{};
  Time v1_present_until = Time::min();
  Time v2_present_until = Time::min();
};

}  // namespace strata::multicast
