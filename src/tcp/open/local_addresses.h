// SPDX-License-Identifier: Apache-2.0
// LocalAddresses: our own addresses, counted and kept once for entries that number millions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/hash_index.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "strata/address.h"
#include "strata/memory.h"

namespace strata::tcp {

class LocalAddresses {
 public:
  LocalAddresses(Memory& memory, const SipKey& key)
      : places_(memory, kPlacesMax), index_(memory), key_(key) {}

  struct Place {
    IpAddress address;
    InterfaceId interface = kNoInterface;
    std::uint32_t uses = 0;
  };

  // Names the pair, and counts one more use. Nothing when the names or Memory are used up.
  [[nodiscard]] std::optional<std::uint16_t> acquire(const IpAddress& address,
                                                     InterfaceId interface);
  void release(std::uint16_t name);
  [[nodiscard]] const Place& operator[](std::uint16_t name) const { return places_[name]; }
  // The name of the pair, which is in use; else nothing.
  [[nodiscard]] std::optional<std::uint16_t> find(const IpAddress& address,
                                                  InterfaceId interface) const;
  [[nodiscard]] std::size_t bytes_used() const {
    return places_.bytes_used() + index_.bytes_used();
  }

 private:
  static constexpr std::uint32_t kPlacesMax = 65535;

  [[nodiscard]] std::uint32_t hash(const IpAddress& address, InterfaceId interface) const {
    return static_cast<std::uint32_t>(hash_words(key_, {address.high(), address.low(), interface}));
  }

  Slab<Place> places_;
  HashIndex index_;
  SipKey key_;
};

}  // namespace strata::tcp
