// SPDX-License-Identifier: Apache-2.0
// What all programs have in common that the tests of the server start: tests of this test program,
// by themselves and under a filter.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket/posix/loopback.h"

namespace strata::attach::attached_program {

// Ends the program at once: whatever this one would do at its end is the other one's.
inline void want(bool holds, int line) {
  if (!holds) ::_exit(line % 250 + 1);
}
#define WANT(condition) attached_program::want((condition), __LINE__)

inline sockaddr_in name_of(int socket) {
  sockaddr_in name{};
  socklen_t size = sizeof(name);
  WANT(::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size) == 0);
  return name;
}

inline int bound(int type) {
  const int made = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const sockaddr_in here = posix::loopback_address(0);
  WANT(made >= 0);
  WANT(::bind(made, posix::as_sockaddr(here), sizeof(here)) == 0);
  return made;
}

}  // namespace strata::attach::attached_program
