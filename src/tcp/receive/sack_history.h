// SPDX-License-Identifier: Apache-2.0
// SackHistory: which stretches of text out of order to report, and in which order (RFC 2018 4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/interval_set.h"
#include "strata/wire/tcp_options.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

// Where offset 0 would stand: blocks are told in sequence numbers, kept in offsets.
struct SequenceOrigin {
  SequenceNumber next;       // RCV.NXT
  std::uint64_t offset = 0;  // its offset

  [[nodiscard]] SequenceNumber sequence_of(std::uint64_t place) const {
    return next + static_cast<std::uint32_t>(place - offset);
  }
};

// Remembers where the latest segments arrived, newest first: each names the stretch that holds
// that place now. So blocks grow and join without being told here, and one that has become
// text in order is not found any more.
class SackHistory {
 public:
  static constexpr std::size_t kPlacesMax = 4;

  // A segment out of order has been kept, or came again, at `place`.
  void on_arrival(std::uint64_t place);
  // The blocks of one ACK: first the duplicate it reports (RFC 2883 4), then the stretch that
  // holds the segment that caused it, then those reported last, each once.
  [[nodiscard]] wire::TcpSackBlocks blocks(const IntervalSet& covered, const SequenceOrigin& origin,
                                           std::uint64_t trigger, SequenceRange duplicate,
                                           std::size_t blocks_max) const;
  void clear() { size_ = 0; }

 private:
  std::array<std::uint64_t, kPlacesMax> places_{};
  std::uint8_t size_ = 0;
};

}  // namespace strata::tcp
