// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/path_probe.h"

#include <algorithm>
#include <array>

namespace strata::tcp {
namespace {

// What fits where larger did not: the IPv6 minimum with options, RFC 4821 7.2's 1024, the
// default of RFC 9293 3.7.1, and a floor below which nothing is gained.
constexpr std::array<std::uint16_t, 4> kBases{1208, 972, 512, 216};
constexpr std::uint8_t kTimeoutsSuspicious = 3;
constexpr std::uint8_t kProbesMax = 3;  // RFC 8899 5.1.2: MAX_PROBES
constexpr std::uint16_t kPrecision = 16;
constexpr Duration kRaiseAfter = std::chrono::minutes(10);  // RFC 8899 5.1.1: PMTU_RAISE_TIMER

}  // namespace

std::uint16_t PathProbe::on_mss(TcpPathProbing policy, std::uint16_t mss, Time now) {
  high_max_ = mss;
  high_ = mss;
  is_out_ = false;
  failures_ = 0;
  if (state_ == State::kOff && policy != TcpPathProbing::kAlways) {
    low_ = mss;
    return mss;
  }
  if (state_ == State::kOff) {
    low_ = std::min(mss, kBases[0]);
    state_ = State::kSearching;
  }
  low_ = std::min(low_, mss);
  narrow(now);
  return low_;
}

std::optional<std::uint16_t> PathProbe::on_timeout(TcpPathProbing policy, std::uint8_t timeouts,
                                                   std::uint16_t mss, Time now) {
  if (policy == TcpPathProbing::kOff || timeouts < kTimeoutsSuspicious) return std::nullopt;
  const auto* const base =
      std::ranges::find_if(kBases, [mss](std::uint16_t size) { return size < mss; });
  if (base == kBases.end()) return std::nullopt;
  // What was in use is not known to fit any more; the search begins below it.
  high_ = std::max<std::uint16_t>(high_max_, mss);
  low_ = *base;
  state_ = State::kSearching;
  is_out_ = false;
  failures_ = 0;
  // The path may be down altogether: give it time before it is probed.
  raise_at_ = now + std::chrono::seconds(1);
  return low_;
}

std::optional<std::uint16_t> PathProbe::next_size(Time now) {
  if (state_ == State::kOff || is_out_ || now < raise_at_) return std::nullopt;
  if (state_ == State::kDone) {
    if (low_ + 0 >= high_max_ - kPrecision) return std::nullopt;
    state_ = State::kSearching;
    high_ = high_max_;
    failures_ = 0;
  }
  // The largest first: most often it is the whole of what was configured that fits.
  size_ = high_ == high_max_ ? high_ : static_cast<std::uint16_t>(low_ + (high_ - low_ + 1) / 2);
  return size_;
}

void PathProbe::on_sent(const SequenceRange& probe) {
  is_out_ = true;
  begin_ = probe.begin;
}

std::uint16_t PathProbe::on_delivered(Time now) {
  is_out_ = false;
  failures_ = 0;
  low_ = std::max(low_, size_);
  narrow(now);
  return low_;
}

void PathProbe::on_lost(Time now) {
  is_out_ = false;
  if (++failures_ < kProbesMax) return;
  failures_ = 0;
  high_ = static_cast<std::uint16_t>(std::max<unsigned>(size_ - 1U, low_));
  narrow(now);
}

void PathProbe::narrow(Time now) {
  if (high_ >= low_ + kPrecision) return;
  state_ = State::kDone;
  raise_at_ = now + kRaiseAfter;
}

}  // namespace strata::tcp
