// SPDX-License-Identifier: Apache-2.0
// Finds libc's functions, and begins: before any other constructor the launcher is greeted.
#include "preload/libc.h"

#include <dlfcn.h>
#include <pthread.h>

#include <cstdlib>
#include <cstring>

#include "attach/client/kernel.h"
#include "attach/client/room.h"

namespace strata::preload {
namespace {

using attach::client::Descriptors;
namespace kernel = attach::client::kernel;

// A connection that moves less is not worth a lease.
constexpr std::int32_t kCallsBeforeLease = 4;

template <typename Function>
void find(Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

Next resolve() {
  Next found{};
  find(found.read, "read");
  find(found.readv, "readv");
  find(found.recv, "recv");
  find(found.recvfrom, "recvfrom");
  find(found.recvmsg, "recvmsg");
  find(found.recvmmsg, "recvmmsg");
  find(found.preadv2, "preadv64v2");
  find(found.write, "write");
  find(found.writev, "writev");
  find(found.send, "send");
  find(found.sendto, "sendto");
  find(found.sendmsg, "sendmsg");
  find(found.sendmmsg, "sendmmsg");
  find(found.pwritev2, "pwritev64v2");
  find(found.sendfile, "sendfile64");
  find(found.splice, "splice");
  find(found.aio_read, "aio_read");
  find(found.aio_write, "aio_write");
  find(found.vdprintf, "vdprintf");
  find(found.fdopen, "fdopen");
  find(found.fopen, "fopen64");
  find(found.open, "open64");
  find(found.openat, "openat64");
  find(found.socket, "socket");
  find(found.connect, "connect");
  find(found.accept, "accept");
  find(found.accept4, "accept4");
  find(found.close, "close");
  find(found.close_range, "close_range");
  find(found.closefrom, "closefrom");
  find(found.dup, "dup");
  find(found.dup2, "dup2");
  find(found.dup3, "dup3");
  find(found.fcntl, "fcntl64");
  find(found.ioctl, "ioctl");
  find(found.setsockopt, "setsockopt");
  find(found.epoll_create, "epoll_create");
  find(found.epoll_create1, "epoll_create1");
  find(found.epoll_ctl, "epoll_ctl");
  find(found.epoll_wait, "epoll_wait");
  find(found.epoll_pwait, "epoll_pwait");
  find(found.epoll_pwait2, "epoll_pwait2");
  find(found.poll, "poll");
  find(found.ppoll, "ppoll");
  find(found.select, "select");
  find(found.pselect, "pselect");
  find(found.fork, "fork");
  find(found.fork_alone, "_Fork");
  find(found.clone, "clone");
  find(found.execve, "execve");
  find(found.execvpe, "execvpe");
  find(found.fexecve, "fexecve");
  find(found.execveat, "execveat");
  find(found.posix_spawn, "posix_spawn");
  find(found.posix_spawnp, "posix_spawnp");
  find(found.system, "system");
  find(found.popen, "popen");
  find(found.syscall, "syscall");
  return found;
}

Next next_;
std::atomic<bool> is_resolved_{false};
constinit Descriptors descriptors_;

const char* value_of(char** environment, const char* name) {
  const std::size_t size = std::strlen(name);
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    if (std::strncmp(*environment, name, size) == 0 && (*environment)[size] == '=') {
      return *environment + size + 1;
    }
  }
  return nullptr;
}

void before_fork() {
  descriptors_.close_gate();
  descriptors_.release_all();
}
void after_fork() { descriptors_.open_gate(); }
void in_child() { descriptors_.start_anew(); }

// libc has not put the environment in its place yet.
__attribute__((constructor)) void begin(int /*count*/, char** /*words*/, char** environment) {
  static_cast<void>(next());
  if (kernel::control(-1, attach::client::kGreet, attach::client::kVersion) != 0) return;
  const char* wanted = value_of(environment, "STRATA_LEASE_AFTER");
  descriptors_.open(wanted == nullptr ? kCallsBeforeLease : std::atoi(wanted));
  ::pthread_atfork(before_fork, after_fork, in_child);
}

}  // namespace

// Twice at once does no harm: both write the same.
const Next& next() {
  if (!is_resolved_.load(std::memory_order_acquire)) {
    next_ = resolve();
    is_resolved_.store(true, std::memory_order_release);
  }
  return next_;
}

Descriptors& descriptors() { return descriptors_; }

}  // namespace strata::preload
