// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/dctcp.h"

#include <algorithm>

namespace strata::tcp::congestion {
namespace {

constexpr std::uint32_t kGainShift = 4;  // g = 1/16 (RFC 8257 4.2)

}  // namespace

bool Dctcp::try_start(Memory& memory, const StartEvent& start) {
  alpha_ = kOne;
  bytes_acked_ = 0;
  bytes_marked_ = 0;
  return RenoGrowth::try_start(memory, start);
}

void Dctcp::on_ack(const AckEvent& ack) {
  bytes_acked_ += ack.bytes_acked;
  bytes_marked_ += std::min(ack.ce_bytes, ack.bytes_acked);
  if (ack.sample.round_started) end_window();
  grow(ack);
}

// RFC 8257 3.3, steps 5 to 8.
void Dctcp::end_window() {
  if (bytes_acked_ == 0) return;
  const std::uint64_t marked = std::uint64_t{bytes_marked_} * kOne / bytes_acked_;
  // The old part is rounded down, so that without marks alpha reaches 0.
  const std::uint32_t decay = (alpha_ + (1U << kGainShift) - 1) >> kGainShift;
  alpha_ = std::min(alpha_ - decay + static_cast<std::uint32_t>(marked >> kGainShift), kOne);
  bytes_acked_ = 0;
  bytes_marked_ = 0;
}

std::uint32_t Dctcp::reduced(std::uint32_t window, CongestionCause cause) const {
  // RFC 8257 3.5: a loss is answered as by any other TCP.
  if (cause == CongestionCause::kLoss) return window / 2;
  return window - static_cast<std::uint32_t>(std::uint64_t{window} * alpha_ / (2 * kOne));
}

}  // namespace strata::tcp::congestion
