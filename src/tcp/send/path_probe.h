// SPDX-License-Identifier: Apache-2.0
// PathProbe: how large a segment the path carries, found out by segments that arrive or do not
// (RFC 4821, RFC 8899), for paths that swallow what is too big without a word.
//
//        timeouts of full segments                 probe of `low < size <= high` arrives: low =
//        size
//   Off ───────────────────────────> Searching ──┤ three probes of a size lost: high = size - 1
//                 falls back to a base            └ high - low small: Done; tried again later
//
// Sizes are bytes of text in a segment. `low` is what is used; the caller sets its MSS to it.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/tcp_config.h"
#include "strata/time.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

class PathProbe {
 public:
  // The MSS that options and path allow is known, or changed. Answers the MSS to begin with.
  [[nodiscard]] std::uint16_t on_mss(TcpPathProbing policy, std::uint16_t mss, Time now);
  // A segment as large as the MSS ran into its retransmission timer, this often in a row. Answers
  // the smaller MSS to use from now on, if that looks like a black hole (RFC 4821 7.7).
  [[nodiscard]] std::optional<std::uint16_t> on_timeout(TcpPathProbing policy,
                                                        std::uint8_t timeouts, std::uint16_t mss,
                                                        Time now);

  // The size of a probe worth sending now; none while one is out or nothing is to be learnt.
  [[nodiscard]] std::optional<std::uint16_t> next_size(Time now);
  void on_sent(const SequenceRange& probe);
  [[nodiscard]] bool is_out() const { return is_out_; }
  // Does the probe lie in what begins here and ends there?
  [[nodiscard]] bool is_probe(const SequenceRange& record) const {
    return is_out_ && record.begin <= begin_ && begin_ < record.end;
  }
  // It arrived: the MSS from now on.
  [[nodiscard]] std::uint16_t on_delivered(Time now);
  // RFC 4821 7.6.2: no sign of congestion.
  void on_lost(Time now);

  // Nothing was ever wrong: it knows no more than the MSS.
  [[nodiscard]] bool is_off() const { return state_ == State::kOff; }
  [[nodiscard]] bool is_searching() const { return state_ == State::kSearching; }

 private:
  enum class State : std::uint8_t { kOff, kSearching, kDone };
  void narrow(Time now);

  State state_ = State::kOff;
  bool is_out_ = false;
  std::uint8_t failures_ = 0;  // of probes of size_
  std::uint16_t low_ = 0;
  std::uint16_t high_ = 0;
  std::uint16_t high_max_ = 0;  // what options allow
  std::uint16_t size_ = 0;
  SequenceNumber begin_;
  Time raise_at_{};
};

}  // namespace strata::tcp
