// SPDX-License-Identifier: Apache-2.0
#include "dns/cache.h"

namespace strata::dns {

const Cache::Entry* Cache::find(const wire::DnsName& name, wire::DnsType type, Time now) const {
  const Index index = locate(name.lower_case(), type);
  if (index == kNoIndex || entries_[index].expires <= now) return nullptr;
  return &entries_[index];
}

void Cache::keep(const wire::DnsName& name, wire::DnsType type, Kind kind,
                 const AddressSet& addresses, Time expires) {
  const wire::DnsName lower = name.lower_case();
  if (const Index old = locate(lower, type); old != kNoIndex) destroy(old);
  if (entries_.full() && !by_age_.empty()) destroy(by_age_.front());
  const Index index = entries_.try_create();
  if (index == kNoIndex) return;
  if (!index_.insert(hash_of(lower, type), index)) return entries_.destroy(index);
  Entry& entry = entries_[index];
  entry.name = lower;
  entry.type = type;
  entry.kind = kind;
  entry.addresses = addresses;
  entry.expires = expires;
  by_age_.push_back(entries_, index);
}

void Cache::clear() {
  while (!by_age_.empty()) destroy(by_age_.front());
}

std::uint32_t Cache::hash_of(const wire::DnsName& lower, wire::DnsType type) const {
  const SipKey key{key_.k0 ^ static_cast<std::uint64_t>(type), key_.k1};
  return static_cast<std::uint32_t>(siphash24(key, lower.bytes()));
}

Index Cache::locate(const wire::DnsName& lower, wire::DnsType type) const {
  return index_.find(hash_of(lower, type), [&](Index index) {
    return entries_[index].type == type && entries_[index].name == lower;
  });
}

void Cache::destroy(Index index) {
  index_.erase(hash_of(entries_[index].name, entries_[index].type), index);
  by_age_.erase(entries_, index);
  entries_.destroy(index);
}

}  // namespace strata::dns
