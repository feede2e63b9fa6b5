// SPDX-License-Identifier: Apache-2.0
// Files that are installed with this program, or lie beside it in the tree it was built in.
#pragma once

#include <string>
#include <string_view>

namespace strata::runtime {

// `name` in the program's own folder, or in `folder` as seen from there; absolute. Empty: neither
// has it.
[[nodiscard]] std::string find_companion(std::string_view name, std::string_view folder);

}  // namespace strata::runtime
