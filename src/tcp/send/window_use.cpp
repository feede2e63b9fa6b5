// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/window_use.h"

namespace strata::tcp {
namespace {

constexpr Duration kPeriodLeast = std::chrono::seconds(1);      // RFC 7661 4.2
constexpr Duration kNonValidatedMax = std::chrono::minutes(5);  // RFC 7661 4.4.3

}  // namespace

bool WindowValidation::on_acked(std::uint32_t bytes, Duration srtt, std::uint32_t cwnd, Time now) {
  acked += bytes;
  if (now - round_began >= srtt) {
    pipe_acks[0] = std::max(pipe_acks[0], acked);
    acked = 0;
    round_began = now;
  }
  // pipeACK Sampling Period: max(3 RTT, 1 s), in thirds.
  if (now - period_began >= std::max(srtt, kPeriodLeast / 3)) {
    pipe_acks = {0, pipe_acks[0], pipe_acks[1]};
    period_began = now;
  }
  if (validated_at == Time{} || is_validated(cwnd)) validated_at = now;
  if (now - validated_at < kNonValidatedMax) return false;
  validated_at = now;
  return true;
}

void WindowUse::on_una(SequenceNumber una, SequenceNumber nxt, std::uint32_t in_flight) {
  if (una < round_end_) return;
  round_end_ = nxt;
  in_flight_max_ = in_flight;
  is_limited_ = false;
}

}  // namespace strata::tcp
