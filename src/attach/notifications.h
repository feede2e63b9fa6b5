// SPDX-License-Identifier: Apache-2.0
// Notifications: the calls that the filter holds up for us, and our answers.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "driver/descriptor.h"
#include "socket/posix/answer.h"

namespace strata::attach {

using driver::Descriptor;
using posix::Answer;

// A thread of a program waits in this call. It may give up waiting at any time: it dies, or a
// signal interrupts it and it calls again, as a new Call.
struct Call {
  std::uint64_t id = 0;
  pid_t thread = 0;
  int number = 0;
  std::array<std::uint64_t, 6> arguments{};
};

class Notifications {
 public:
  explicit Notifications(Descriptor listener) : listener_(std::move(listener)) {}

  // Gives the listener away.
  [[nodiscard]] Descriptor take() && { return std::move(listener_); }
  // Readable when receive() has something; broken when no program is left.
  [[nodiscard]] int descriptor() const { return listener_.get(); }
  // Only when the descriptor is readable: otherwise it waits. Nothing: it was taken back.
  [[nodiscard]] std::optional<Call> receive();
  // What was read of a program is its own only if this is true afterwards: thread numbers are used
  // again.
  [[nodiscard]] bool is_waiting(const Call& call) const { return is_waiting(call.id); }
  [[nodiscard]] bool is_waiting(std::uint64_t call_id) const;

  // All answer false when nobody waits any more.
  bool answer(const Call& call, Answer answer);
  // Lets the kernel do the call.
  bool pass_on(const Call& call);

  struct Place {
    int at = -1;  // the number it shall have; negative: the lowest free one
    bool closes_on_exec = false;
  };
  // Puts a copy of our `descriptor` into the program, in whose hands the call is still.
  [[nodiscard]] Answer install(const Call& call, int descriptor, Place place);
  // The same, and its number is the answer to the call, at once.
  [[nodiscard]] Answer answer_with(const Call& call, int descriptor, Place place);

 private:
  [[nodiscard]] Answer add(const Call& call, int descriptor, Place place, std::uint32_t flags);

  Descriptor listener_;
};

}  // namespace strata::attach
