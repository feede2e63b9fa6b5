// SPDX-License-Identifier: Apache-2.0
#include "service/control_path.h"

#include <unistd.h>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

namespace strata::service {

std::string control_directory() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (::geteuid() == 0) return "/run/strata";
  return runtime == nullptr || *runtime == '\0' ? "" : fmt::format("{}/strata", runtime);
}

std::string control_path_of(std::string_view name) {
  const std::string directory = control_directory();
  return directory.empty() ? "" : fmt::format("{}/{}.sock", directory, name);
}

Outcome<std::string> find_control_path(const std::string& directory) {
  std::vector<std::string> found;
  std::error_code error;
  if (!directory.empty()) {
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
      if (entry.path().extension() == ".sock") found.push_back(entry.path().string());
    }
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return failed("no running stack was found", "start one with: strata up");
  }
  std::string list;
  for (const std::string& path : found) list += " " + path;
  return failed("several stacks are running:" + list, "choose one with --control PATH");
}

}  // namespace strata::service
