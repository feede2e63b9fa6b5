// SPDX-License-Identifier: Apache-2.0
// Data calls as programs make them, on a descriptor that may have a lease.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <optional>

#include "attach/client/descriptors.h"
#include "attach/client/stream_end.h"

namespace strata::attach::client {

// libc's functions, which are cancellation points, set errno and raise SIGPIPE as they should.
struct Libc {
  ssize_t (*recv)(int descriptor, void* to, std::size_t size, int flags);
  ssize_t (*send)(int descriptor, const void* from, std::size_t size, int flags);
};

// What a leased call answers when the lease has ended meanwhile and nothing has been moved yet: the
// caller looks at the entry again.
inline constexpr ssize_t kLookAgain = -2;

// recv() and send() with these flags are done by the rings; others need the pair.
inline constexpr int kFlagsIn =
    MSG_DONTWAIT | MSG_PEEK | MSG_WAITALL | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC;
inline constexpr int kFlagsOut = MSG_DONTWAIT | MSG_NOSIGNAL;

[[nodiscard]] ssize_t receive_leased(const Libc& libc, Entry& entry, int descriptor, Parts into,
                                     int flags);
[[nodiscard]] ssize_t send_leased(const Libc& libc, Entry& entry, int descriptor, Parts from,
                                  int flags);
// FIONREAD; nothing when there is no lease.
[[nodiscard]] std::optional<int> unread_leased(Entry& entry);

// From a regular file; `offset` as in sendfile(), null for the file's own.
[[nodiscard]] ssize_t send_file_leased(const Libc& libc, Entry& entry, int descriptor, int file,
                                       off_t* offset, std::size_t count);

// Does `leased` while there is a lease, `kernel` otherwise. Both answer as libc's functions do; a
// call that succeeds leaves errno alone, as the kernel's do, for there are programs that look at
// it.
template <typename Leased, typename Kernel>
[[nodiscard]] ssize_t transfer(Descriptors& all, Entry* entry, int descriptor, Leased leased,
                               Kernel kernel) {
  const int former_error = errno;
  for (; entry != nullptr; entry = all.find(descriptor)) {
    switch (entry->state.load(std::memory_order_acquire)) {
      case State::kUnknown: return kernel();
      case State::kMoving: ::sched_yield(); break;
      case State::kPair:
        if (Descriptors::enter_kernel(*entry)) {
          const ssize_t count = kernel();
          const int error = errno;
          all.leave_kernel(*entry, descriptor, count > 0);
          errno = error;
          return count;
        }
        break;
      case State::kLeased: {
        const ssize_t count = leased(*entry);
        if (count != -1) errno = former_error;
        if (count != kLookAgain) return count;
        break;
      }
    }
  }
  return kernel();
}

}  // namespace strata::attach::client
