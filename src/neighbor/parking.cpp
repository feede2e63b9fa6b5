// SPDX-License-Identifier: Apache-2.0
#include "neighbor/parking.h"

#include <utility>

namespace strata::neighbor {

Parking::Parking(Memory& memory, std::uint32_t packets_max, std::uint32_t packets_per_entry_max)
    : per_entry_max_(packets_per_entry_max), packets_(memory, packets_max) {}

Parking::~Parking() {
  waiting_.clear();
  undeliverable_.clear();
}

std::optional<Undeliverable> Parking::park(Entry& entry, PacketPtr packet) {
  std::optional<Undeliverable> displaced;
  ParkedPacket* parked = nullptr;
  if (entry.packets.size() >= per_entry_max_) {
    parked = entry.packets.front();
  } else if (const Index index = packets_.try_create(); index != kNoIndex) {
    parked = &packets_[index];
    parked->index = index;
  } else {
    parked = waiting_.empty() ? undeliverable_.front() : waiting_.front();
  }
  if (parked == nullptr) {
    return Undeliverable{std::move(packet), DropReason::kNeighborQueueFull, entry.address};
  }
  if (parked->packet != nullptr) displaced = displace(*parked);
  parked->packet = std::move(packet);
  parked->next_hop = entry.address;
  parked->reason = DropReason::kNone;
  parked->owner = &entry;
  entry.packets.push_back(*parked);
  waiting_.push_back(*parked);
  return displaced;
}

PacketPtr Parking::unpark(Entry& entry) {
  ParkedPacket* const parked = entry.packets.pop_front();
  if (parked == nullptr) return nullptr;
  waiting_.erase(*parked);
  PacketPtr packet = std::move(parked->packet);
  packets_.destroy(parked->index);
  return packet;
}

void Parking::give_up(Entry& entry, DropReason reason) {
  while (ParkedPacket* const parked = entry.packets.pop_front()) {
    waiting_.erase(*parked);
    parked->reason = reason;
    parked->owner = nullptr;
    undeliverable_.push_back(*parked);
  }
}

std::optional<Undeliverable> Parking::next_undeliverable() {
  ParkedPacket* const parked = undeliverable_.front();
  if (parked == nullptr) return std::nullopt;
  Undeliverable undeliverable = displace(*parked);
  packets_.destroy(parked->index);
  return undeliverable;
}

// Takes the packet out and its node off all lists.
Undeliverable Parking::displace(ParkedPacket& parked) {
  if (parked.owner != nullptr) {
    parked.owner->packets.erase(parked);
    waiting_.erase(parked);
    parked.reason = DropReason::kNeighborQueueFull;
  } else {
    undeliverable_.erase(parked);
  }
  return {std::move(parked.packet), parked.reason, parked.next_hop};
}

}  // namespace strata::neighbor
