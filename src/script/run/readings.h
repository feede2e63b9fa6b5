// SPDX-License-Identifier: Apache-2.0
// What the commands of a script may read of the stack: `nstat`, /proc/net/tcp, and `grep` on them.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "strata/stack.h"

namespace strata::script {

class Readings {
 public:
  using Text = std::expected<std::string, std::string>;

  // Before there is a stack, nothing has been counted and nobody has a socket.
  void observe(Stack& stack) { stack_ = &stack; }

  // nstat(8): what has been counted since it was asked last; `-n` says nothing, `-s` asks without
  // being remembered, `-z` tells of zeros, `-a` of all that was ever counted.
  [[nodiscard]] Text nstat(std::span<const std::string> arguments);
  // A file of /proc/net.
  [[nodiscard]] Text file(std::string_view path) const;
  // The lines of `text`, or of the files that are named, that hold the pattern: plain text, as
  // scripts use it.
  [[nodiscard]] Text grep(std::span<const std::string> arguments, std::string_view text) const;

 private:
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;
  [[nodiscard]] Counts counts() const;

  Stack* stack_ = nullptr;
  Counts before_;
};

}  // namespace strata::script
