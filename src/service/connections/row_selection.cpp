// SPDX-License-Identifier: Apache-2.0
#include "service/connections/row_selection.h"

#include <algorithm>

namespace strata::service {

RowSelection::RowSelection(std::size_t offset, std::size_t limit, bool is_descending,
                           std::size_t expected)
    : offset_(offset), rows_max_(offset + limit), is_descending_(is_descending) {
  rows_.reserve(std::min(expected, rows_max_));
}

// A total order, so that pages neither overlap nor leave anything out while nothing changes.
bool RowSelection::comes_before(const ConnectionRow& a, const ConnectionRow& b) const {
  if (a.key != b.key) return is_descending_ ? a.key > b.key : a.key < b.key;
  if (a.id.core != b.id.core) return a.id.core < b.id.core;
  return a.id.handle < b.id.handle;
}

void RowSelection::add(const ConnectionRow& row) {
  const auto before = [this](const auto& a, const auto& b) { return comes_before(a, b); };
  if (rows_.size() == rows_max_) {
    if (rows_.empty() || !comes_before(row, rows_.front())) return;
    std::ranges::pop_heap(rows_, before);
    rows_.back() = row;
  } else {
    rows_.push_back(row);
  }
  std::ranges::push_heap(rows_, before);
}

bool RowSelection::absorb(RowSelection& other, std::size_t rows_max) {
  for (std::size_t taken = 0; taken < rows_max && !other.rows_.empty(); ++taken) {
    add(other.rows_.back());
    other.rows_.pop_back();
  }
  return !other.rows_.empty();
}

std::vector<ConnectionRow> RowSelection::page() && {
  const auto before = [this](const auto& a, const auto& b) { return comes_before(a, b); };
  auto begin = rows_.end();
  for (std::size_t left = rows_.size(); left > offset_; --left) {
    std::pop_heap(rows_.begin(), begin, before);
    --begin;
  }
  return {begin, rows_.end()};
}

}  // namespace strata::service
