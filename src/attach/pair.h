// SPDX-License-Identifier: Apache-2.0
// A pair of connected AF_UNIX sockets: one end is the program's descriptor, the other is ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>

#include "driver/descriptor.h"
#include "socket/posix/answer.h"

namespace strata::attach {

using driver::Descriptor;

struct Pair {
  Descriptor ours;  // never blocks
  Descriptor theirs;
  // Names the program's end wherever it goes: by dup, fork, exec or SCM_RIGHTS. Unlike the number
  // of its inode it is never used twice.
  std::uint64_t cookie = 0;
};

// `type` is SOCK_STREAM or SOCK_SEQPACKET; SOCK_NONBLOCK is for the program's end. A datagram pair
// would not tell us when the program closes its end, and one of packets does. -EMFILE while some
// descriptors are left still: calls about the sockets there are need them for a moment.
[[nodiscard]] std::expected<Pair, posix::Answer> make_pair(int type);

// 0: not a socket.
[[nodiscard]] std::uint64_t cookie_of(int descriptor);

// Fills the way from the program's end to ours so far that poll() does not call it writable, and
// answers with how many bytes. Reading them makes it writable, with the event that programs which
// connect are waiting for; closing our end with them unread is an error at the program's end.
[[nodiscard]] std::size_t make_unwritable(int theirs);

// Every program's end is closed. True also when both directions are shut down.
[[nodiscard]] bool is_hung_up(int ours);

}  // namespace strata::attach
