// SPDX-License-Identifier: Apache-2.0
// Calls that make processes or replace them: no descriptor with a lease goes along. fork() and what
// is made of it tells us by itself (pthread_atfork).
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>

#include "preload/libc.h"

namespace strata::preload {
namespace {

// execl() and its like have their words as arguments.
constexpr std::size_t kWordsMax = 4096;

struct Words {
  std::array<char*, kWordsMax> all;

  // Up to and with the null that ends them; false: there are too many.
  bool collect(const char* first, va_list& rest) {
    all[0] = const_cast<char*>(first);
    std::size_t count = 0;
    while (all[count] != nullptr) {
      if (++count == all.size()) return false;
      all[count] = va_arg(rest, char*);
    }
    return true;
  }
};

int too_many() {
  errno = E2BIG;
  return -1;
}

int do_execve(const char* path, char* const* words, char* const* environment) {
  const NoLeases none;
  return next().execve(path, words, environment);
}

int do_execvpe(const char* file, char* const* words, char* const* environment) {
  const NoLeases none;
  return next().execvpe(file, words, environment);
}

bool makes_process(long number, long flags) {
#if defined(__x86_64__)
  if (number == SYS_fork || number == SYS_vfork) return true;
#endif
  return number == SYS_clone3 || (number == SYS_clone && (flags & CLONE_THREAD) == 0);
}

long make_process(long number, const std::array<long, 6>& words) {
  const auto [a, b, c, d, e, f] = words;
  descriptors().release_all();
  const long process = next().syscall(number, a, b, c, d, e, f);
  if (process == 0 && (number != SYS_clone || (a & CLONE_VM) == 0)) descriptors().start_anew();
  return process;
}

}  // namespace

extern "C" {

pid_t shim_vfork() STRATA_WRAPPER(vfork);
pid_t shim_fork_alone() STRATA_WRAPPER(_Fork);
int shim_clone(int (*)(void*), void*, int, void*, ...) STRATA_WRAPPER(clone);
int shim_execve(const char*, char* const*, char* const*) STRATA_WRAPPER(execve);
int shim_execv(const char*, char* const*) STRATA_WRAPPER(execv);
int shim_execvp(const char*, char* const*) STRATA_WRAPPER(execvp);
int shim_execvpe(const char*, char* const*, char* const*) STRATA_WRAPPER(execvpe);
int shim_execl(const char*, const char*, ...) STRATA_WRAPPER(execl);
int shim_execlp(const char*, const char*, ...) STRATA_WRAPPER(execlp);
int shim_execle(const char*, const char*, ...) STRATA_WRAPPER(execle);
int shim_fexecve(int, char* const*, char* const*) STRATA_WRAPPER(fexecve);
int shim_execveat(int, const char*, char* const*, char* const*, int) STRATA_WRAPPER(execveat);
int shim_posix_spawn(pid_t*, const char*, const posix_spawn_file_actions_t*,
                     const posix_spawnattr_t*, char* const*, char* const*)
    STRATA_WRAPPER(posix_spawn);
int shim_posix_spawnp(pid_t*, const char*, const posix_spawn_file_actions_t*,
                      const posix_spawnattr_t*, char* const*, char* const*)
    STRATA_WRAPPER(posix_spawnp);
int shim_system(const char*) STRATA_WRAPPER(system);
FILE* shim_popen(const char*, const char*) STRATA_WRAPPER(popen);
long shim_syscall(long, ...) STRATA_WRAPPER(syscall);

// A child in our memory would change what we know of its parent's descriptors. POSIX lets vfork()
// be fork().
pid_t shim_vfork() { return next().fork(); }

pid_t shim_fork_alone() {
  descriptors().close_gate();
  descriptors().release_all();
  const pid_t process = next().fork_alone();
  if (process == 0) {
    descriptors().start_anew();
  } else {
    descriptors().open_gate();
  }
  return process;
}

int shim_clone(int (*function)(void*), void* stack, int flags, void* argument, ...) {
  va_list rest;
  va_start(rest, argument);
  void* parent_number = va_arg(rest, void*);
  void* thread_memory = va_arg(rest, void*);
  void* child_number = va_arg(rest, void*);
  va_end(rest);
  if ((flags & CLONE_THREAD) == 0) descriptors().release_all();
  return next().clone(function, stack, flags, argument, parent_number, thread_memory, child_number);
}

int shim_execve(const char* path, char* const* words, char* const* environment) {
  return do_execve(path, words, environment);
}
int shim_execv(const char* path, char* const* words) { return do_execve(path, words, environ); }
int shim_execvp(const char* file, char* const* words) { return do_execvpe(file, words, environ); }
int shim_execvpe(const char* file, char* const* words, char* const* environment) {
  return do_execvpe(file, words, environment);
}
int shim_execl(const char* path, const char* first, ...) {
  Words words;
  va_list rest;
  va_start(rest, first);
  const bool fits = words.collect(first, rest);
  va_end(rest);
  return fits ? do_execve(path, words.all.data(), environ) : too_many();
}
int shim_execlp(const char* file, const char* first, ...) {
  Words words;
  va_list rest;
  va_start(rest, first);
  const bool fits = words.collect(first, rest);
  va_end(rest);
  return fits ? do_execvpe(file, words.all.data(), environ) : too_many();
}
int shim_execle(const char* path, const char* first, ...) {
  Words words;
  va_list rest;
  va_start(rest, first);
  const bool fits = words.collect(first, rest);
  char** environment = fits ? va_arg(rest, char**) : nullptr;
  va_end(rest);
  return fits ? do_execve(path, words.all.data(), environment) : too_many();
}
int shim_fexecve(int program, char* const* words, char* const* environment) {
  const NoLeases none;
  return next().fexecve(program, words, environment);
}
int shim_execveat(int folder, const char* path, char* const* words, char* const* environment,
                  int flags) {
  const NoLeases none;
  return next().execveat(folder, path, words, environment, flags);
}

// libc makes these children without fork(), and in our memory; they call nothing of ours.
int shim_posix_spawn(pid_t* process, const char* path, const posix_spawn_file_actions_t* actions,
                     const posix_spawnattr_t* attributes, char* const* words,
                     char* const* environment) {
  const NoLeases none;
  return next().posix_spawn(process, path, actions, attributes, words, environment);
}
int shim_posix_spawnp(pid_t* process, const char* file, const posix_spawn_file_actions_t* actions,
                      const posix_spawnattr_t* attributes, char* const* words,
                      char* const* environment) {
  const NoLeases none;
  return next().posix_spawnp(process, file, actions, attributes, words, environment);
}
int shim_system(const char* command) {
  descriptors().release_all();  // no gate: it ends when the command does
  return next().system(command);
}
FILE* shim_popen(const char* command, const char* mode) {
  const NoLeases none;
  return next().popen(command, mode);
}

// The calls that we know by name, asked for by number.
long shim_syscall(long number, ...) {
  std::array<long, 6> words;
  va_list rest;
  va_start(rest, number);
  for (long& word : words) word = va_arg(rest, long);
  va_end(rest);
  const auto [a, b, c, d, e, f] = words;
  const int descriptor = static_cast<int>(a);
  const auto count = static_cast<std::size_t>(c);
  switch (number) {
    case SYS_read: return do_read(descriptor, std::bit_cast<void*>(b), count);
    case SYS_write: return do_write(descriptor, std::bit_cast<void*>(b), count);
    case SYS_readv: return do_readv(descriptor, std::bit_cast<iovec*>(b), static_cast<int>(c));
    case SYS_writev: return do_writev(descriptor, std::bit_cast<iovec*>(b), static_cast<int>(c));
    case SYS_recvfrom:
      return do_recvfrom(descriptor, std::bit_cast<void*>(b), count, static_cast<int>(d),
                         std::bit_cast<sockaddr*>(e), std::bit_cast<socklen_t*>(f));
    case SYS_sendto:
      return do_sendto(descriptor, std::bit_cast<void*>(b), count, static_cast<int>(d),
                       std::bit_cast<sockaddr*>(e), static_cast<socklen_t>(f));
    case SYS_recvmsg: return do_recvmsg(descriptor, std::bit_cast<msghdr*>(b), static_cast<int>(c));
    case SYS_sendmsg: return do_sendmsg(descriptor, std::bit_cast<msghdr*>(b), static_cast<int>(c));
    case SYS_sendfile:
      return do_sendfile(descriptor, static_cast<int>(b), std::bit_cast<off_t*>(c),
                         static_cast<std::size_t>(d));
#if defined(SYS_open)
    case SYS_open:
      if (const auto ours = open_ours(AT_FDCWD, std::bit_cast<char*>(a), static_cast<int>(b))) {
        return *ours;
      }
      break;
#endif
    case SYS_openat:
      if (const auto ours = open_ours(descriptor, std::bit_cast<char*>(b), static_cast<int>(c))) {
        return *ours;
      }
      break;
    case SYS_setsockopt:
      return do_setsockopt(descriptor, static_cast<int>(b), static_cast<int>(c),
                           std::bit_cast<void*>(d), static_cast<socklen_t>(e));
    case SYS_close: return do_close(descriptor);
    case SYS_close_range:
      return do_close_range(static_cast<unsigned>(a), static_cast<unsigned>(b),
                            static_cast<int>(c));
    case SYS_dup: return do_dup(descriptor);
#if defined(SYS_dup2)
    case SYS_dup2: return do_dup2(descriptor, static_cast<int>(b));
#endif
    case SYS_ioctl:
      return do_ioctl(descriptor, static_cast<unsigned long>(b), std::bit_cast<void*>(c));
    case SYS_fcntl: return do_fcntl(descriptor, static_cast<int>(b), std::bit_cast<void*>(c));
    case SYS_dup3: return do_dup3(descriptor, static_cast<int>(b), static_cast<int>(c));
    case SYS_epoll_ctl:
      return do_epoll_ctl(descriptor, static_cast<int>(b), static_cast<int>(c),
                          std::bit_cast<epoll_event*>(d));
    case SYS_execve:
    case SYS_execveat: descriptors().release_all(); break;
    case SYS_recvmmsg:
    case SYS_sendmmsg:
    case SYS_splice:
      descriptors().release(descriptor);
      if (number == SYS_splice) descriptors().release(static_cast<int>(c));
      break;
    default:
      before_waiting(number, a, b);
      if (makes_process(number, a)) return make_process(number, words);
  }
  return next().syscall(number, a, b, c, d, e, f);
}

}  // extern "C"

}  // namespace strata::preload
