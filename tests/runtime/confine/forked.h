// SPDX-License-Identifier: Apache-2.0
// What is given up for ever is given up by a child.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace strata::runtime {

// The status that the child ends with, or minus the signal that ended it.
template <typename Body>
int status_of_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// The errno of a call that fails; 0 when it does not.
template <typename Call>
int error_of(Call call) {
  errno = 0;
  return call() < 0 ? errno : 0;
}

}  // namespace strata::runtime
