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

// The process that a thread belongs to; the thread's own number when nobody knows.
[[nodiscard]] pid_t process_number(pid_t thread);

// Memory of the process that `thread` belongs to. Addresses are the program's and may be anything:
// what cannot be reached is EFAULT. Arguments are copied once and never looked at again, so that
// a program that changes them meanwhile deceives only itself.
class ProgramMemory {
 public:
  explicit ProgramMemory(pid_t thread) : thread_(thread) {}

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
  pid_t thread_;
};

[[nodiscard]] std::size_t size_of(std::span<const iovec> parts);

// Copies of programs' descriptors. Processes are remembered by pidfd, so that a number that was
// given to another process meanwhile fails and is looked up again.
class ProgramDescriptors {
 public:
  // A descriptor of ours for the same open file, or minus an errno.
  [[nodiscard]] std::expected<Descriptor, Answer> copy(pid_t thread, int number);

 private:
  [[nodiscard]] int process_of(pid_t thread);

  std::unordered_map<pid_t, Descriptor> processes_;
};

}  // namespace strata::attach
