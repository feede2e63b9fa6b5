// SPDX-License-Identifier: Apache-2.0
// Starts a program under the filter.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "driver/descriptor.h"

namespace strata::attach {

using driver::Descriptor;

struct LaunchFailure {
  std::string text;
  bool is_not_found = false;  // 127 as exit status, else 126
};

// A program that stands before its first instruction: the filter is in force, and has been tried.
//
//   this process                     its child
//   ────────────                     ─────────
//   fork ──────────────────────────> no_new_privs, seccomp(NEW_LISTENER)
//   takes the listener <──────────── tells its number, calls socket(AF_INET, ...)
//   sees that call come in, refuses it
//   release() ─────────────────────> exec, with the signal mask and handlers of a fresh program:
//                                    what was ignored stays so (nohup)
class Launch {
 public:
  // `words` are the program and its arguments. Searches PATH. `shim` is a library to be loaded into
  // it before all others, or empty. `descriptors` is its RLIMIT_NOFILE, if it is not ours.
  [[nodiscard]] static std::expected<Launch, LaunchFailure> prepare(
      const std::vector<std::string>& words, const std::string& shim = {},
      const std::optional<rlimit>& descriptors = {});
  Launch(Launch&&) noexcept = default;
  Launch& operator=(Launch&&) noexcept = default;

  [[nodiscard]] pid_t process() const { return process_; }
  // Once: whoever serves the calls takes it.
  [[nodiscard]] Descriptor take_listener() { return std::move(listener_); }
  // The program runs, or could not be started.
  [[nodiscard]] std::expected<void, LaunchFailure> release();

 private:
  Launch(pid_t process, Descriptor channel) : process_(process), channel_(std::move(channel)) {}
  [[nodiscard]] std::expected<void, LaunchFailure> take_over();

  pid_t process_;
  Descriptor channel_;
  Descriptor listener_;
};

}  // namespace strata::attach
