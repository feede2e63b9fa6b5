// SPDX-License-Identifier: Apache-2.0
#include "dns/servers.h"

#include <algorithm>

namespace strata::dns {

void Servers::set(std::span<const Endpoint> endpoints) {
  const std::array<Server, kServersMax> before = servers_;
  const std::span<const Server> known{before.data(), count_};
  count_ = static_cast<std::uint8_t>(std::min(endpoints.size(), kServersMax));
  for (std::size_t i = 0; i < count_; ++i) {
    const auto found = std::ranges::find(known, endpoints[i], &Server::endpoint);
    servers_[i] = found == known.end() ? Server{.endpoint = endpoints[i]} : *found;
  }
}

std::optional<std::uint8_t> Servers::choose(ServerSet tried, std::uint8_t first, Time now) const {
  std::optional<std::uint8_t> resting;
  for (unsigned i = 0; i < count_; ++i) {
    const auto number = static_cast<std::uint8_t>((first + i) % count_);
    if ((tried >> number & 1U) != 0) continue;
    if (servers_[number].rests_until <= now) return number;
    if (!resting) resting = number;
  }
  return resting;
}

}  // namespace strata::dns
