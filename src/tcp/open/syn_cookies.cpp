// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/syn_cookies.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "tcp/isn.h"

namespace strata::tcp {
namespace {

// The nearest below what the peer announced is taken: the common ones lose nothing. 1220 and 1440
// are of IPv6, 1460 of Ethernet, 1360 of tunnels, 8960 of jumbo frames.
constexpr std::array<std::uint16_t, 8> kMssTable{kMssMin, 536, 1220, 1360, 1440, 1460, 4312, 8940};
constexpr unsigned kMssShift = 29;
constexpr std::uint32_t kHashMask = (std::uint32_t{1} << kMssShift) - 1;
constexpr auto kPeriod = std::chrono::seconds(64);
constexpr std::uint64_t kPeriodsValid = 2;

constexpr std::uint32_t kTimestampBits = 0x3f;
constexpr std::uint32_t kEcnBit = 0x20;
constexpr std::uint32_t kSackBit = 0x10;
constexpr std::uint32_t kScaleBits = 0x0f;
constexpr std::uint32_t kNoScale = 0x0f;  // RFC 7323 2.3: a shift is at most 14

std::uint64_t period_of(Time now) {
  return static_cast<std::uint64_t>(now.time_since_epoch() / kPeriod);
}

std::uint32_t index_of(std::uint16_t mss) {
  const auto* const above = std::upper_bound(kMssTable.begin(), kMssTable.end(), mss);
  return static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(above - kMssTable.begin() - 1, 0));
}

std::uint32_t cookie_of(const Handshake::Context& context, SequenceNumber irs,
                        std::uint32_t mss_index, std::uint64_t period) {
  const std::uint64_t more = period << 35U | std::uint64_t{mss_index} << 32U | irs.value();
  const std::uint64_t hash = seen_hash_of(context.secrets.syn_cookies, context.flow, more);
  return mss_index << kMssShift | (static_cast<std::uint32_t>(hash) & kHashMask);
}

// A timestamp of now or just before, whose low bits are ours to use.
std::uint32_t stamp(const Negotiated& agreed, Time now) {
  const std::uint32_t clock = timestamp_clock(now) + agreed.timestamp_offset;
  const std::uint32_t bits = (agreed.ecn ? kEcnBit : 0U) | (agreed.sack ? kSackBit : 0U) |
                             (agreed.window_scaling ? agreed.send_scale : kNoScale);
  const std::uint32_t stamped = (clock & ~kTimestampBits) | bits;
  return SequenceNumber(stamped) > SequenceNumber(clock) ? stamped - (kTimestampBits + 1) : stamped;
}

Terms terms_of(const Handshake::Context& context) {
  Terms terms =
      Terms::of(context.config, context.options, context.flow.is_v4(), context.mtu, false);
  terms.timestamp_offset = context.secrets.timestamp_offsets.of(context.flow);
  return terms;
}

// Options for which the cookie has no room are not agreed.
void forget_options(Negotiated& agreed) {
  agreed.window_scaling = agreed.sack = agreed.ecn = false;
  agreed.send_scale = agreed.receive_scale = 0;
}

std::optional<std::uint32_t> mss_index_in(std::uint32_t cookie, const Handshake::Context& context,
                                          SequenceNumber irs, Time now) {
  const std::uint32_t index = cookie >> kMssShift;
  const std::uint64_t period = period_of(now);
  for (std::uint64_t age = 0; age < kPeriodsValid && age <= period; ++age) {
    if (cookie_of(context, irs, index, period - age) == cookie) return index;
  }
  return std::nullopt;
}

}  // namespace

Outgoing cookie_reply_to(const Segment& syn, const Handshake::Context& context, Time now) {
  const Terms terms = terms_of(context);
  Negotiated agreed = agree(terms, syn);
  if (!agreed.timestamps) forget_options(agreed);
  wire::TcpOptions options = syn_ack_options(agreed, terms, now);
  options.user_timeout.reset();
  if (options.timestamps) options.timestamps->value = stamp(agreed, now);
  const std::uint32_t cookie =
      cookie_of(context, syn.seq, index_of(agreed.send_mss), period_of(now));
  const wire::TcpFlags ecn = agreed.ecn ? wire::kTcpEce : wire::TcpFlags{};
  return compose(context.flow, wire::kTcpSyn | wire::kTcpAck | ecn, SequenceNumber(cookie),
                 syn.seq + 1, terms.window, options, context.options);
}

std::optional<CookieOpening> open_cookie(const Segment& ack, const Handshake::Context& context,
                                         Time now) {
  const SequenceNumber iss = ack.ack - 1;
  const SequenceNumber irs = ack.seq - 1;
  const auto index = mss_index_in(iss.value(), context, irs, now);
  if (!index) return std::nullopt;
  const Terms terms = terms_of(context);
  Negotiated agreed;
  agreed.send_mss = kMssTable[*index];
  agreed.receive_mss = terms.receive_mss;
  agreed.timestamp_offset = terms.timestamp_offset;
  agreed.timestamps = terms.timestamps && ack.options.timestamps.has_value();
  if (agreed.timestamps) {
    const std::uint32_t echo = ack.options.timestamps->echo_reply;
    agreed.ts_recent = ack.options.timestamps->value;
    agreed.ecn = terms.ecn && (echo & kEcnBit) != 0;
    agreed.sack = terms.sack && (echo & kSackBit) != 0;
    agreed.window_scaling = terms.window_scaling && (echo & kScaleBits) != kNoScale;
    if (agreed.window_scaling) {
      agreed.send_scale = static_cast<std::uint8_t>(echo & kScaleBits);
      agreed.receive_scale = terms.receive_scale;
    }
  }
  return CookieOpening{.iss = iss, .irs = irs, .negotiated = agreed};
}

}  // namespace strata::tcp
