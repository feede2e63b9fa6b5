// SPDX-License-Identifier: Apache-2.0
// The command line: from words to a Command, and from there to an exit status.
#pragma once

#include <expected>
#include <span>
#include <string>

#include "strata/cli/commands.h"

namespace strata::app {

// What is to be said instead of running: help, the version, or what is wrong with the line.
struct EarlyEnd {
  ExitStatus status = kOk;
  std::string text;  // to standard output when the status is kOk, else to standard error
};

[[nodiscard]] std::expected<Command, EarlyEnd> parse_command_line(
    std::span<const std::string> words);

// The version and how this program was built.
[[nodiscard]] std::string version_text();

// Parses, runs and answers the exit status.
int run(int argc, const char* const* argv);

}  // namespace strata::app
