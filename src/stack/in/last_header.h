// SPDX-License-Identifier: Apache-2.0
// LastHeader: what was found of one IPv4 header, for the packets that come next.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "stack/in/arrival.h"
#include "strata/packet.h"
#include "strata/wire/ipv4.h"

namespace strata::stack {

// What the checks of a header went by, besides its bytes. Each counts its changes.
struct HeaderGrounds {
  std::uint32_t addresses = 0;
  std::uint32_t links = 0;

  friend bool operator==(const HeaderGrounds&, const HeaderGrounds&) = default;
};

// Packets mostly come from few peers in rows. What was found of one header holds for the next, if
// that differs in length, identification and checksum only, and the grounds are the same.
class LastHeader {
 public:
  // False: check it. True: `arrival` is filled, and the packet ends where its header says.
  [[nodiscard]] bool recall(const HeaderGrounds& grounds, Packet& packet, Arrival& arrival) const {
    const Bytes bytes = packet.bytes();
    const PacketNotes& notes = packet.notes();
    if (grounds_ != grounds || bytes.size() < Ipv4Layout::kSize || !is_same(bytes) ||
        notes.interface != arrival_.interface->id ||
        notes.is_link_multicast != is_link_multicast_ || notes.is_looped_back != is_looped_back_) {
      return false;
    }
    const std::size_t size = Ipv4Layout::TotalLength::get(bytes);
    if (size < Ipv4Layout::kSize || size > packet.size() ||
        !is_valid(wire::ipv4_header_sum(bytes.first<Ipv4Layout::kSize>()))) {
      return false;
    }
    arrival = arrival_;
    packet.truncate(size);
    return true;
  }

  void remember(const HeaderGrounds& grounds, const Packet& packet, const Arrival& arrival) {
    // With options there is more to be the same than is looked at.
    grounds_ = arrival.header_length == Ipv4Layout::kSize ? grounds : HeaderGrounds{};
    copy_bytes(packet.bytes().first<Ipv4Layout::kSize>(), MutableBytes(header_));
    arrival_ = arrival;
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
  HeaderGrounds grounds_;  // no table is ever at 0
  Arrival arrival_;
  bool is_link_multicast_ = false;
  bool is_looped_back_ = false;
};

}  // namespace strata::stack
