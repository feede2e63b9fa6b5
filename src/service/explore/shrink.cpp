// SPDX-License-Identifier: Apache-2.0
#include "service/explore/shrink.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace strata::service {
namespace {

using ItemList = std::vector<TrialItem>;

ItemList items_without(const ItemList& items, std::size_t begin, std::size_t end) {
  ItemList rest(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(begin));
  rest.insert(rest.end(), items.begin() + static_cast<std::ptrdiff_t>(end), items.end());
  return rest;
}

}  // namespace

ItemList shrink(ItemList items, const StillBreaks& breaks) {
  // What breaks by itself needs no list at all.
  if (!items.empty() && breaks({})) return {};
  std::size_t part = (items.size() + 1) / 2;
  while (!items.empty()) {
    bool has_shrunk = false;
    for (std::size_t begin = 0; begin < items.size();) {
      const std::size_t end = std::min(begin + part, items.size());
      ItemList rest = items_without(items, begin, end);
      if (!rest.empty() && breaks(rest)) {
        items = std::move(rest);
        has_shrunk = true;
      } else {
        begin = end;
      }
    }
    // At single items a round in which nothing went says that none can go.
    if (part == 1 && !has_shrunk) break;
    if (!has_shrunk || part > items.size()) part = std::max<std::size_t>(1, part / 2);
  }
  return items;
}

}  // namespace strata::service
