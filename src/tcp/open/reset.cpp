// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/reset.h"

#include <chrono>

namespace strata::tcp {

std::optional<Outgoing> reset_for(const Segment& segment) {
  if (segment.flags.rst()) return std::nullopt;
  Outgoing reset;
  reset.flow = segment.flow;
  reset.bound_interface = segment.flow.interface;
  if (segment.flags.ack()) {
    reset.header.sequence_number = segment.ack.value();
    reset.header.flags = wire::kTcpRst;
  } else {
    reset.header.acknowledgment_number = segment.end().value();
    reset.header.flags = wire::kTcpRst | wire::kTcpAck;
  }
  return reset;
}

bool ReplyBudget::take(Time now) {
  if (now >= second_ends_) {
    second_ends_ = now + std::chrono::seconds(1);
    left_ =
        per_second_ / 2 + static_cast<std::uint32_t>(rng_.below(std::uint64_t{per_second_} + 1));
  }
  if (left_ == 0) return false;
  --left_;
  return true;
}

}  // namespace strata::tcp
