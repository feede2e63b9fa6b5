// SPDX-License-Identifier: Apache-2.0
// Reading the files a user names: configuration, hosts.
#pragma once

#include <cstddef>
#include <string>

#include "service/failure.h"

namespace strata::service {

inline constexpr std::size_t kTextFileMax = std::size_t{1} << 20U;

[[nodiscard]] Outcome<std::string> read_text_file(const std::string& path);

}  // namespace strata::service
