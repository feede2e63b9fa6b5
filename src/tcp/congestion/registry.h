// SPDX-License-Identifier: Apache-2.0
// AlgorithmTable: the congestion controls that the sockets of a stack may choose by name.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "tcp/congestion.h"

namespace strata::tcp::congestion {

extern const Algorithm kReno;
extern const Algorithm kCubic;
extern const Algorithm kBbr;
extern const Algorithm kDctcp;

// Starts with reno, cubic, bbr and dctcp; cubic is the default.
class AlgorithmTable {
 public:
  static constexpr std::size_t kAlgorithmsMax = 16;

  AlgorithmTable();

  // False: the table is full, or the name is taken or empty. `algorithm` must outlive the table.
  [[nodiscard]] bool try_add(const Algorithm& algorithm);
  // Null when there is none of that name.
  [[nodiscard]] const Algorithm* find(std::string_view name) const;
  [[nodiscard]] std::span<const Algorithm* const> all() const { return {rows_.data(), size_}; }

 private:
  std::array<const Algorithm*, kAlgorithmsMax> rows_{};
  std::size_t size_ = 0;
};

}  // namespace strata::tcp::congestion
