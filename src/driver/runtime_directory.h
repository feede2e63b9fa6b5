// SPDX-License-Identifier: Apache-2.0
// Where running stacks keep the sockets by which they are found.
#pragma once

#include <string>

namespace strata::driver {

// $XDG_RUNTIME_DIR/strata, or /run/strata for root; empty when there is neither.
[[nodiscard]] std::string runtime_directory();
// Makes a directory that only its owner may enter, and those above it. 0, or the errno.
[[nodiscard]] int make_private_directory(const std::string& path);

}  // namespace strata::driver
