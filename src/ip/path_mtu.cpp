// SPDX-License-Identifier: Apache-2.0
#include "ip/path_mtu.h"

#include <algorithm>
#include <array>

namespace strata::ip {
namespace {

constexpr std::uint32_t kIpv6MtuMin = 1280;  // RFC 8200 5
constexpr std::uint32_t kIpv4MtuMin = 68;    // RFC 791 3.2
// RFC 1191 7, table 7-1.
constexpr std::array<std::uint32_t, 11> kPlateaus{65535, 32000, 17914, 8166, 4352, 2002,
                                                  1492,  1006,  508,   296,  68};

}  // namespace

std::uint32_t plateau_below(std::uint32_t size) {
  for (const std::uint32_t plateau : kPlateaus) {
    if (plateau < size) return plateau;
  }
  return kPlateaus.back();
}

PathMtuCache::PathMtuCache(Memory& memory, const SipKey& key, const PathMtuConfig& config)
    : key_(key), config_(config), index_(memory), entries_(memory, config.entries_max) {}

PathMtuCache::~PathMtuCache() { by_age_.clear(); }

std::uint32_t PathMtuCache::mtu(const IpAddress& destination, std::uint32_t link_mtu,
                                InterfaceId zone) const {
  if (entries_.empty()) return link_mtu;
  const Index index = locate(destination, zone);
  return index == kNoIndex ? link_mtu : std::min(link_mtu, entries_[index].mtu);
}

std::optional<std::uint32_t> PathMtuCache::on_packet_too_big(const Report& report, Time now) {
  std::uint32_t told = report.mtu;
  // RFC 1191 5: a router that does not say, or says more than what it refused, leaves a guess.
  const bool is_of_use = told >= kIpv4MtuMin && (report.sent_size == 0 || told < report.sent_size);
  if (report.destination.is_v4()) {
    if (!is_of_use) {
      if (report.sent_size <= kIpv4MtuMin) return std::nullopt;
      told = plateau_below(report.sent_size);
    }
  } else if (told == 0 || (report.sent_size != 0 && told >= report.sent_size)) {
    // RFC 8201 4: a larger value than what was sent is old news or an attack.
    return std::nullopt;
  }
  return lower(report.destination, report.zone, told, report.sent_size, now);
}

std::optional<std::uint32_t> PathMtuCache::on_black_hole(const IpAddress& destination,
                                                         std::uint32_t mtu, Time now,
                                                         InterfaceId zone) {
  return lower(destination, zone, mtu, 0, now);
}

std::optional<std::uint32_t> PathMtuCache::lower(const IpAddress& destination, InterfaceId zone,
                                                 std::uint32_t mtu, std::uint32_t sent_size,
                                                 Time now) {
  mtu = std::max(mtu, floor_of(destination));
  // What we sent was no larger than the floor: there is nothing to learn.
  if (sent_size != 0 && mtu >= sent_size) return std::nullopt;
  Index index = locate(destination, zone);
  // Invariant 2: and a report that is no news does not keep a low estimate alive (RFC 8201 4).
  if (index != kNoIndex && entries_[index].mtu <= mtu) return std::nullopt;
  if (index == kNoIndex) index = create(destination, zone);
  if (index == kNoIndex) return std::nullopt;
  Entry& entry = entries_[index];
  entry.mtu = mtu;
  entry.expires = now + config_.age;
  by_age_.move_to_back(entry);
  ++generation_;
  return mtu;
}

void PathMtuCache::on_probe_acknowledged(const IpAddress& destination, std::uint32_t mtu, Time now,
                                         InterfaceId zone) {
  const Index index = locate(destination, zone);
  if (index == kNoIndex || entries_[index].mtu >= mtu) return;
  Entry& entry = entries_[index];
  entry.mtu = mtu;
  entry.expires = now + config_.age;
  by_age_.move_to_back(entry);
  ++generation_;
}

void PathMtuCache::forget(const IpAddress& destination, InterfaceId zone) {
  const Index index = locate(destination, zone);
  if (index != kNoIndex) destroy(entries_[index]);
}

std::optional<Time> PathMtuCache::next_deadline() const {
  if (by_age_.empty()) return std::nullopt;
  return by_age_.front()->expires;
}

void PathMtuCache::on_deadline(Time now) {
  while (!by_age_.empty() && by_age_.front()->expires <= now) destroy(*by_age_.front());
}

std::uint32_t PathMtuCache::hash_of(const IpAddress& destination, InterfaceId zone) const {
  return static_cast<std::uint32_t>(
      hash_words(key_, {destination.high(), destination.low(), zone}));
}

Index PathMtuCache::locate(const IpAddress& destination, InterfaceId zone) const {
  return index_.find(hash_of(destination, zone), [&](Index index) {
    return entries_[index].destination == destination && entries_[index].zone == zone;
  });
}

Index PathMtuCache::create(const IpAddress& destination, InterfaceId zone) {
  if (entries_.full() && !by_age_.empty()) destroy(*by_age_.front());
  const Index index = entries_.try_create();
  if (index == kNoIndex) return kNoIndex;
  if (!index_.insert(hash_of(destination, zone), index)) {
    entries_.destroy(index);
    return kNoIndex;
  }
  Entry& entry = entries_[index];
  entry.destination = destination;
  entry.zone = zone;
  entry.self = index;
  by_age_.push_back(entry);
  return index;
}

void PathMtuCache::destroy(Entry& entry) {
  index_.erase(hash_of(entry.destination, entry.zone), entry.self);
  by_age_.erase(entry);
  entries_.destroy(entry.self);
  ++generation_;
}

std::uint32_t PathMtuCache::floor_of(const IpAddress& destination) const {
  if (!destination.is_v4()) return kIpv6MtuMin;
  return std::max<std::uint32_t>(config_.ipv4_floor, kIpv4MtuMin);
}

}  // namespace strata::ip
