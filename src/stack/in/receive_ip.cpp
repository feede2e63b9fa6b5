// SPDX-License-Identifier: Apache-2.0
#include "stack/in/receive_ip.h"

#include "stack/in/merge_tcp.h"
#include "stack/in/prefetch_tcp.h"
#include "stack/run_hooks.h"
#include "strata/wire/ipv4.h"

namespace strata::stack {
namespace {

DropReason check(Core& core, Packet& packet, Arrival& arrival) {
  Interface* interface = core.interface(packet.notes().interface);
  if (interface == nullptr) return DropReason::kInterfaceDown;
  return packet.notes().scratch == 4 ? check_ipv4(core, *interface, packet, arrival)
                                     : check_ipv6(core, *interface, packet, arrival);
}

// The packets of a batch mostly come from few peers in rows. What was found of one IPv4 header
// holds for the next, if that differs in length, identification and checksum only.
class LastHeader {
 public:
  // False: check it. True: `arrival` is filled, and the packet ends where its header says.
  [[nodiscard]] bool recall(const Core& core, Packet& packet, Arrival& arrival) const {
    const Bytes bytes = packet.bytes();
    if (!is_set_ || addresses_ != core.local.generation() || links_ != core.link_generation) {
      return false;
    }
    if (bytes.size() < Ipv4Layout::kSize || !is_same(bytes) ||
        packet.notes().interface != arrival_.interface->id ||
        packet.notes().is_link_multicast != is_link_multicast_ ||
        packet.notes().is_looped_back != is_looped_back_) {
      return false;
    }
    const std::size_t size = Ipv4Layout::TotalLength::get(bytes);
    if (size < Ipv4Layout::kSize || size > packet.size() ||
        !is_valid(wire::partial_sum(bytes.first<Ipv4Layout::kSize>()))) {
      return false;
    }
    arrival = arrival_;
    packet.truncate(size);
    return true;
  }

  void remember(const Core& core, const Packet& packet, const Arrival& arrival) {
    is_set_ = arrival.header_length == Ipv4Layout::kSize;
    if (!is_set_) return;
    copy_bytes(packet.bytes().first<Ipv4Layout::kSize>(), MutableBytes(header_));
    arrival_ = arrival;
    addresses_ = core.local.generation();
    links_ = core.link_generation;
    is_link_multicast_ = packet.notes().is_link_multicast;
    is_looped_back_ = packet.notes().is_looped_back;
  }

 private:
  using Ipv4Layout = wire::Ipv4Layout;

  // Version, header length and traffic class; flags, fragment offset, hops and protocol; addresses.
  [[nodiscard]] bool is_same(Bytes bytes) const {
    const auto differs = [&]<std::unsigned_integral T>(T, std::size_t at) {
      return load_big_endian<T>(bytes.data() + at) != load_big_endian<T>(header_.data() + at);
    };
    return !differs(std::uint16_t{}, Ipv4Layout::VersionIhl::kBegin) &&
           !differs(std::uint32_t{}, Ipv4Layout::FlagsOffset::kBegin) &&
           !differs(std::uint64_t{}, Ipv4Layout::Source::kBegin);
  }

  std::array<std::byte, Ipv4Layout::kSize> header_{};
  Arrival arrival_;
  // The generations of what it was checked against: a handler may change both within a batch.
  std::uint32_t addresses_ = 0;
  std::uint32_t links_ = 0;
  bool is_set_ = false;
  bool is_link_multicast_ = false;
  bool is_looped_back_ = false;
};

void receive_one(Core& core, LastHeader& last, PacketPtr packet, Time now) {
  const bool is_v4 = packet->notes().scratch == 4;
  Arrival arrival;
  if (is_v4 && last.recall(core, *packet, arrival)) {
    return receive_ipv4(core, std::move(packet), arrival, now);
  }
  const DropReason why = check(core, *packet, arrival);
  if (why != DropReason::kNone) return drop(core, std::move(packet), why);
  if (is_v4) {
    last.remember(core, *packet, arrival);
    receive_ipv4(core, std::move(packet), arrival, now);
  } else {
    receive_ipv6(core, std::move(packet), arrival, now);
  }
}

// Hooks see valid headers only, so every packet is checked before them; and they may rewrite what
// they see, so it is read again after them.
void run_ip_in_hooks(Core& core, PacketBatch& packets, Time now) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    Arrival arrival;
    const DropReason why = check(core, packets[i], arrival);
    if (why != DropReason::kNone) drop(core, packets.take(i), why);
  }
  packets.compact();
  run_hooks(core, HookPoint::kIpIn, packets, now);
}

}  // namespace

void receive_ip(Core& core, PacketBatch& packets, Time now) {
  for (const Packet* packet : packets.packets()) {
    ++(packet->notes().scratch == 4 ? core.counters.ipv4_received : core.counters.ipv6_received);
  }
  if (has_hooks(core, HookPoint::kIpIn)) run_ip_in_hooks(core, packets, now);
  prefetch_tcp(core, packets);
  TcpMerge merge(core);
  core.tcp_merge = &merge;
  LastHeader last;
  for (std::size_t i = 0; i < packets.size(); ++i) receive_one(core, last, packets.take(i), now);
  packets.clear();
  core.tcp_merge = nullptr;
  merge.finish(now);
}

}  // namespace strata::stack
