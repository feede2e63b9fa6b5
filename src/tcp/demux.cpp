// SPDX-License-Identifier: Apache-2.0
#include "tcp/demux.h"

namespace strata::tcp {

Demux::Found Demux::find_other(const Flow& flow, std::uint32_t hash) const {
  const Index half_open = half_opens_.find(flow, hash);
  if (half_open != kNoIndex) return {Kind::kHalfOpen, half_open};
  const Index time_wait = time_waits_.find(flow, hash);
  if (time_wait != kNoIndex) return {Kind::kTimeWait, time_wait};
  return {};
}

}  // namespace strata::tcp
