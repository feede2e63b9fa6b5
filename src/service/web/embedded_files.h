// SPDX-License-Identifier: Apache-2.0
// embedded_files: what cmake/StrataDashboard.cmake put into the program.
#pragma once

#include <span>
#include <string_view>

namespace strata::service {

struct EmbeddedFile {
  std::string_view path;  // as a browser asks for it, without a slash before it
  const char* begin = nullptr;
  const char* end = nullptr;
};

[[nodiscard]] std::span<const EmbeddedFile> embedded_files();

}  // namespace strata::service
