// SPDX-License-Identifier: Apache-2.0
// The Python that scripts use for assertions: `assert tcpi_cwnd == 10, tcpi_cwnd`.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace strata::script {

// Numbers with a fraction come from `/` only; truth is 1 and 0.
using CodeValue = std::variant<std::int64_t, double, std::string>;

[[nodiscard]] std::string to_text(const CodeValue& value);

// What names mean: first what the script assigned itself, then what lookup() knows.
struct CodeNames {
  std::map<std::string, CodeValue, std::less<>> assigned;
  std::function<std::optional<CodeValue>(std::string_view name)> lookup;
};

// Runs statements: assert, print and assignments of names, over numbers, strings, arithmetic,
// comparisons (chained as well), and, or, not, abs, min, max. Answers what was printed, or why an
// assertion does not hold or a statement cannot be understood.
[[nodiscard]] std::expected<std::string, std::string> run_code(std::string_view code,
                                                               CodeNames& names);

}  // namespace strata::script
