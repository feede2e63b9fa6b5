// SPDX-License-Identifier: Apache-2.0
// nearest_word: which of some words was meant, by how few letters it differs.
#pragma once

#include <span>
#include <string_view>

namespace strata::service {

// Empty when none is near. Letters that were added, left out, exchanged with another or with their
// neighbour count, and no more than a third of them may.
[[nodiscard]] std::string_view nearest_word(std::string_view written,
                                            std::span<const std::string_view> known);

}  // namespace strata::service
