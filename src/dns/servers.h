// SPDX-License-Identifier: Apache-2.0
// The servers one may ask: in which order, and what is known about each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "dns/config.h"
#include "strata/address.h"

namespace strata::dns {

// A bit for each server, by its number.
using ServerSet = std::uint8_t;
static_assert(kServersMax <= 8);

class Servers {
 public:
  struct Server {
    Endpoint endpoint{};
    bool lacks_edns = false;
    Time rests_until{};  // it fell silent: others are asked first
    std::uint64_t asked = 0;
    std::uint64_t answered = 0;
  };

  // Those beyond kServersMax are left out. What is known about servers that stay is kept.
  void set(std::span<const Endpoint> endpoints);
  // The best that is not in `tried`: none that rests if it can be helped, from `first` on.
  [[nodiscard]] std::optional<std::uint8_t> choose(ServerSet tried, std::uint8_t first,
                                                   Time now) const;
  [[nodiscard]] Server& operator[](std::uint8_t number) { return servers_[number]; }
  [[nodiscard]] std::span<const Server> span() const { return {servers_.data(), count_}; }
  [[nodiscard]] std::uint8_t count() const { return count_; }

 private:
  std::array<Server, kServersMax> servers_{};
  std::uint8_t count_ = 0;
};

}  // namespace strata::dns
