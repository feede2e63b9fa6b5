// SPDX-License-Identifier: Apache-2.0
// Rooms: the memory that processes of the preload tier share with us, and who has which slot in it.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <expected>
#include <memory>
#include <unordered_map>
#include <vector>

#include "attach/client/room.h"
#include "driver/descriptor.h"
#include "socket/posix/answer.h"

// 1. A room is named by a key that only who has its memory knows. Its bytes are written by another
//    process at any time: beside the rings' bytes we believe none of them.
// 2. A slot belongs to one socket from its granting until the program has given it back or has
//    closed the socket. If we ended first, the program may read it still: it is retired, and is
//    used again with the room's end, or when the program gives it back.
// 3. A room ends when its process has, or when it has been empty longest of too many.

namespace strata::attach {

using driver::Descriptor;
using posix::Answer;

class SharedRoom {
 public:
  [[nodiscard]] static std::unique_ptr<SharedRoom> make(pid_t process, Descriptor& file);
  ~SharedRoom();
  SharedRoom(const SharedRoom&) = delete;
  SharedRoom& operator=(const SharedRoom&) = delete;

  [[nodiscard]] client::Room& memory() { return *memory_; }
  [[nodiscard]] std::uint64_t key() const { return key_; }
  [[nodiscard]] pid_t process() const { return process_; }
  [[nodiscard]] bool is_process_gone() const;
  [[nodiscard]] bool is_empty() const { return used_.none(); }

  // -ENOSPC: all have owners. `cookie` is the socket's.
  [[nodiscard]] Answer take_slot(std::uint64_t cookie);
  void give_slot(std::uint32_t slot);
  void retire_slot(std::uint32_t slot) { owners_[slot] = 0; }

  // Calls `tell` with the cookie of each socket of which the program has changed a ring. True when
  // there was any.
  template <typename Tell>
  bool take_news(Tell tell) {
    bool had_any = false;
    for (std::size_t word = 0; word < client::kNewsWords; ++word) {
      if (memory_->news[word].load(std::memory_order_relaxed) == 0) continue;
      had_any = true;
      for (std::uint64_t bits = memory_->news[word].exchange(0); bits != 0; bits &= bits - 1) {
        tell(owners_[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))]);
      }
    }
    return had_any;
  }
  [[nodiscard]] bool has_news() const {
    return std::ranges::any_of(memory_->news, [](const auto& word) { return word.load() != 0; });
  }
  // From here on the program rings when it has changed something.
  void say_sleeping(bool is_sleeping);

 private:
  SharedRoom(client::Room* memory, pid_t process, Descriptor pidfd, std::uint64_t key)
      : memory_(memory), process_(process), pidfd_(std::move(pidfd)), key_(key) {}

  client::Room* memory_;
  pid_t process_;
  Descriptor pidfd_;
  std::uint64_t key_;
  std::bitset<client::kSlots> used_;
  std::array<std::uint64_t, client::kSlots> owners_{};
  bool says_sleeping_ = false;
};

class Rooms {
 public:
  // A file for a new room of this process; its former ones have ended if it has begun anew.
  [[nodiscard]] std::expected<Descriptor, Answer> make(pid_t process);
  void end_rooms_of(pid_t process);
  // Null: there is none of this key.
  [[nodiscard]] std::shared_ptr<SharedRoom> find(std::uint64_t key) const;
  [[nodiscard]] bool is_empty() const { return rooms_.empty(); }

  template <typename Tell>
  bool take_news(Tell tell) {
    bool had_any = false;
    for (const auto& room : rooms_) had_any |= room->take_news(tell);
    return had_any;
  }
  [[nodiscard]] bool has_news() const {
    return std::ranges::any_of(rooms_, [](const auto& room) { return room->has_news(); });
  }
  void say_sleeping(bool is_sleeping) {
    for (const auto& room : rooms_) room->say_sleeping(is_sleeping);
  }

 private:
  void sweep();

  std::vector<std::shared_ptr<SharedRoom>> rooms_;  // the oldest first
};

}  // namespace strata::attach
