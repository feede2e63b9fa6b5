// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/local_addresses.h"

namespace strata::tcp {

std::optional<std::uint16_t> LocalAddresses::find(const IpAddress& address,
                                                  InterfaceId interface) const {
  const Index found = index_.find(hash(address, interface), [&](Index index) {
    return places_[index].address == address && places_[index].interface == interface;
  });
  if (found == kNoIndex) return std::nullopt;
  return static_cast<std::uint16_t>(found);
}

std::optional<std::uint16_t> LocalAddresses::acquire(const IpAddress& address,
                                                     InterfaceId interface) {
  if (const auto name = find(address, interface)) {
    ++places_[*name].uses;
    return name;
  }
  const Index index = places_.try_create(Place{address, interface, 1});
  if (index == kNoIndex) return std::nullopt;
  if (!index_.insert(hash(address, interface), index)) {
    places_.destroy(index);
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(index);
}

void LocalAddresses::release(std::uint16_t name) {
  Place& place = places_[name];
  if (--place.uses > 0) return;
  index_.erase(hash(place.address, place.interface), name);
  places_.destroy(name);
}

}  // namespace strata::tcp
