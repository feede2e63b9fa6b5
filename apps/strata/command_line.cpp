// SPDX-License-Identifier: Apache-2.0
#include "strata/command_line.h"

#include <fmt/format.h>

#include <cstdio>
#include <vector>

namespace strata::app {

std::string version_text() {
#if defined(__clang__)
  constexpr std::string_view kCompiler = "clang " __clang_version__;
#else
  constexpr std::string_view kCompiler = "g++ " __VERSION__;
#endif
#if defined(__OPTIMIZE__)
  constexpr std::string_view kOptimised = "optimised";
#else
  constexpr std::string_view kOptimised = "not optimised";
#endif
#if defined(__SANITIZE_ADDRESS__)
  constexpr std::string_view kChecked = ", address sanitizer";
#else
  constexpr std::string_view kChecked = "";
#endif
  return fmt::format(
      "strata {}\n{}, C++ {}, {}{}\n"
      "devices: tap, tun, pcap, pipe, rootless, null, memory",
      STRATA_VERSION, kCompiler, __cplusplus, kOptimised, kChecked);
}

int run(int argc, const char* const* argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto command = parse_command_line(words);
  if (!command) {
    fmt::print(command.error().status == kOk ? stdout : stderr, "{}", command.error().text);
    return command.error().status;
  }
  return std::visit([](const auto& which) { return run_command(which); }, *command);
}

}  // namespace strata::app
