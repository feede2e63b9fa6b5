// SPDX-License-Identifier: Apache-2.0
// Options and ioctl. Most are the file's; a few are the kernel's as well, for they say how calls on
// the pair behave that never reach us.
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "attach/handlers.h"

namespace strata::attach {
namespace {

constexpr std::size_t kValueMax = 4096;

// How long read() and write() wait, and for how much.
bool is_for_pair(int level, int name) {
  return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

// What would be promised and not kept: zero-copy notifications are about bytes that were given to
// the stack, and these go by the pair, which tells nobody how many are left (TCP_INQ).
bool is_refused(int level, int name) {
  return (level == SOL_SOCKET && name == SO_ZEROCOPY) || (level == IPPROTO_TCP && name == TCP_INQ);
}

// Errors of the pair stand for the socket's; told once, both are gone.
Answer take_error(Request& request) {
  int of_pair = 0;
  socklen_t size = sizeof(of_pair);
  ::getsockopt(request.theirs.get(), SOL_SOCKET, SO_ERROR, &of_pair, &size);
  return -request.socket->take_error();
}

// What the file tells no more, because it is on its way to the program.
Answer take_told_error(Request& request) {
  if (request.socket->has_error()) return take_error(request);
  if (request.datagrams() == nullptr) return 0;
  return -request.datagrams()->take_error_out(request.theirs.get());
}

Answer read_option(Request& request, int level, int name, void* value, socklen_t* size) {
  if (is_refused(level, name)) return -ENOPROTOOPT;
  const bool is_error = level == SOL_SOCKET && name == SO_ERROR;
  if (const Answer told = is_error ? take_told_error(request) : 0; told != 0) {
    const auto error = static_cast<int>(told);
    *size = std::min<socklen_t>(*size, sizeof(error));
    std::copy_n(reinterpret_cast<const std::byte*>(&error), *size, static_cast<std::byte*>(value));
    return 0;
  }
  return request.socket->file().option(level, name, value, size, request.now);
}

Answer tell_queue(Request& request, unsigned long what) {
  Socket& socket = *request.socket;
  int value = 0;
  const Answer asked = socket.file().control(what, value);
  if (asked < 0) return asked;
  if (what == FIONREAD && socket.is_stream()) {
    // Beside a lease no bytes of the stream lie in the pair.
    int in_pair = 0;
    if (!request.stream()->has_lease()) ::ioctl(request.theirs.get(), FIONREAD, &in_pair);
    value += in_pair + static_cast<int>(socket.bytes_inward());
  } else if (what == FIONREAD && socket.bytes_inward() != 0) {
    value = static_cast<int>(socket.bytes_inward());  // the next datagram's
  } else if (what == SIOCOUTQ) {
    value += static_cast<int>(socket.bytes_outward());
  }
  return request.memory.write(request.argument(2), value);
}

// An urgent byte lies in the pair, unless the program wants it in line, or reads from a ring.
bool has_mark_in_pair(Request& request) {
  if (request.stream() == nullptr || request.stream()->has_lease()) return false;
  int is_inline = 0;
  socklen_t size = sizeof(is_inline);
  const Answer asked =
      request.socket->file().option(SOL_SOCKET, SO_OOBINLINE, &is_inline, &size, request.now);
  return asked == 0 && is_inline == 0;
}

// IP_RECVERR: poll() shall tell of errors from now on, for which the program's descriptor needs
// another pair. What lies in the old one unread keeps it.
Answer begin_signalling(Request& request) {
  DatagramSocket& socket = *request.datagrams();
  if (!socket.needs_signals() || socket.bytes_inward() != 0) return 0;
  auto pair = make_pair(SOCK_DGRAM | (request.waits() ? 0 : SOCK_NONBLOCK));
  if (!pair) return pair.error();
  if (const Answer named = DatagramSocket::name(*pair); named < 0) return named;
  const Answer done = exchange(request, *pair, [&] { socket.adopt_signalling(*pair); });
  if (done == 0) request.server.ask_now_and_then(socket);
  return done;
}

bool asks_for_errors(int level, int name, Bytes value) {
  const bool is_it = (level == IPPROTO_IP && name == IP_RECVERR) ||
                     (level == IPPROTO_IPV6 && name == IPV6_RECVERR);
  return is_it && std::ranges::any_of(value, [](std::byte one) { return one != std::byte{0}; });
}

}  // namespace

Operation handle_getsockopt(Request& request) {
  const auto room = request.memory.read<int>(request.argument(4));
  if (!room) return room.error();
  if (*room < 0) return -EINVAL;
  std::array<std::byte, kValueMax> value{};
  auto size =
      static_cast<socklen_t>(std::min<std::size_t>(static_cast<std::size_t>(*room), value.size()));
  const Answer answer =
      read_option(request, request.integer(1), request.integer(2), value.data(), &size);
  if (answer < 0) return answer;
  const bool is_error = request.integer(1) == SOL_SOCKET && request.integer(2) == SO_ERROR;
  if (is_error && request.datagrams() != nullptr) {
    request.datagrams()->follow_errors(request.theirs.get(), request.now);
  }
  const Answer told = request.memory.write(request.argument(3), Bytes(value).first(size));
  return told < 0 ? told : request.memory.write(request.argument(4), static_cast<int>(size));
}

Operation handle_setsockopt(Request& request) {
  const int level = request.integer(1);
  const int name = request.integer(2);
  const int size = request.integer(4);
  if (size < 0) return -EINVAL;
  std::array<std::byte, kValueMax> value{};
  const std::size_t count = std::min<std::size_t>(static_cast<std::size_t>(size), value.size());
  const Answer read = request.memory.read(request.argument(3), MutableBytes(value).first(count));
  if (read < 0) return read;
  const auto given = static_cast<socklen_t>(count);
  if (is_refused(level, name)) return -ENOPROTOOPT;
  if (is_for_pair(level, name) &&
      ::setsockopt(request.theirs.get(), level, name, value.data(), given) != 0) {
    return -errno;
  }
  const Answer set =
      request.socket->file().set_option(level, name, value.data(), given, request.now);
  const bool is_low_water = level == SOL_SOCKET && name == SO_RCVLOWAT;
  if (set == 0 && is_low_water && request.stream() != nullptr) {
    return request.stream()->follow_low_water(request.theirs.get(), request.now);
  }
  const bool begins = set == 0 && request.datagrams() != nullptr &&
                      asks_for_errors(level, name, Bytes(value).first(count));
  return begins ? begin_signalling(request) : set;
}

Operation handle_ioctl(Request& request) {
  const auto what = static_cast<unsigned long>(static_cast<std::uint32_t>(request.argument(1)));
  switch (what) {
    case FIONREAD:
    case SIOCOUTQ:
    case SIOCOUTQNSD: return tell_queue(request, what);
    case SIOCATMARK: return has_mark_in_pair(request) ? kPassOn : tell_queue(request, what);
    // Who gets signals of the pair (O_ASYNC) is for the kernel to know.
    case FIOSETOWN:
    case SIOCSPGRP:
    case FIOGETOWN:
    case SIOCGPGRP: return kPassOn;
    default: return -ENOTTY;
  }
}

}  // namespace strata::attach
