// SPDX-License-Identifier: Apache-2.0
#include "runtime/cores/port_claims.h"

#include <algorithm>

#include "strata/check.h"

namespace strata::runtime {

PortClaims::PortClaims(std::uint16_t cores) {
  STRATA_CHECK(cores >= 1 && cores <= 255);
  for (std::uint16_t core = 0; core < cores; ++core) {
    watches_.push_back(std::make_unique<Watch>(*this, core));
  }
}

void PortClaims::change(std::uint16_t port, std::uint16_t core, bool holds) {
  const std::lock_guard lock(mutex_);
  std::vector<bool>& holders = holders_[port];
  holders.resize(watches_.size());
  holders[core] = holds;
  const auto first = std::ranges::find(holders, true);
  const bool is_special = first != holders.end() && std::ranges::count(holders, false) != 0;
  const auto claim = is_special ? first - holders.begin() + 1 : 0;
  claims_[port].store(static_cast<std::uint8_t>(claim), std::memory_order_release);
  if (first == holders.end()) holders_.erase(port);
}

void PortClaims::Watch::on_hold(std::uint16_t port) {
  if (++sockets_[port] == 1) claims_.change(port, core_, true);
}

void PortClaims::Watch::on_let_go(std::uint16_t port) {
  const auto found = sockets_.find(port);
  STRATA_CHECK(found != sockets_.end());
  if (--found->second != 0) return;
  sockets_.erase(found);
  claims_.change(port, core_, false);
}

}  // namespace strata::runtime
