// SPDX-License-Identifier: Apache-2.0
// Reading the files a user names: configuration, hosts.
#pragma once

#include <cstddef>
#include <string>

#include "service/failure.h"

namespace strata::service {

inline constexpr std::size_t kTextFileMax = std::size_t{1} << 20U;

// Of at most `most` bytes: larger ones are a mistake, or no files at all.
[[nodiscard]] Outcome<std::string> read_text_file(const std::string& path,
                                                  std::size_t most = kTextFileMax);

}  // namespace strata::service
