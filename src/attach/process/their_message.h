// SPDX-License-Identifier: Apache-2.0
// Messages in the memory of programs: a msghdr, or what sendto() and recvfrom() have in its place.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <vector>

#include "attach/process/program.h"

namespace strata::attach {

// A message of a program as it was given, with the addresses in its memory.
struct TheirMessage {
  std::uint64_t at = 0;  // of its msghdr; 0: there is none
  std::uint64_t name = 0;
  std::uint64_t name_size = 0;  // where the length is (recvfrom), or 0
  socklen_t name_room = 0;
  std::vector<iovec> parts;
  std::uint64_t control = 0;
  std::size_t control_size = 0;
};

// That of sendmsg() and recvmsg(). -EMSGSIZE, -EINVAL: no message has such parts, such a name.
[[nodiscard]] std::expected<TheirMessage, Answer> read_message(const ProgramMemory& memory,
                                                               std::uint64_t at);
// What was received: its bytes, and the name, the control messages and the flags of `ours`.
[[nodiscard]] Answer tell_message(const ProgramMemory& memory, const TheirMessage& theirs,
                                  const msghdr& ours, Bytes bytes);

}  // namespace strata::attach
