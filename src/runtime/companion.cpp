// SPDX-License-Identifier: Apache-2.0
#include "runtime/companion.h"

#include <filesystem>
#include <system_error>

namespace strata::runtime {

std::string find_companion(std::string_view name, std::string_view folder) {
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return {};
  for (const auto& place : {program.parent_path(), program.parent_path() / folder}) {
    const auto file = (place / name).lexically_normal();
    if (std::filesystem::exists(file, failed)) return file.string();
  }
  return {};
}

}  // namespace strata::runtime
