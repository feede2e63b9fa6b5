// SPDX-License-Identifier: Apache-2.0
// print: text for people on standard output or error, whatever has become of them.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace strata::service {

// What cannot be written is lost, and ferror(file) tells so. fmt::print would throw, and a full
// disk or a closed pipe is no reason to end a stack.
void put(std::FILE* file, std::string_view text);

// Flushes. Why some of what was put there has not arrived; nothing when all has.
[[nodiscard]] std::optional<std::string> unwritten(std::FILE* file);

template <typename... Values>
void print(std::FILE* file, fmt::format_string<Values...> text, Values&&... values) {
  put(file, fmt::format(text, std::forward<Values>(values)...));
}

template <typename... Values>
void print(fmt::format_string<Values...> text, Values&&... values) {
  put(stdout, fmt::format(text, std::forward<Values>(values)...));
}

}  // namespace strata::service
