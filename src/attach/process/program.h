// SPDX-License-Identifier: Apache-2.0
// What we reach of a program that waits in a call: its memory and its descriptors.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <unordered_map>
#include <vector>

#include "driver/descriptor.h"
#include "socket/posix/answer.h"
#include "strata/bytes.h"

namespace strata::attach {

using driver::Descriptor;
using posix::Answer;

struct Call;
class Notifications;

// The process that a thread belongs to; the thread's own number when nobody knows.
[[nodiscard]] pid_t process_number(pid_t thread);

// Memory of the process that `thread` belongs to. Addresses are the program's and may be anything:
// what cannot be reached is EFAULT. Arguments are copied once and never looked at again, so that
// a program that changes them meanwhile deceives only itself.
class ProgramMemory {
 public:
  // Of a thread that lives for as long as this is used.
  explicit ProgramMemory(pid_t thread) : thread_(thread) {}
  // Of the thread that waits in this call. Once it waits no more its number may be another's, and
  // nothing is read: EFAULT, of which nobody hears.
  ProgramMemory(const Notifications& notifications, const Call& call);

  // The same memory, read without asking each time whether it is the caller's still: whoever reads
  // much asks once, before anything has an effect.
  [[nodiscard]] ProgramMemory unchecked() const { return ProgramMemory(thread_); }
  [[nodiscard]] bool is_the_callers() const;

  // 0, or -EFAULT.
  [[nodiscard]] Answer read(std::uint64_t address, MutableBytes to) const;
  [[nodiscard]] Answer write(std::uint64_t address, Bytes from) const;

  template <typename T>
  [[nodiscard]] std::expected<T, Answer> read(std::uint64_t address) const {
    T plain{};
    const Answer done = read(address, std::as_writable_bytes(std::span(&plain, 1)));
    if (done < 0) return std::unexpected(done);
    return plain;
  }
  template <typename T>
  [[nodiscard]] Answer write(std::uint64_t address, const T& plain) const {
    return write(address, std::as_bytes(std::span(&plain, 1)));
  }

  // The parts of a readv or a message, whose addresses are the program's. -EMSGSIZE: too many.
  [[nodiscard]] std::expected<std::vector<iovec>, Answer> read_parts(std::uint64_t address,
                                                                     std::uint64_t count) const;
  // Gathers, at most `bytes_max`; scatters as much as there is room for.
  [[nodiscard]] std::expected<std::vector<std::byte>, Answer> gather(std::span<const iovec> parts,
                                                                     std::size_t bytes_max) const;
  [[nodiscard]] Answer scatter(std::span<const iovec> parts, Bytes from) const;

 private:
  [[nodiscard]] bool copy_out(std::uint64_t address, MutableBytes to) const;

  pid_t thread_;
  const Notifications* notifications_ = nullptr;
  std::uint64_t call_id_ = 0;
};

[[nodiscard]] std::size_t size_of(std::span<const iovec> parts);

// Copies of programs' descriptors. Threads are remembered by pidfd, so that a number that was given
// to another one meanwhile fails and is looked up again. Before Linux 6.9 only processes have
// pidfds, and outlive their threads: then the number must be that of a thread of the process still.
class ProgramDescriptors {
 public:
  ProgramDescriptors();
  // `of_thread` is what pidfd_open() is told for a thread.
  explicit ProgramDescriptors(unsigned of_thread) : of_thread_(of_thread) {}

  // A descriptor of ours for the same open file, or minus an errno.
  [[nodiscard]] std::expected<Descriptor, Answer> copy(pid_t thread, int number);

 private:
  struct Owner {
    Descriptor pidfd;
    pid_t process = 0;  // whose pidfd it is; 0: the thread's
  };
  [[nodiscard]] static bool is_owner(const Owner& owner, pid_t thread);
  [[nodiscard]] Owner open(pid_t thread) const;
  // Negative: nobody has that number.
  [[nodiscard]] int owner_of(pid_t thread);

  unsigned of_thread_;
  std::unordered_map<pid_t, Owner> owners_;
};

}  // namespace strata::attach
