// SPDX-License-Identifier: Apache-2.0
// Socket: a socket of the stack, and our end of the pair whose other end programs hold.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "attach/alarm.h"
#include "attach/notifications.h"
#include "attach/pair.h"
#include "attach/process/program.h"
#include "socket/posix/file.h"
#include "socket/posix/operation.h"
#include "strata/time.h"

// 1. Bytes lie in the program's buffer, in the pair, with us (one buffer full at most each way), or
//    in the stack. We read from one side only when the other has taken all we had: a program that
//    does not read closes the peer's window, a window that is closed stops the program's writes.
// 2. Readiness is the kernel's, of the program's end: readable when we wrote, writable while we
//    read, RDHUP when we shut down, HUP and ERR when we closed.
// 3. All ends of a program are closed exactly when our end hangs up and nobody has asked for
//    shutdown() of both directions.

namespace strata::attach {

// Where a descriptor of a program was last seen: a hint, to be checked by its cookie.
struct Whereabouts {
  pid_t thread = 0;
  int number = -1;
};

// What was taken for a call: it is given back unless the answer reaches the program, which a signal
// may have ended meanwhile.
class Taken {
 public:
  Taken() = default;
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  virtual ~Taken() = default;
  void deliver() { is_delivered_ = true; }

 protected:
  [[nodiscard]] bool is_delivered() const { return is_delivered_; }

 private:
  bool is_delivered_ = false;
};

// A call of a program that has to wait, and what it waits for.
struct Held {
  Call call;
  posix::Operation operation;
  std::shared_ptr<Taken> taken{};      // null: nothing that could be given back
  std::optional<Time> seen_waiting{};  // when it was last known to
  Alarm deadline{};                    // nothing else may happen before it has waited enough
};

class Socket {
 public:
  Socket(posix::FilePtr file, Pair& pair, ProgramDescriptors& descriptors);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  virtual ~Socket() = default;

  [[nodiscard]] posix::File& file() { return *file_; }
  [[nodiscard]] std::uint64_t cookie() const { return cookie_; }
  // Of the program's end, for those who look for it under /proc.
  [[nodiscard]] std::uint64_t inode() const { return inode_; }
  // Our end; negative when nothing will pass any more.
  [[nodiscard]] int end() const { return end_.get(); }

  // Moves what can be moved, both ways.
  virtual void pump(Time now) = 0;
  [[nodiscard]] virtual bool is_stream() const { return false; }

  // epoll told of our end.
  void note_events(std::uint32_t events);
  // Our end shall tell when there is room again.
  [[nodiscard]] bool wants_room() const { return wants_room_; }
  // pump() stopped to let others have their turn.
  [[nodiscard]] bool has_more_to_do() const { return has_more_to_do_; }
  // It wants to be pumped then, whatever happens; told once.
  [[nodiscard]] std::optional<Time> take_wake_up() { return std::exchange(wakes_at_, {}); }
  // No program holds it, and nothing is left to do.
  [[nodiscard]] bool is_gone() const { return is_gone_; }

  void set_whereabouts(Whereabouts seen) { whereabouts_ = seen; }
  // A call about it has been told to us, and is over.
  void note_call() { was_called_ = true; }
  [[nodiscard]] bool was_called() const { return was_called_; }
  [[nodiscard]] std::deque<Held>& held() { return held_; }
  // What SO_ERROR tells, once; 0 or minus an errno.
  [[nodiscard]] Answer take_error() { return std::exchange(error_, 0); }
  [[nodiscard]] bool has_error() const { return error_ != 0; }
  // Bytes or datagrams that are with us, on their way to the program, from it.
  [[nodiscard]] virtual std::size_t bytes_inward() const = 0;
  [[nodiscard]] virtual std::size_t bytes_outward() const = 0;

 protected:
  // One buffer for all: nothing stays in it between calls.
  [[nodiscard]] static MutableBytes scratch();
  // What lies on the way from the program to us, its stuffing included.
  [[nodiscard]] std::size_t bytes_in_pair() const;
  // A copy of the program's end, if it is where it was last seen.
  [[nodiscard]] Descriptor borrow_program_end();
  // Our end closes. With an error, the program's end is told of a failure as well.
  void close_end(Answer error);
  // The pair is replaced; the old one has been closed.
  void adopt(Pair& pair);

  posix::FilePtr file_;
  Descriptor end_;
  std::uint64_t cookie_ = 0;
  std::uint64_t inode_ = 0;
  ProgramDescriptors& descriptors_;
  Whereabouts whereabouts_;
  std::deque<Held> held_;
  Answer error_ = 0;
  bool may_have_bytes_ = true;
  bool is_hung_up_ = false;
  bool wants_room_ = false;
  bool has_more_to_do_ = false;
  bool is_gone_ = false;
  bool was_called_ = false;
  std::optional<Time> wakes_at_;
};

}  // namespace strata::attach
