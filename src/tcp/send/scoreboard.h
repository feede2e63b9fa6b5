// SPDX-License-Identifier: Apache-2.0
// Scoreboard: what SACK options say, read with suspicion (RFC 2018, RFC 2883, RFC 6675 3).
//
// 1. A block counts only where it lies within [una, nxt): what we never sent cannot have arrived.
// 2. The first block is a D-SACK when it lies below the cumulative acknowledgement, or within the
//    second block.
// 3. Segments count as arrived whole: a block that covers part of one says nothing of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "strata/wire/tcp_options.h"
#include "tcp/send/retransmission_queue.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

struct SackReading {
  std::array<SequenceRange, wire::kTcpSackBlocksMax> blocks{};
  std::size_t count = 0;
  std::optional<SequenceRange> duplicate{};  // D-SACK
};

// `window_max` bounds how far below `una` a D-SACK may be believed.
[[nodiscard]] SackReading read_sack(std::span<const wire::TcpSackBlock> blocks, SequenceNumber una,
                                    SequenceNumber nxt, std::uint32_t window_max);

// Walks the part of the queue that one block covers: next() answers the position of a record that
// lies whole within the block and is not SACKed yet, cut out of a larger one where needed. The
// caller marks it, and tells where it went.
class SackWalk {
 public:
  SackWalk(RetransmissionQueue& sent, Slab<Record>& records, const SequenceRange& block)
      : sent_(sent), records_(records), block_(block), position_(sent.position_of(block.begin)) {}

  [[nodiscard]] std::optional<std::size_t> next();
  void marked(std::size_t position) { position_ = position + 1; }

 private:
  RetransmissionQueue& sent_;
  Slab<Record>& records_;
  SequenceRange block_;
  std::size_t position_;
};

}  // namespace strata::tcp
