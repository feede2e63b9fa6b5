// SPDX-License-Identifier: Apache-2.0
#include "bridge/tags.h"

#include <cstring>
#include <utility>

#include "strata/bytes.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/vlan.h"

namespace strata::bridge {
namespace {

constexpr std::size_t kAddressBytes = wire::EthernetLayout::Type::kBegin;
constexpr std::size_t kTagBytes = wire::VlanLayout::kSize;

PacketPtr writable(PacketPtr frame, std::size_t headroom, PacketPool& pool) {
  if (frame->is_writable() && frame->headroom() >= headroom) return frame;
  return frame->copy(pool);
}

void move_notes(Packet& frame, int bytes) {
  PacketNotes& notes = frame.notes();
  if (notes.transport_offset != 0) {
    notes.transport_offset = static_cast<std::uint16_t>(notes.transport_offset + bytes);
  }
  if (notes.network_offset != 0) {
    notes.network_offset = static_cast<std::uint8_t>(notes.network_offset + bytes);
  }
}

}  // namespace

PacketPtr insert_tag(PacketPtr frame, std::uint16_t control, PacketPool& pool) {
  frame = writable(std::move(frame), kTagBytes, pool);
  if (frame == nullptr || frame->headroom() < kTagBytes) return nullptr;
  (void)frame->prepend(kTagBytes);
  std::byte* const begin = frame->mutable_bytes().data();
  std::memmove(begin, begin + kTagBytes, kAddressBytes);
  store_big_endian<std::uint16_t>(begin + kAddressBytes, wire::kEtherTypeVlan);
  store_big_endian<std::uint16_t>(begin + kAddressBytes + 2, control);
  move_notes(*frame, kTagBytes);
  return frame;
}

PacketPtr remove_tag(PacketPtr frame, PacketPool& pool) {
  frame = writable(std::move(frame), 0, pool);
  if (frame == nullptr) return nullptr;
  std::byte* const begin = frame->mutable_bytes().data();
  std::memmove(begin + kTagBytes, begin, kAddressBytes);
  frame->trim_front(kTagBytes);
  move_notes(*frame, -static_cast<int>(kTagBytes));
  return frame;
}

PacketPtr rewrite_tag(PacketPtr frame, std::uint16_t control, PacketPool& pool) {
  const Bytes behind = frame->bytes().subspan(wire::EthernetLayout::kSize);
  if (wire::VlanLayout::Control::get(behind) == control) return frame;
  frame = writable(std::move(frame), 0, pool);
  if (frame == nullptr) return nullptr;
  wire::VlanLayout::Control::set(frame->mutable_bytes().subspan(wire::EthernetLayout::kSize),
                                 control);
  return frame;
}

}  // namespace strata::bridge
