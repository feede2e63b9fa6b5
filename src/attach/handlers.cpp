// SPDX-License-Identifier: Apache-2.0
#include "attach/handlers.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "attach/client/room.h"
#include "attach/interface_queries.h"

namespace strata::attach {
namespace {

struct Handler {
  int number;
  Operation (*handle)(Request& request);
};

constexpr Handler kHandlers[] = {
    {__NR_bind, handle_bind},
    {__NR_connect, handle_connect},
    {__NR_listen, handle_listen},
    {__NR_accept, handle_accept},
    {__NR_accept4, handle_accept},
    {__NR_shutdown, handle_shutdown},
    {__NR_getsockname, handle_getsockname},
    {__NR_getpeername, handle_getpeername},
    {__NR_getsockopt, handle_getsockopt},
    {__NR_setsockopt, handle_setsockopt},
    {__NR_ioctl, handle_ioctl},
    {__NR_sendto, handle_sendto},
    {__NR_recvfrom, handle_recvfrom},
    {__NR_sendmsg, handle_sendmsg},
    {__NR_recvmsg, handle_recvmsg},
    {__NR_sendmmsg, handle_sendmmsg},
    {__NR_recvmmsg, handle_recvmmsg},
};

unsigned long ioctl_request(const Request& request) {
  return static_cast<std::uint32_t>(request.argument(1));
}

// What lies in its pair, for a turn takes only so much of it.
void take_in(Socket& socket, Time now) {
  constexpr int kTurnsMax = 8;
  socket.pump(now);
  for (int turn = 1; turn < kTurnsMax && socket.has_more_to_do(); ++turn) socket.pump(now);
}

bool is_about_interfaces(const Request& request) {
  return request.call.number == __NR_ioctl && is_interface_request(ioctl_request(request));
}

}  // namespace

bool Request::waits() const {
  const int flags = ::fcntl(theirs.get(), F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

Operation handle(Request& request) {
  if (request.call.number == __NR_socket) return handle_socket(request);
  if (is_open_call(request.call.number)) return handle_open(request);
  const bool is_ioctl = request.call.number == __NR_ioctl;
  if (is_ioctl && request.number == -1 && client::is_without_descriptor(request.argument(1))) {
    return handle_shim_request(request);
  }
  const auto* handler = std::ranges::find(kHandlers, request.call.number, &Handler::number);
  if (handler == std::end(kHandlers)) return kPassOn;
  auto theirs = request.server.program_descriptors().copy(request.call.thread, request.number);
  if (!theirs && theirs.error() == -EBADF) return kPassOn;  // as the kernel says, too
  if (!theirs && theirs.error() == -EPERM) {
    request.server.say_untraceable(request.call.thread);
    return kPassOn;  // sockets of other families work on
  }
  if (!theirs) return theirs.error();
  // The thread's number may be another's by now, and so the descriptor: nobody hears the answer.
  if (!request.server.notifications().is_waiting(request.call)) return Answer{-ESRCH};
  const std::uint64_t cookie = cookie_of(theirs->get());
  if (is_about_interfaces(request) && cookie != 0) {
    return answer_interface_request(request.server.stack(), ioctl_request(request), request.memory,
                                    request.argument(2));
  }
  request.socket = request.server.find(cookie);
  if (request.socket == nullptr) return kPassOn;
  request.theirs = *std::move(theirs);
  request.socket->set_whereabouts({request.call.thread, request.number});
  // epoll may not have told of the bytes that were written just before.
  request.socket->note_events(EPOLLIN);
  take_in(*request.socket, request.now);
  if (is_ioctl && client::is_about_lease(request.argument(1))) return handle_lease_request(request);
  Operation done = handler->handle(request);
  request.socket->note_call();
  return done;
}

}  // namespace strata::attach
