// SPDX-License-Identifier: Apache-2.0
#include "sim/frame.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/vlan.h"

namespace strata::sim {
namespace {

constexpr std::size_t kTagsMax = 2;
constexpr std::size_t kAddressBytes = wire::EthernetLayout::Type::kBegin;
constexpr std::size_t kTagBytes = wire::VlanLayout::kSize;

}  // namespace

std::size_t link_header_bytes(const Packet& frame) {
  std::size_t bytes = wire::EthernetLayout::kSize;
  for (std::size_t tag = 0; tag < kTagsMax && bytes <= frame.size(); ++tag) {
    std::array<std::byte, 2> type{};
    frame.copy_out(bytes - type.size(), type);
    if (!wire::is_vlan_tpid(load_big_endian<std::uint16_t>(type.data()))) break;
    bytes += kTagBytes;
  }
  return bytes;
}

PacketPtr make_own(PacketPtr frame, PacketPool& pool) {
  const bool is_ours = !frame->is_chain() && frame->is_writable() && &frame->pool() == &pool &&
                       frame->buffer().buffer_class != BufferClass::kExternal;
  if (!is_ours) frame = frame->copy(pool);
  if (frame != nullptr) frame->notes() = PacketNotes{};
  return frame;
}

PacketPtr insert_tag(PacketPtr frame, std::uint16_t control, PacketPool& pool) {
  if (frame->headroom() < kTagBytes) frame = frame->copy(pool);
  if (frame == nullptr) return nullptr;
  (void)frame->prepend(kTagBytes);
  std::byte* begin = frame->mutable_bytes().data();
  std::memmove(begin, begin + kTagBytes, kAddressBytes);
  store_big_endian<std::uint16_t>(begin + kAddressBytes, wire::kEtherTypeVlan);
  store_big_endian<std::uint16_t>(begin + kAddressBytes + 2, control);
  return frame;
}

void remove_tag(Packet& frame) {
  std::byte* begin = frame.mutable_bytes().data();
  std::memmove(begin + kTagBytes, begin, kAddressBytes);
  frame.trim_front(kTagBytes);
}

void flip_bits(Packet& frame, std::uint32_t bits, Rng& rng) {
  const MutableBytes bytes = frame.mutable_bytes();
  const std::uint64_t bit_count = std::uint64_t{bytes.size()} * 8;
  std::vector<std::uint64_t> flipped;
  while (flipped.size() < std::min<std::uint64_t>(bits, bit_count)) {
    const std::uint64_t bit = rng.below(bit_count);
    if (std::ranges::find(flipped, bit) != flipped.end()) continue;
    flipped.push_back(bit);
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

}  // namespace strata::sim
