// SPDX-License-Identifier: Apache-2.0
#include "driver/runtime_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace strata::driver {

std::string runtime_directory() {
  if (::geteuid() == 0) return "/run/strata";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  return runtime == nullptr || *runtime == '\0' ? "" : std::string(runtime) + "/strata";
}

int make_private_directory(const std::string& path) {
  if (path.empty() || std::filesystem::exists(path)) return 0;
  if (const int error = make_private_directory(std::filesystem::path(path).parent_path())) {
    return error;
  }
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? 0 : errno;
}

}  // namespace strata::driver
