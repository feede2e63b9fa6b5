// SPDX-License-Identifier: Apache-2.0
// System calls that no library sees: the shim stands before libc's functions, and must not call
// itself. None of them waits, so that none has to be a cancellation point.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstddef>

namespace strata::attach::client::kernel {

// What the kernel answers: minus an errno when it fails. errno is left alone.
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                 long f = 0) {
#if defined(__x86_64__)
  long answer = number;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "+a"(answer)
               : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return answer;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc #0"
               : "+r"(x0)
               : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
               : "memory");
  return x0;
#else
#error "programs cannot be attached on this architecture yet"
#endif
}

inline long send_now(int descriptor, const void* from, std::size_t size) {
  return call(__NR_sendto, descriptor, reinterpret_cast<long>(from), static_cast<long>(size),
              MSG_DONTWAIT | MSG_NOSIGNAL);
}

inline long receive_now(int descriptor, void* to, std::size_t size) {
  return call(__NR_recvfrom, descriptor, reinterpret_cast<long>(to), static_cast<long>(size),
              MSG_DONTWAIT);
}

inline long control(int descriptor, unsigned long request, long argument = 0) {
  return call(__NR_ioctl, descriptor, static_cast<long>(request), argument);
}

}  // namespace strata::attach::client::kernel
