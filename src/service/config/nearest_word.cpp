// SPDX-License-Identifier: Apache-2.0
#include "service/config/nearest_word.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace strata::service {
namespace {

constexpr std::size_t kLettersMax = 32;
using Row = std::array<std::size_t, kLettersMax + 1>;

// Optimal string alignment: the three last rows of the table are enough.
std::size_t distance(std::string_view a, std::string_view b) {
  Row before{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + other});
      const bool is_swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest_word(std::string_view written, std::span<const std::string_view> known) {
  if (written.size() > kLettersMax) return {};
  std::string_view nearest;
  std::size_t least = SIZE_MAX;
  for (const std::string_view word : known) {
    if (word.size() > kLettersMax) continue;
    const std::size_t away = distance(written, word);
    if (away * 3 > std::max(written.size(), word.size()) || away >= least) continue;
    least = away;
    nearest = word;
  }
  return nearest;
}

}  // namespace strata::service
