// SPDX-License-Identifier: Apache-2.0
#include "attach/pair.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace strata::attach {
namespace {

constexpr int kReserved = 16;

// Linux calls a socket writable while no more than a quarter of its buffer is taken, doubles the
// buffer that is asked for, and tells whoever waits each time a message is freed below that
// quarter. So the stuffing is one message of more than a quarter, and no larger than the kernel
// leaves whole: its reader makes one event.
constexpr std::size_t kStuffing = 36'000;
constexpr int kSendBuffer = 70'000;

int descriptors_max() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return INT_MAX;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, INT_MAX));
}

bool is_writable(int descriptor) {
  pollfd asked{descriptor, POLLOUT, 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0;
}

}  // namespace

std::expected<Pair, posix::Answer> make_pair(int type) {
  int ends[2];
  if (::socketpair(AF_UNIX, (type & ~SOCK_NONBLOCK) | SOCK_CLOEXEC, 0, ends) != 0) {
    return std::unexpected(-errno);
  }
  Pair pair{Descriptor(ends[0]), Descriptor(ends[1]), cookie_of(ends[1])};
  // The lowest number that is free is given: this high, few are.
  if (std::max(ends[0], ends[1]) + kReserved >= descriptors_max()) return std::unexpected(-EMFILE);
  if (::fcntl(pair.ours.get(), F_SETFL, O_NONBLOCK) != 0) return std::unexpected(-errno);
  const bool is_non_blocking = (type & SOCK_NONBLOCK) != 0;
  if (is_non_blocking && ::fcntl(pair.theirs.get(), F_SETFL, O_NONBLOCK) != 0) {
    return std::unexpected(-errno);
  }
  return pair;
}

std::uint64_t cookie_of(int descriptor) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  if (::getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) return 0;
  return cookie;
}

std::size_t make_unwritable(int theirs) {
  static const std::array<std::byte, kStuffing> kZeroes{};
  static_cast<void>(::setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof(kSendBuffer)));
  std::size_t sent = 0;
  while (is_writable(theirs)) {
    const ssize_t count =
        ::send(theirs, kZeroes.data(), kZeroes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

bool is_hung_up(int ours) {
  pollfd asked{ours, 0, 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLHUP) != 0;
}

}  // namespace strata::attach
