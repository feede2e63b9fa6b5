// SPDX-License-Identifier: Apache-2.0
// RowSelection: of any number of connections the first ones in order, up to the end of a page.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "service/connections/connection_json.h"

//   add() ─> the last of the kept ones is on top of a heap: who comes behind it is passed over,
//            and who comes before it takes its place
//   page() ─> the page is what is on top, one after the other
//
// A row costs the logarithm of what is kept, and a page as many times that as it has rows: neither
// ever sorts what lies before the page.

namespace strata::service {

struct ConnectionRow {
  std::array<std::uint64_t, 3> key{};
  ConnectionId id{};
};

class RowSelection {
 public:
  RowSelection() = default;
  // Room is made at once for `expected` rows at most.
  RowSelection(std::size_t offset, std::size_t limit, bool is_descending, std::size_t expected = 0);

  void add(const ConnectionRow& row);
  // Takes at most `rows_max` of another one's rows. False: it has no more.
  bool absorb(RowSelection& other, std::size_t rows_max);
  // Up to the page's end.
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  // In order.
  [[nodiscard]] std::vector<ConnectionRow> page() &&;

 private:
  [[nodiscard]] bool comes_before(const ConnectionRow& a, const ConnectionRow& b) const;

  std::size_t offset_ = 0;
  std::size_t rows_max_ = 0;
  bool is_descending_ = false;
  std::vector<ConnectionRow> rows_;
};

}  // namespace strata::service
