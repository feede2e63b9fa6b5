// SPDX-License-Identifier: Apache-2.0
#include "strata/cli/command_line.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "service/print.h"
#include "strata/cli/complain.h"

namespace strata::app {
namespace {

using service::put;

// A program may be started without the three standard streams. Whatever is opened first, a TAP
// device for one, would get their numbers, and all that is printed.
void fill_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. Programs that `run` starts find it closed, as it was.
    static_cast<void>(::open("/dev/null", O_RDWR | O_CLOEXEC));
  }
}

// Results that did not arrive are a failure, however well all went.
int after_output(int status) {
  const auto why = service::unwritten(stdout);
  if (!why) return status;
  const ExitStatus failure = complain({}, {"standard output: " + *why});
  return status == kOk ? failure : status;
}

}  // namespace

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
      "devices: tap, tun, packet, xdp, pcap, pipe, rootless, null, memory",
      STRATA_VERSION, kCompiler, __cplusplus, kOptimised, kChecked);
}

int run(int argc, const char* const* argv) {
  fill_standard_streams();
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto command = parse_command_line(words);
  if (!command) {
    put(command.error().status == kOk ? stdout : stderr, command.error().text);
    return after_output(command.error().status);
  }
  return after_output(std::visit([](const auto& which) { return run_command(which); }, *command));
}

}  // namespace strata::app
