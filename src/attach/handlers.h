// SPDX-License-Identifier: Apache-2.0
// The calls of programs, one handler each: arguments out of the program's memory, the call on a
// posix::File, the results back.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <limits>
#include <memory>

#include "attach/client/net_file.h"
#include "attach/datagram_socket.h"
#include "attach/server.h"
#include "attach/stream/stream_socket.h"
#include "socket/posix/operation.h"
#include "strata/inline_function.h"

namespace strata::attach {

using posix::Operation;

// The kernel shall do the call: it is not about a socket of ours, or the pair does it right.
inline constexpr Answer kPassOn = std::numeric_limits<Answer>::min();
// The program has its answer already.
inline constexpr Answer kAnswered = std::numeric_limits<Answer>::min() + 1;

struct Request {
  Server& server;
  const Call& call;
  ProgramMemory memory;
  int number;  // the first argument: a descriptor, most of the time
  Time now;
  std::shared_ptr<Socket> socket{};  // that of `number`
  Descriptor theirs{};               // a copy of that descriptor
  std::shared_ptr<Taken> taken{};    // out of it, for this call

  [[nodiscard]] std::uint64_t argument(unsigned index) const { return call.arguments[index]; }
  [[nodiscard]] int integer(unsigned index) const {
    return static_cast<int>(call.arguments[index]);
  }
  [[nodiscard]] bool waits() const;
  [[nodiscard]] StreamSocket* stream() const {
    return socket->is_stream() ? static_cast<StreamSocket*>(socket.get()) : nullptr;
  }
  [[nodiscard]] DatagramSocket* datagrams() const {
    return socket->is_stream() ? nullptr : static_cast<DatagramSocket*>(socket.get());
  }
};

// Finds the socket and whose call it is.
[[nodiscard]] Operation handle(Request& request);

// ── socket_calls.cpp ────────────────────────────────────────────────────────────────────────────
Operation handle_socket(Request& request);
Operation handle_bind(Request& request);
Operation handle_connect(Request& request);
Operation handle_listen(Request& request);
Operation handle_accept(Request& request);
Operation handle_shutdown(Request& request);
Operation handle_getsockname(Request& request);
Operation handle_getpeername(Request& request);

// The program's descriptor stands for another pair from now on, its flags, its patience and the
// epoll sets it is in as they were; then the socket adopts that pair. When the program cannot have
// it, all is as before.
[[nodiscard]] Answer exchange(Request& request, Pair& pair, InlineFunction<void()> adopt);

// ── option_calls.cpp ────────────────────────────────────────────────────────────────────────────
Operation handle_getsockopt(Request& request);
Operation handle_setsockopt(Request& request);
Operation handle_ioctl(Request& request);

// ── data_calls.cpp ──────────────────────────────────────────────────────────────────────────────
Operation handle_sendto(Request& request);
Operation handle_recvfrom(Request& request);
Operation handle_sendmsg(Request& request);
Operation handle_recvmsg(Request& request);
Operation handle_sendmmsg(Request& request);
Operation handle_recvmmsg(Request& request);

// ── open_calls.cpp ──────────────────────────────────────────────────────────────────────────────
[[nodiscard]] bool is_open_call(int number);
Operation handle_open(Request& request);
// A text made now, put into the program. kAnswered, or minus an errno.
[[nodiscard]] Answer open_net_file(Request& request, client::NetFile which, bool closes_on_exec);

// ── lease_calls.cpp ─────────────────────────────────────────────────────────────────────────────
Operation handle_shim_request(Request& request);   // about no descriptor
Operation handle_lease_request(Request& request);  // about one

}  // namespace strata::attach
