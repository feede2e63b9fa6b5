// SPDX-License-Identifier: Apache-2.0
// Reassembly: text that arrived before what should come in front of it (RFC 9293 3.10.7.4).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/interval_set.h"
#include "base/vector.h"
#include "strata/bytes.h"
#include "strata/memory.h"
#include "strata/packet.h"
#include "strata/packet_pool.h"
#include "tcp/receive/inbox.h"

// Places are 64-bit offsets from the connection's first byte of text.
//
//   covered   [======)      [==)[=)      [================)        what has arrived: an IntervalSet
//   slices     ######                     ########                 by reference
//   pages                |..##.#......|          |#######.....|    copied to its place in 2 KB
//             ^ front                                       furthest ^
//
// 1. First bytes win: what is covered stays as it is, whatever a later segment says.
// 2. Each covered byte is in exactly one slice or page. Slices are sorted and do not overlap;
//    pages stand at multiples of kPageBytes, and of their bytes only those count that are covered
//    and in no slice.
// 3. A piece under a quarter of its buffer is copied into the page of its place. So a page is the
//    most that a segment can pin beyond its own buffer, and pieces of one byte need no descriptor:
//    every second byte of a window costs two windows of pages and an interval each.
// 4. Intervals and slices together are at most segments_max.
// 5. Text is shed from the far end: what is nearest will be of use first (and RFC 2018 8 lets a
//    receiver forget what it has reported).

namespace strata::tcp {

class Reassembly {
 public:
  static constexpr std::size_t kPageBytes = kSmallBufferBytes;

  Reassembly(Memory& memory, std::uint32_t segments_max)
      : covered_(memory, segments_max),
        slices_(memory),
        pages_(memory),
        segments_max_(segments_max) {}

  struct Added {
    std::uint64_t bytes = 0;   // that are new, and kept
    Interval duplicate{};      // the first part that had been here; empty: none
    bool was_refused = false;  // part of what was new found no place
  };
  // Keeps what of the text is new. `pool` gives pages.
  Added add(PacketPool& pool, std::uint64_t begin, PacketPtr text);

  // Moves the text that stands at `front`, if any, to the inbox; answers where it ends. Less is
  // moved where the pool has no buffer for a copy: the rest stays.
  [[nodiscard]] std::uint64_t move_to(Inbox& inbox, PacketPool& pool, std::uint64_t front);

  // Forgets what stands before `front`.
  void forget_before(std::uint64_t front);
  // Drops the furthest slice or page. False when there is nothing.
  bool shed_furthest();
  // Drops all and gives everything back.
  void clear();

  // Where the first covered byte at or after `from` stands; UINT64_MAX when there is none.
  [[nodiscard]] std::uint64_t next_covered(std::uint64_t from) const;
  [[nodiscard]] const IntervalSet& covered() const { return covered_; }
  [[nodiscard]] bool empty() const { return covered_.empty(); }
  // Behind the furthest byte; 0 when empty.
  [[nodiscard]] std::uint64_t end() const {
    return covered_.empty() ? 0 : covered_[covered_.size() - 1].end;
  }
  [[nodiscard]] std::size_t segments() const { return covered_.size() + slices_.size(); }
  // Buffers, and the tables that say what is in them.
  [[nodiscard]] std::size_t bytes_held() const {
    return slice_buffer_bytes_ + pages_.size() * (kPageBytes + sizeof(Page)) +
           slices_.size() * sizeof(Slice) + covered_.size() * sizeof(Interval);
  }

 private:
  struct Slice {
    std::uint64_t begin;
    PacketPtr text;
    [[nodiscard]] std::uint64_t end() const { return begin + text->size(); }
  };
  struct Page {
    std::uint64_t begin;
    PacketPtr bytes;
    [[nodiscard]] std::uint64_t end() const { return begin + kPageBytes; }
  };

  // Part of a text, none of which is here yet.
  struct Piece {
    std::uint64_t begin;
    std::size_t offset;  // in the text
    std::size_t size;
    bool is_sparse;  // the text is small beside its buffers
  };

  // How much of a piece was kept.
  [[nodiscard]] std::size_t add_piece(PacketPool& pool, PacketPtr& text, const Piece& piece);
  [[nodiscard]] bool keep_slice(std::uint64_t begin, PacketPtr slice);
  [[nodiscard]] std::size_t keep_copy(PacketPool& pool, const Packet& text, const Piece& piece);
  [[nodiscard]] std::size_t page_for(PacketPool& pool, std::uint64_t place);
  [[nodiscard]] std::uint64_t last_storage_begin() const;
  [[nodiscard]] std::size_t first_slice_at_or_after(std::uint64_t begin) const;
  [[nodiscard]] std::size_t first_page_ending_after(std::uint64_t place) const;

  IntervalSet covered_;
  Vector<Slice> slices_;
  Vector<Page> pages_;
  std::size_t slice_buffer_bytes_ = 0;
  std::uint32_t segments_max_;
};

}  // namespace strata::tcp
