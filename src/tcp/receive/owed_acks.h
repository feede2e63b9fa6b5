// SPDX-License-Identifier: Apache-2.0
// OwedAcks: ACKs that the peer must get one by one, whatever arrived in one batch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tcp/sequence_number.h"

// RFC 5681 4.2 wants an ACK for each segment out of order, RFC 8257 3.2 one at each change of CE,
// RFC 9293 3.8.6.3 one for every second full segment. A batch may bring dozens of these before
// anything can be sent, so they wait here, first in, first out:
//
//   | plain 1000 | duplicate 2000 x3 | plain 3000 | ...
//    └───────── prompt ────────────┘
//
// 1. Prompt ACKs do not wait behind data, nor does a plain one in front of them: a duplicate
//    behind an ACK that never left would not be one (RFC 5681 2).
// 2. There are at most kEntriesMax. Beyond, the last one speaks for what comes too: duplicates are
//    still counted, plain ACKs cover more.

namespace strata::tcp {

struct OwedAck {
  SequenceNumber ack{};
  SequenceNumber trigger{};   // where the segment began that it answers (RFC 2018 4)
  SequenceRange duplicate{};  // RFC 2883: what had been here before; empty: nothing
  std::uint16_t count = 1;    // so many of them
  bool is_prompt = false;     // a duplicate, or at a change of CE
  bool is_duplicate = false;  // must not change the window (RFC 5681 2)
  bool ece = false;           // for a peer that wants each mark told (RFC 8257)
};

class OwedAcks {
 public:
  static constexpr std::size_t kEntriesMax = 16;

  void push(const OwedAck& owed);
  // Only while not empty.
  [[nodiscard]] const OwedAck& front() const { return entries_[first_]; }
  // One of the front entry's count has gone.
  void pop();
  // Something that acknowledges everything has gone: plain ones are not owed any more, if there
  // is no prompt one among them.
  void drop_plain() {
    if (prompt_ == 0) size_ = 0;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool has_prompt() const { return prompt_ != 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  [[nodiscard]] OwedAck& back() { return entries_[(first_ + size_ - 1) % kEntriesMax]; }
  void merge_into_last(const OwedAck& owed);

  std::array<OwedAck, kEntriesMax> entries_{};
  std::uint8_t first_ = 0;
  std::uint8_t size_ = 0;
  std::uint8_t prompt_ = 0;  // entries up to and with the last prompt one
};

}  // namespace strata::tcp
