// SPDX-License-Identifier: Apache-2.0
// Which folder a file belongs to and which rank that folder has (docs/ARCHITECTURE.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace strata::tidy {

// Tests, fuzz targets, benchmarks and examples stand above everything.
constexpr int kRankApps = 7;
constexpr int kRankOutside = 8;

struct Place {
  std::string folder;  // "ip", "socket/native", "tests", ...
  int rank = 0;
};

// Where `path` belongs; nothing for a source file that no table knows. A public header belongs to
// the folder it speaks for.
std::optional<Place> place_of(std::string_view path);

}  // namespace strata::tidy
