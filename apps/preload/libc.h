// SPDX-License-Identifier: Apache-2.0
// libc's own functions, before which the shim stands, and what all wrappers share.
#pragma once

#include <aio.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstdarg>
#include <cstdio>
#include <optional>

#include "attach/client/descriptors.h"
#include "attach/client/transfer.h"

namespace strata::preload {

// A wrapper bears another name in C++ than in the library: libc's headers promise things about
// their names (attributes, noexcept) that a definition would have to repeat.
#define STRATA_WRAPPER(name) asm(#name) __attribute__((visibility("default")))

// Those that this libc has; null otherwise.
struct Next {
  ssize_t (*read)(int, void*, size_t);
  ssize_t (*readv)(int, const iovec*, int);
  ssize_t (*recv)(int, void*, size_t, int);
  ssize_t (*recvfrom)(int, void*, size_t, int, sockaddr*, socklen_t*);
  ssize_t (*recvmsg)(int, msghdr*, int);
  int (*recvmmsg)(int, mmsghdr*, unsigned, int, timespec*);
  ssize_t (*preadv2)(int, const iovec*, int, off_t, int);
  ssize_t (*write)(int, const void*, size_t);
  ssize_t (*writev)(int, const iovec*, int);
  ssize_t (*send)(int, const void*, size_t, int);
  ssize_t (*sendto)(int, const void*, size_t, int, const sockaddr*, socklen_t);
  ssize_t (*sendmsg)(int, const msghdr*, int);
  int (*sendmmsg)(int, mmsghdr*, unsigned, int);
  ssize_t (*pwritev2)(int, const iovec*, int, off_t, int);
  ssize_t (*sendfile)(int, int, off_t*, size_t);
  ssize_t (*splice)(int, loff_t*, int, loff_t*, size_t, unsigned);
  int (*aio_read)(aiocb*);
  int (*aio_write)(aiocb*);
  int (*vdprintf)(int, const char*, va_list);
  FILE* (*fdopen)(int, const char*);
  FILE* (*fopen)(const char*, const char*);
  int (*open)(const char*, int, ...);
  int (*openat)(int, const char*, int, ...);
  int (*socket)(int, int, int);
  int (*connect)(int, const sockaddr*, socklen_t);
  int (*accept)(int, sockaddr*, socklen_t*);
  int (*accept4)(int, sockaddr*, socklen_t*, int);
  int (*close)(int);
  int (*close_range)(unsigned, unsigned, int);
  void (*closefrom)(int);
  int (*dup)(int);
  int (*dup2)(int, int);
  int (*dup3)(int, int, int);
  int (*fcntl)(int, int, ...);
  int (*ioctl)(int, unsigned long, ...);
  int (*setsockopt)(int, int, int, const void*, socklen_t);
  int (*epoll_create)(int);
  int (*epoll_create1)(int);
  int (*epoll_ctl)(int, int, int, epoll_event*);
  int (*epoll_wait)(int, epoll_event*, int, int);
  int (*epoll_pwait)(int, epoll_event*, int, int, const sigset_t*);
  int (*epoll_pwait2)(int, epoll_event*, int, const timespec*, const sigset_t*);
  int (*poll)(pollfd*, nfds_t, int);
  int (*ppoll)(pollfd*, nfds_t, const timespec*, const sigset_t*);
  int (*select)(int, fd_set*, fd_set*, fd_set*, timeval*);
  int (*pselect)(int, fd_set*, fd_set*, fd_set*, const timespec*, const sigset_t*);
  pid_t (*fork)();
  pid_t (*fork_alone)();  // _Fork(), which tells nobody
  int (*clone)(int (*)(void*), void*, int, void*, ...);
  int (*execve)(const char*, char* const*, char* const*);
  int (*execvpe)(const char*, char* const*, char* const*);
  int (*fexecve)(int, char* const*, char* const*);
  int (*execveat)(int, const char*, char* const*, char* const*, int);
  int (*posix_spawn)(pid_t*, const char*, const posix_spawn_file_actions_t*,
                     const posix_spawnattr_t*, char* const*, char* const*);
  int (*posix_spawnp)(pid_t*, const char*, const posix_spawn_file_actions_t*,
                      const posix_spawnattr_t*, char* const*, char* const*);
  int (*system)(const char*);
  FILE* (*popen)(const char*, const char*);
  long (*syscall)(long, ...);
};

// Resolved at the first call at the latest: constructors of others may come before ours.
[[nodiscard]] const Next& next();

// Of this process; never destroyed, for programs write while they end.
[[nodiscard]] attach::client::Descriptors& descriptors();

[[nodiscard]] inline attach::client::Libc waiting_calls() {
  return {.recv = next().recv, .send = next().send};
}

// No lease is there, and none begins, as long as it lives: a process is being made, or replaced.
class NoLeases {
 public:
  NoLeases() {
    descriptors().close_gate();
    descriptors().release_all();
  }
  ~NoLeases() { descriptors().open_gate(); }
  NoLeases(const NoLeases&) = delete;
  NoLeases& operator=(const NoLeases&) = delete;
};

// A descriptor for a file of ours, or -1 and errno; nothing: libc shall open it. `folder` as for
// openat().
[[nodiscard]] std::optional<int> open_ours(int folder, const char* path, int flags);

// ── What syscall() leads to as well ─────────────────────────────────────────────────────────────
ssize_t do_read(int descriptor, void* to, size_t size);
ssize_t do_readv(int descriptor, const iovec* parts, int count);
ssize_t do_recvfrom(int descriptor, void* to, size_t size, int flags, sockaddr* name,
                    socklen_t* name_size);
ssize_t do_recvmsg(int descriptor, msghdr* message, int flags);
ssize_t do_write(int descriptor, const void* from, size_t size);
ssize_t do_writev(int descriptor, const iovec* parts, int count);
ssize_t do_sendto(int descriptor, const void* from, size_t size, int flags, const sockaddr* name,
                  socklen_t name_size);
ssize_t do_sendmsg(int descriptor, const msghdr* message, int flags);
ssize_t do_sendfile(int to, int from, off_t* offset, size_t count);
int do_setsockopt(int descriptor, int level, int name, const void* value, socklen_t size);
int do_close(int descriptor);
int do_close_range(unsigned first, unsigned last, int flags);
int do_epoll_ctl(int set, int what, int descriptor, epoll_event* event);
// A call by its number: what it waits for is told by the kernel.
void before_waiting(long number, long first, long second);
int do_dup(int descriptor);
int do_dup2(int descriptor, int at);
int do_fcntl(int descriptor, int what, void* argument);
int do_ioctl(int descriptor, unsigned long what, void* argument);
int do_dup3(int descriptor, int at, int flags);

}  // namespace strata::preload
