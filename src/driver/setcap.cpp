// SPDX-License-Identifier: Apache-2.0
#include "driver/setcap.h"

#include <unistd.h>

#include <array>

namespace strata::driver {

std::string setcap_command(std::string_view capabilities) {
  std::array<char, 4096> path;
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string program =
      length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "PROGRAM";
  return "sudo setcap " + std::string(capabilities) + "+ep " + program;
}

}  // namespace strata::driver
