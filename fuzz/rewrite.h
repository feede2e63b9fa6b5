// SPDX-License-Identifier: Apache-2.0
// parse(write(h)) == h where the payload must stay: the header is written over its own bytes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fuzz/law.h"

namespace strata::fuzz {

// Calls `inspect` with the view for what is particular to it, then writes its header over a copy
// of the same bytes, and parses again: nothing may have changed.
template <typename View, std::size_t kSize, typename Inspect>
void rewrite(Bytes bytes, Inspect inspect) {
  const auto view = View::parse(bytes);
  if (!view) return;
  touch(view->bytes());
  inspect(*view);
  // An older version of a query is shorter than the header of the newest.
  if (bytes.size() < kSize) return;
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  write(view->header(), std::span<std::byte, kSize>(copy.data(), kSize));
  const auto again = View::parse(copy);
  require(again.has_value() && again->header() == view->header());
}

}  // namespace strata::fuzz
