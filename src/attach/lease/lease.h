// SPDX-License-Identifier: Apache-2.0
// Lease: our side of the rings that a process has beside the pair of one of its sockets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <vector>

#include "attach/client/room.h"
#include "attach/lease/rooms.h"
#include "base/shared_ring.h"
#include "strata/bytes.h"

// docs/design/012-preload-lease.md. The program may change every byte of the slot at any time: only
// what SharedRing has judged is used, and bytes are copied before anybody looks at them.

namespace strata::attach {

class Lease {
 public:
  // `theirs` is a copy of the program's end, whose send buffer becomes small.
  [[nodiscard]] static std::expected<std::unique_ptr<Lease>, Answer> begin(
      std::shared_ptr<SharedRoom> room, std::uint64_t cookie, int theirs);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] std::uint32_t slot() const { return slot_; }
  // The program broke the rules: both ways have ended.
  [[nodiscard]] bool is_corrupted() const {
    return inward_.is_corrupted() || outward_.is_corrupted();
  }

  // ── To the program ────────────────────────────────────────────────────────────────────────
  using Pieces = std::array<MutableBytes, 2>;
  // Where the next bytes go. Without room the program will say when there is some.
  [[nodiscard]] Pieces inward_room();
  // They are there: `end` is ours, through which a token may go.
  void publish(std::size_t count, int end);
  // The program waits in the kernel, where it did not before: a token, if there is anything.
  void remind(int end);
  [[nodiscard]] std::size_t unread();
  // The program has read everything; if not, it will say when it has read more.
  [[nodiscard]] bool is_read_up();
  void say_ended() { lane().is_ended.store(1); }

  // ── From the program ──────────────────────────────────────────────────────────────────────
  [[nodiscard]] Pieces outward_bytes();
  void consume(std::size_t count);
  // So much is free that a plug may go.
  [[nodiscard]] bool is_roomy();
  void cut() { lane().is_cut.store(1); }

  // ── Its end, asked for by the program, which uses it no longer ────────────────────────────
  // Takes what lies in the rings, tokens and plugs out of the pair, and makes that as it was.
  struct Remains {
    std::vector<std::byte> to_program;
    std::vector<std::byte> to_stack;
  };
  [[nodiscard]] Remains end(int ours, int theirs);
  // The program has closed its end.
  void let_go() { is_given_back_ = true; }

 private:
  Lease(std::shared_ptr<SharedRoom> room, std::uint32_t slot, int send_buffer);
  void wait_for_reader();
  void note_arrival();
  // By somebody who looks at the ring before he waits in the kernel.
  [[nodiscard]] bool is_looked_at();
  void tell(int end);
  [[nodiscard]] client::Slot& memory() { return room_->memory().slots[slot_]; }
  [[nodiscard]] client::InwardLane& lane() { return memory().inward; }

  std::shared_ptr<SharedRoom> room_;
  std::uint32_t slot_;
  int send_buffer_;  // of the program's end, as it was
  bool is_given_back_ = false;
  SharedRingProducer inward_;
  SharedRingConsumer outward_;
};

}  // namespace strata::attach
