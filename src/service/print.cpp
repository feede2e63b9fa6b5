// SPDX-License-Identifier: Apache-2.0
#include "service/print.h"

#include <cerrno>
#include <cstring>

namespace strata::service {

void put(std::FILE* file, std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), file));
}

std::optional<std::string> unwritten(std::FILE* file) {
  if (std::fflush(file) != 0) return std::strerror(errno);
  if (std::ferror(file) != 0) return "not all could be written";
  return std::nullopt;
}

}  // namespace strata::service
