// SPDX-License-Identifier: Apache-2.0
#include "ip/local_addresses.h"

namespace strata::ip {

LocalAddresses::LocalAddresses(Memory& memory, const SipKey& key, std::uint32_t addresses_max)
    : key_(key), index_(memory), entries_(memory, addresses_max) {}

const LocalAddress* LocalAddresses::search(const IpAddress& destination,
                                           InterfaceId arrived) const {
  // RFC 4007 9: fe80::1 on another link is somebody else's.
  const bool has_zone = destination.is_v6() && destination.is_link_local();
  Index other = kNoIndex;
  const Index own = index_.find(hash_of(destination), [&](Index index) {
    const LocalAddress& entry = entries_[index];
    if (entry.address != destination) return false;
    if (entry.interface == arrived) return true;
    if (other == kNoIndex && (!has_zone || arrived == kNoInterface)) other = index;
    return false;
  });
  const Index found = own != kNoIndex ? own : other;
  return found == kNoIndex ? nullptr : &entries_[found];
}

bool LocalAddresses::is_local(const IpAddress& address, InterfaceId zone) const {
  const LocalAddress* const entry = find(address, zone);
  return entry != nullptr && entry->kind == LocalKind::kUnicast && !entry->is_tentative;
}

bool LocalAddresses::insert(const LocalAddress& entry) {
  if (locate(entry.address, entry.interface, entry.kind) != kNoIndex) return true;
  const Index index = entries_.try_create(entry);
  if (index == kNoIndex) return false;
  if (!index_.insert(hash_of(entry.address), index)) {
    entries_.destroy(index);
    return false;
  }
  mark_present(entry.address);
  ++generation_;
  return true;
}

void LocalAddresses::erase(const IpAddress& address, InterfaceId interface, LocalKind kind) {
  const Index index = locate(address, interface, kind);
  if (index == kNoIndex) return;
  index_.erase(hash_of(address), index);
  entries_.destroy(index);
  // Another entry may have had the same bit.
  present_ = {};
  for (Index i = entries_.next_used(0); i != kNoIndex; i = entries_.next_used(i + 1)) {
    mark_present(entries_[i].address);
  }
  ++generation_;
}

void LocalAddresses::mark_present(const IpAddress& address) {
  const std::size_t bit = bit_of(mixed_of(address));
  present_[bit / kWordBits] |= std::uint64_t{1} << bit % kWordBits;
}

void LocalAddresses::set_tentative(const IpAddress& address, InterfaceId interface,
                                   bool is_tentative) {
  const Index index = locate(address, interface, LocalKind::kUnicast);
  if (index == kNoIndex) return;
  entries_[index].is_tentative = is_tentative;
  ++generation_;
}

std::uint32_t LocalAddresses::hash_of(const IpAddress& address) const {
  return static_cast<std::uint32_t>(hash_words(key_, {address.high(), address.low()}));
}

Index LocalAddresses::locate(const IpAddress& address, InterfaceId interface,
                             LocalKind kind) const {
  return index_.find(hash_of(address), [&](Index index) {
    const LocalAddress& entry = entries_[index];
    return entry.address == address && entry.interface == interface && entry.kind == kind;
  });
}

}  // namespace strata::ip
