// SPDX-License-Identifier: Apache-2.0
// Numbers of system calls by what they are for. Architectures differ in which of them they have.
#pragma once

#include <cstdint>
#include <span>

namespace strata::runtime {

// With what is open already: a loop, its devices, its clients.
[[nodiscard]] std::span<const std::uint32_t> calls_at_work();
// Files are opened and looked at.
[[nodiscard]] std::span<const std::uint32_t> calls_on_files();
// And made, replaced and removed.
[[nodiscard]] std::span<const std::uint32_t> calls_that_change_files();

}  // namespace strata::runtime
