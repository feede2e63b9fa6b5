// SPDX-License-Identifier: Apache-2.0
#include "tcp/receive/receive_tuning.h"

#include <algorithm>

#include "strata/wire/tcp_options.h"

namespace strata::tcp {
namespace {

constexpr std::uint32_t kUnscaledMax = 65535;
// RFC 7323 2.2: windows stay below 2^30.
constexpr std::uint32_t kBufferMax = 1U << 30U;
constexpr std::uint32_t kRttMicrosMax = (1U << 30U) - 1;

}  // namespace

std::uint8_t window_shift_for(std::uint32_t buffer_max) {
  std::uint8_t shift = 0;
  while (shift < wire::kTcpWindowScaleMax && kUnscaledMax << shift < buffer_max) ++shift;
  return shift;
}

ReceiveBufferBounds receive_buffer_bounds(const TcpConfig& config,
                                          const TcpSocketOptions& options) {
  ReceiveBufferBounds bounds{config.receive_buffer_first, config.receive_buffer_max};
  // Linux: the buffer grows to what the program wants to read at once, unless it has a size.
  constexpr std::uint32_t kLowWaterMax = kBufferMax / 2;
  bounds.first = std::max(bounds.first, 2 * std::min(options.receive_low_water, kLowWaterMax));
  if (options.receive_buffer != 0) bounds = {options.receive_buffer, options.receive_buffer};
  const std::uint32_t clamp = options.window_clamp == 0 ? kBufferMax : options.window_clamp;
  bounds.max = std::clamp<std::uint32_t>(bounds.max, 1, std::min(kBufferMax, clamp));
  bounds.first = std::clamp<std::uint32_t>(bounds.first, 1, bounds.max);
  return bounds;
}

void ReceiveTuning::set_bounds(ReceiveBufferBounds bounds) {
  limit_max_ = bounds.max;
  limit_ = std::clamp(limit_, bounds.first, bounds.max);
}

void ReceiveTuning::on_echo(Duration age) {
  const bool is_first = has_echo_ == 0;
  has_echo_ = 1;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(age).count();
  const auto sample =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(micros, 1, kRttMicrosMax));
  const std::uint32_t smoothed =
      is_first ? sample : static_cast<std::uint32_t>((7ULL * rtt_us_ + sample) / 8);
  rtt_us_ = std::max<std::uint32_t>(smoothed, 1) & kRttMicrosMax;
}

void ReceiveTuning::on_text(SequenceNumber next, std::uint32_t window, Time now) {
  if (has_period_ == 0) return begin_period(next, window, now);
  if (has_echo_ != 0 || next <= period_end_) return;
  const std::uint32_t sample =
      std::clamp<std::uint32_t>(micros_since(period_begin_, now), 1, kRttMicrosMax);
  if (rtt_us_ == 0 || sample < rtt_us_) rtt_us_ = sample & kRttMicrosMax;
}

bool ReceiveTuning::on_read(std::uint32_t bytes, std::uint32_t segment_size, bool may_grow,
                            SequenceNumber next, std::uint32_t window, Time now) {
  if (limit_ == limit_max_) return false;
  read_ = read_ > UINT32_MAX - bytes ? UINT32_MAX : read_ + bytes;
  if (has_period_ == 0 || rtt_us_ == 0 || micros_since(period_begin_, now) < rtt_us_) return false;
  const std::uint64_t needed = 2ULL * read_ + 16ULL * segment_size;
  // A quarter in reserve, for the sender is a doubling ahead of what is measured.
  const bool grows = may_grow && needed > limit_ - limit_ / 4;
  // The sender has doubled since the bytes of this period left it: be ahead of its next doubling.
  if (grows) {
    limit_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(limit_max_, needed + 2ULL * read_));
  }
  begin_period(next, window, now);
  return grows;
}

void ReceiveTuning::restore(std::uint32_t limit, std::uint32_t limit_max, Duration rtt) {
  limit_ = limit;
  limit_max_ = limit_max;
  rtt_us_ = 0;
  if (rtt > Duration::zero()) on_echo(rtt);
  has_echo_ = 0;
}

void ReceiveTuning::begin_period(SequenceNumber next, std::uint32_t window, Time now) {
  has_period_ = 1;
  read_ = 0;
  period_begin_ = micros_of(now);
  period_end_ = next + window;
}

}  // namespace strata::tcp
