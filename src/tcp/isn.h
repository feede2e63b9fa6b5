// SPDX-License-Identifier: Apache-2.0
// Initial sequence numbers and timestamps that a stranger cannot guess.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/siphash.h"
#include "strata/time.h"
#include "tcp/flow.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

// SipHash-2-4 over a flow, for values that strangers see.
[[nodiscard]] constexpr std::uint64_t seen_hash_of(const SipKey& key, const Flow& flow,
                                                   std::uint64_t more = 0) {
  SipState<2, 4> state(key);
  state.feed(flow.local_address.high());
  state.feed(flow.local_address.low());
  state.feed(flow.remote_address.high());
  state.feed(flow.remote_address.low());
  state.feed(std::uint64_t{flow.local_port} << 48U | std::uint64_t{flow.remote_port} << 32U |
             flow.interface);
  state.feed(more);
  return state.finish();
}

// RFC 6528 3: ISN = M + F(localip, localport, remoteip, remoteport, secretkey), where M is a timer
// that ticks every four microseconds. Numbers of one flow grow with time, so that a new incarnation
// is told from the one before; those of two flows have nothing to do with each other.
[[nodiscard]] constexpr SequenceNumber initial_sequence_number(const SipKey& key, const Flow& flow,
                                                               Time now) {
  constexpr std::int64_t kTickNanoseconds = 4000;
  const auto ticks = static_cast<std::uint32_t>(now.time_since_epoch().count() / kTickNanoseconds);
  return SequenceNumber(ticks + static_cast<std::uint32_t>(seen_hash_of(key, flow)));
}

// RFC 7323 4.1: the timestamp clock ticks every millisecond, which wraps after 24.8 days.
[[nodiscard]] constexpr std::uint32_t timestamp_clock(Time now) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
}

// RFC 7323 5.4: what a flow adds to the clock, so that timestamps tell neither how long the stack
// is up nor which flows are of one host. It depends on the addresses only: timestamps grow from one
// connection of two hosts to the next, which RFC 6191 and RFC 7323 appendix B rely upon.
[[nodiscard]] constexpr std::uint32_t timestamp_offset(const SipKey& key, const Flow& flow) {
  const Flow hosts{.local_address = flow.local_address,
                   .remote_address = flow.remote_address,
                   .interface = flow.interface};
  return static_cast<std::uint32_t>(seen_hash_of(key, hosts));
}

// The same for who asks several times for each connection of a pair of hosts: the last is kept.
class TimestampOffsets {
 public:
  explicit constexpr TimestampOffsets(const SipKey& key) : key_(key) {}

  [[nodiscard]] constexpr std::uint32_t of(const Flow& flow) const {
    const bool is_same = flow.remote_address == last_.remote_address &&
                         flow.local_address == last_.local_address &&
                         flow.interface == last_.interface && is_set_;
    if (!is_same) {
      last_ = flow;
      offset_ = timestamp_offset(key_, flow);
      is_set_ = true;
    }
    return offset_;
  }

 private:
  SipKey key_;
  mutable Flow last_{};
  mutable std::uint32_t offset_ = 0;
  mutable bool is_set_ = false;
};

}  // namespace strata::tcp
