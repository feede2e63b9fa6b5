// SPDX-License-Identifier: Apache-2.0
// ReceiveTuning: how large a connection's receive buffer is (dynamic right-sizing, Fisk and Feng,
// 2001).
#pragma once

#include <cstdint>
#include <optional>

#include "strata/tcp_config.h"
#include "strata/time.h"
#include "tcp/receive/micros.h"
#include "tcp/sequence_number.h"

// What the program reads in a round trip is what the sender's window let through, if the path is
// not the limit. A sender in slow start doubles that each round trip; so a buffer of twice what was
// read never holds it back, and one that is not used does not grow.
//
//   period: |<------ one round trip ------>|          2 * read + 16 segments nearly fill it? Grow
//           mark                        evaluate, new mark
//
// The round trip is measured by echoed timestamps. Without them: what stands behind the edge that
// was offered at the mark can only have been sent after a later ACK, so when it comes at least a
// round trip has passed, and the least such time is taken.

namespace strata::tcp {

// RFC 7323 2.2: the least shift with which the largest buffer can be offered.
[[nodiscard]] std::uint8_t window_shift_for(std::uint32_t buffer_max);
// The bounds of a connection's buffer by configuration and socket options.
struct ReceiveBufferBounds {
  std::uint32_t first = 0;
  std::uint32_t max = 0;
};
[[nodiscard]] ReceiveBufferBounds receive_buffer_bounds(const TcpConfig& config,
                                                        const TcpSocketOptions& options);

class ReceiveTuning {
 public:
  void start(ReceiveBufferBounds bounds) {
    limit_ = bounds.first;
    limit_max_ = bounds.max;
  }
  // The program changed its mind. A buffer never shrinks below what has been offered: the window
  // sees to that.
  void set_bounds(ReceiveBufferBounds bounds);

  // The time since what the peer echoed was sent (RFC 7323 4): a round trip.
  void on_echo(Duration age);
  // Text in order up to `next` has arrived, with so large a window open behind it.
  void on_text(SequenceNumber next, std::uint32_t window, Time now);
  // The program took bytes. `may_grow`: memory is not short. True when the buffer has grown.
  bool on_read(std::uint32_t bytes, std::uint32_t segment_size, bool may_grow, SequenceNumber next,
               std::uint32_t window, Time now);

  [[nodiscard]] std::uint32_t limit() const { return limit_; }
  [[nodiscard]] std::uint32_t limit_max() const { return limit_max_; }
  [[nodiscard]] std::optional<Duration> rtt() const {
    return rtt_us_ == 0 ? std::nullopt : std::optional(from_micros(rtt_us_));
  }
  void restore(std::uint32_t limit, std::uint32_t limit_max, Duration rtt);

 private:
  void begin_period(SequenceNumber next, std::uint32_t window, Time now);

  std::uint32_t limit_ = 0;
  std::uint32_t limit_max_ = 0;
  std::uint32_t rtt_us_ : 30 = 0;  // 0: not known yet
  std::uint32_t has_echo_ : 1 = 0;
  std::uint32_t has_period_ : 1 = 0;
  std::uint32_t read_ = 0;     // in this period
  SequenceNumber period_end_;  // a window of text after its beginning
  Micros period_begin_ = 0;
};

}  // namespace strata::tcp
