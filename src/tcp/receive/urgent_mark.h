// SPDX-License-Identifier: Apache-2.0
// UrgentMark: where urgent data ends, and what a reader makes of it (RFC 9293 3.8.5, RFC 6093).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace strata::tcp {

// The urgent pointer names the byte behind the urgent data; the byte in front of it is "the"
// urgent byte of the socket interface. A reader stops in front of it once, so that he can ask
// whether he is at the mark; then it is part of the text (inline) or left out and kept aside.
class UrgentMark {
 public:
  enum class State : std::uint8_t {
    kNone,
    kAwaited,  // announced, not here yet
    kHere,     // may be taken
    kTaken,    // was taken; readers still stop there
  };

  // A pointer to `end`, an offset, was announced. False when it is not news: RFC 9293 3.10.7.4,
  // sixth check: only one that is ahead of the present one, and of what has been read, counts.
  bool on_pointer(std::uint64_t end, std::uint64_t read_up_to);
  void on_byte(std::byte value) {
    value_ = value;
    state_ = State::kHere;
  }
  // Out of band, once.
  [[nodiscard]] std::optional<std::byte> take();
  // The reader has passed the mark: it is history.
  void on_read(std::uint64_t read_up_to) {
    if (read_up_to > place_) state_ = State::kNone;
  }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_set() const { return state_ != State::kNone; }
  // Of the urgent byte; meaningful while set.
  [[nodiscard]] std::uint64_t place() const { return place_; }

 private:
  std::uint64_t place_ = 0;
  State state_ = State::kNone;
  std::byte value_{};
};

}  // namespace strata::tcp
