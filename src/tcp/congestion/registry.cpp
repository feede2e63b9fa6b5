// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/registry.h"

#include <algorithm>

#include "tcp/congestion/bbr.h"
#include "tcp/congestion/cubic.h"
#include "tcp/congestion/dctcp.h"
#include "tcp/congestion/reno.h"

namespace strata::tcp::congestion {

constinit const Algorithm kReno = algorithm_of<Reno>("reno");
constinit const Algorithm kCubic = algorithm_of<Cubic>("cubic");
constinit const Algorithm kBbr = algorithm_of<Bbr>("bbr");
constinit const Algorithm kDctcp = algorithm_of<Dctcp>("dctcp");

AlgorithmTable::AlgorithmTable() : rows_{&kReno, &kCubic, &kBbr, &kDctcp}, size_(4) {}

bool AlgorithmTable::try_add(const Algorithm& algorithm) {
  if (size_ == rows_.size() || algorithm.name.empty() || find(algorithm.name) != nullptr) {
    return false;
  }
  rows_[size_++] = &algorithm;
  return true;
}

const Algorithm* AlgorithmTable::find(std::string_view name) const {
  const auto row =
      std::ranges::find_if(all(), [&](const Algorithm* known) { return known->name == name; });
  return row == all().end() ? nullptr : *row;
}

}  // namespace strata::tcp::congestion
