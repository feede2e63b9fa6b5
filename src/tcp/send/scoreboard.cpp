// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/scoreboard.h"

namespace strata::tcp {
namespace {

SequenceRange range_of(const wire::TcpSackBlock& block) {
  return {SequenceNumber(block.left), SequenceNumber(block.right)};
}

// RFC 2883 4: the first block tells of a duplicate when it lies below the cumulative
// acknowledgement, or inside the block that follows it.
bool is_duplicate(const SequenceRange& first, std::span<const wire::TcpSackBlock> blocks,
                  SequenceNumber una) {
  if (first.end <= una) return true;
  if (blocks.size() < 2) return false;
  const SequenceRange second = range_of(blocks[1]);
  return second.begin <= first.begin && first.end <= second.end;
}

}  // namespace

SackReading read_sack(std::span<const wire::TcpSackBlock> blocks, SequenceNumber una,
                      SequenceNumber nxt, std::uint32_t window_max) {
  SackReading reading;
  for (std::size_t i = 0; i < blocks.size() && reading.count < reading.blocks.size(); ++i) {
    SequenceRange block = range_of(blocks[i]);
    if (block.begin >= block.end || block.end > nxt) continue;
    if (i == 0 && is_duplicate(block, blocks, una)) {
      if (una - block.begin <= static_cast<std::int64_t>(window_max)) reading.duplicate = block;
      continue;
    }
    block.begin = later(block.begin, una);
    if (block.begin < block.end) reading.blocks[reading.count++] = block;
  }
  return reading;
}

std::optional<std::size_t> SackWalk::next() {
  for (; position_ < sent_.size(); ++position_) {
    const Record& record = sent_.at(records_, position_);
    if (record.begin >= block_.end) return std::nullopt;
    if (record.state == RecordState::kSacked || record.end <= block_.begin) continue;
    const SequenceNumber begin = record.edge_behind(later(block_.begin, record.begin));
    const SequenceNumber end =
        record.end <= block_.end ? record.end : record.edge_before(block_.end);
    if (begin >= end) continue;
    const bool has_tail = end < record.end;
    if (begin > record.begin) {
      if (!sent_.split(records_, position_, begin)) return std::nullopt;
      ++position_;
    }
    if (has_tail && !sent_.split(records_, position_, end)) return std::nullopt;
    return position_;
  }
  return std::nullopt;
}

}  // namespace strata::tcp
