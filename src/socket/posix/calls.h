// SPDX-License-Identifier: Apache-2.0
// Calls: the socket calls of the C library, over the sockets of one stack.
#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "socket/posix/answer.h"
#include "socket/posix/epoll_file.h"
#include "socket/posix/file.h"
#include "socket/posix/operation.h"
#include "strata/stack.h"
#include "strata/time.h"

// What the kernel does for programs, done by us: a table of descriptors, errno, options, waiting.
//
//   script runner, adapters, C API ──> Calls ──> File ──> UdpSocket, TcpStream, ... ──> Stack
//                                       │         └ try once, -EAGAIN
//                                       └ descriptors, O_NONBLOCK, time-outs, "again until done"
//
// 1. Every function means what its manual page says; results are what the kernel returns: minus an
//    errno, or the answer. Nobody sets the variable errno.
// 2. No call waits. Those that may have to return an Operation; whoever called resumes it after
//    each flush of the stack and at its deadline. On virtual time that is a loop, on real time a
//    thread that sleeps meanwhile.
// 3. Memory that a call was given by pointer stays in use until its operation is done.
// 4. Like its stack, this belongs to one thread, or to whoever holds the lock.

namespace strata::posix {

class Calls {
 public:
  static constexpr int kDescriptorsMax = 4096;

  // Descriptors are numbered from `first` on.
  explicit Calls(Stack& stack, int first = 3) : stack_(stack), first_(first) {}

  // ── Sockets ───────────────────────────────────────────────────────────────────────────────
  Answer socket(int domain, int type, int protocol);
  Answer bind(int fd, const sockaddr* address, socklen_t size, Time now);
  Answer listen(int fd, int backlog, Time now);
  Operation accept(int fd, sockaddr* address, socklen_t* size, int flags, Time now);
  Operation connect(int fd, const sockaddr* address, socklen_t size, Time now);
  Answer shutdown(int fd, int how, Time now);
  Answer getsockname(int fd, sockaddr* address, socklen_t* size) const;
  Answer getpeername(int fd, sockaddr* address, socklen_t* size) const;
  Answer getsockopt(int fd, int level, int name, void* value, socklen_t* size, Time now) const;
  Answer setsockopt(int fd, int level, int name, const void* value, socklen_t size, Time now);

  // ── Data ──────────────────────────────────────────────────────────────────────────────────
  Operation read(int fd, void* buffer, std::size_t size, Time now);
  Operation readv(int fd, const iovec* parts, int count, Time now);
  Operation recv(int fd, void* buffer, std::size_t size, int flags, Time now);
  Operation recvfrom(int fd, void* buffer, std::size_t size, int flags, sockaddr* address,
                     socklen_t* address_size, Time now);
  Operation recvmsg(int fd, msghdr* message, int flags, Time now);
  Operation write(int fd, const void* buffer, std::size_t size, Time now);
  Operation writev(int fd, const iovec* parts, int count, Time now);
  Operation send(int fd, const void* buffer, std::size_t size, int flags, Time now);
  Operation sendto(int fd, const void* buffer, std::size_t size, int flags, const sockaddr* address,
                   socklen_t address_size, Time now);
  Operation sendmsg(int fd, const msghdr* message, int flags, Time now);
  Operation splice(int from, const void* from_offset, int to, const void* to_offset,
                   std::size_t size, unsigned flags, Time now);

  // ── Waiting for several ───────────────────────────────────────────────────────────────────
  Operation poll(pollfd* descriptors, nfds_t count, int timeout_ms, Time now);
  Answer epoll_create(int flags);
  Answer epoll_ctl(int epoll, int operation, int fd, const epoll_event* event);
  Operation epoll_wait(int epoll, epoll_event* events, int count, int timeout_ms, Time now);

  // ── Descriptors ───────────────────────────────────────────────────────────────────────────
  Answer fcntl(int fd, int command, long argument);
  Answer ioctl(int fd, unsigned long request, void* argument);
  Answer pipe(int descriptors[2], int flags);
  Operation close(int fd, Time now);
  // Everything at once, without waiting.
  void close_all(Time now);

  // Null: no such descriptor.
  [[nodiscard]] FilePtr find(int fd) const;

 private:
  struct Slot {
    FilePtr file;
    bool closes_on_exec = false;
  };

  // The lowest number that is free, or -EMFILE.
  Answer install(FilePtr file, bool closes_on_exec, int lowest = 0);
  [[nodiscard]] Slot* slot_of(int fd);
  [[nodiscard]] bool is_held(const File& file) const;
  [[nodiscard]] std::shared_ptr<EpollFile> find_epoll(int fd) const;
  Operation receive(int fd, const msghdr& message, int flags, Time now,
                    std::move_only_function<void(const msghdr&)> tell);
  Operation transmit(int fd, const msghdr& message, int flags, Time now);

  Stack& stack_;
  int first_;
  std::vector<Slot> slots_;
  // Which of the files are epoll instances.
  std::vector<std::weak_ptr<EpollFile>> epolls_;
};

}  // namespace strata::posix
