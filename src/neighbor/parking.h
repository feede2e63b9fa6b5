// SPDX-License-Identifier: Apache-2.0
// Packets that wait for their next hop: bounded per neighbour and in all.
//
// 1. A packet is in exactly one place: waiting for an entry, or on the list of those that cannot
//    be delivered; it leaves through exactly one output.
// 2. Parking one packet displaces at most one: the oldest of the same neighbour, or the oldest of
//    all, which the caller gets back at once. So nothing grows, however late the outputs are
//    pulled.
#pragma once

#include <cstdint>
#include <optional>

#include "base/slab.h"
#include "neighbor/entry.h"
#include "neighbor/message.h"
#include "strata/memory.h"

namespace strata::neighbor {

class Parking {
 public:
  Parking(Memory& memory, std::uint32_t packets_max, std::uint32_t packets_per_entry_max);
  ~Parking();

  // Lets the packet wait for the entry. What comes back is the one packet that had to make room,
  // possibly the new one itself.
  [[nodiscard]] std::optional<Undeliverable> park(Entry& entry, PacketPtr packet);
  // The oldest packet of an entry; null when none waits.
  [[nodiscard]] PacketPtr unpark(Entry& entry);
  // Moves all packets of an entry to those that cannot be delivered.
  void give_up(Entry& entry, DropReason reason);
  [[nodiscard]] std::optional<Undeliverable> next_undeliverable();

  [[nodiscard]] std::uint32_t size() const { return packets_.size(); }
  [[nodiscard]] bool has_undeliverable() const { return !undeliverable_.empty(); }

 private:
  [[nodiscard]] Undeliverable displace(ParkedPacket& parked);

  std::uint32_t per_entry_max_;
  Slab<ParkedPacket> packets_;
  IntrusiveList<ParkedPacket, &ParkedPacket::age_link> waiting_;
  ParkedList undeliverable_;
};

}  // namespace strata::neighbor
