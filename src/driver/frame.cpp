// SPDX-License-Identifier: Apache-2.0
#include "driver/frame.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "strata/wire/checksum.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/udp.h"

namespace strata::driver {
namespace {

constexpr std::size_t kVlanTagBytes = 4;
constexpr std::size_t kVlanTagsMax = 2;
constexpr std::uint16_t kCustomerTag = 0x8100;  // IEEE 802.1Q 9.6
constexpr std::uint16_t kServiceTag = 0x88a8;

// The slice that holds both bytes of the field, or null when it straddles two.
Packet* slice_of_field(Packet& packet, std::size_t& offset) {
  Packet* slice = &packet;
  while (slice != nullptr && offset >= slice->slice_size()) {
    offset -= slice->slice_size();
    slice = slice->next_slice();
  }
  return slice != nullptr && offset + 2 <= slice->slice_size() ? slice : nullptr;
}

wire::Sum sum_from(const Packet& packet, std::size_t offset) {
  wire::Sum sum;
  bool at_odd = false;
  for (const Packet* slice = &packet; slice != nullptr; slice = slice->next_slice()) {
    if (offset >= slice->slice_size()) {
      offset -= slice->slice_size();
      continue;
    }
    const Bytes part = slice->bytes().subspan(std::exchange(offset, 0));
    sum = wire::combine(sum, wire::partial_sum(part), at_odd);
    at_odd ^= (part.size() & 1U) != 0;
  }
  return sum;
}

// What belongs into the checksum field of a packet whose field holds the pseudo-header's sum.
std::uint16_t finished_checksum(const Packet& packet) {
  const wire::Sum sum = sum_from(packet, packet.notes().transport_offset);
  // RFC 768: zero would say that there is no checksum. No other protocol keeps its own there.
  const bool is_udp = packet.notes().checksum_offset == wire::UdpLayout::Checksum::kBegin;
  return is_udp ? wire::fold_for_udp(sum) : wire::fold(sum);
}

// Puts `size` bytes into packets of `pool`; `copy(offset, to)` fills each part.
template <typename Copy>
PacketPtr fill_frame(std::size_t size, PacketPool& pool, Copy copy) {
  if (PacketPtr packet = pool.allocate_for(size)) {
    copy(0, packet->append(size));
    return packet;
  }
  PacketPtr head = pool.allocate();
  if (head == nullptr) return nullptr;
  std::size_t offset = std::min(head->tailroom(), size);
  copy(0, head->append(offset));
  while (offset < size) {
    PacketPtr part = pool.allocate(BufferClass::kLarge, 0);
    if (part == nullptr) part = pool.allocate(BufferClass::kSmall, 0);
    if (part == nullptr) return nullptr;
    const std::size_t here = std::min(part->tailroom(), size - offset);
    copy(offset, part->append(here));
    head->append_chain(std::move(part));
    offset += here;
  }
  return head;
}

}  // namespace

std::size_t link_header_bytes(Medium medium, const Packet& packet) {
  if (medium == Medium::kIp) return 0;
  std::size_t bytes = wire::EthernetLayout::kSize;
  for (std::size_t tag = 0; tag < kVlanTagsMax && bytes <= packet.size(); ++tag) {
    std::array<std::byte, 2> type{};
    packet.copy_out(bytes - 2, type);
    const auto ethertype = load_big_endian<std::uint16_t>(type.data());
    if (ethertype != kCustomerTag && ethertype != kServiceTag) break;
    bytes += kVlanTagBytes;
  }
  return bytes;
}

bool is_sendable_long(const DeviceCapabilities& capabilities, const Packet& packet) {
  const std::size_t ip_bytes = packet.size() - link_header_bytes(capabilities.medium, packet);
  if (ip_bytes <= capabilities.mtu) return true;
  switch (packet.notes().segment_kind) {
    case SegmentKind::kNone: return false;
    case SegmentKind::kTcp: return ip_bytes <= capabilities.tcp_segment_bytes_max;
    case SegmentKind::kUdp: return ip_bytes <= capabilities.udp_segment_bytes_max;
  }
  return false;
}

bool has_sound_partial_checksum(const Packet& packet) {
  const PacketNotes& notes = packet.notes();
  return std::size_t{notes.transport_offset} + notes.checksum_offset + 2 <= packet.size();
}

bool complete_checksum(Packet& packet) {
  const PacketNotes& notes = packet.notes();
  std::size_t offset = std::size_t{notes.transport_offset} + notes.checksum_offset;
  Packet* holder = slice_of_field(packet, offset);
  if (holder == nullptr || !holder->is_writable()) return false;
  store_big_endian<std::uint16_t>(holder->mutable_bytes().data() + offset,
                                  finished_checksum(packet));
  packet.notes().checksum = ChecksumState::kVerified;
  return true;
}

void complete_checksum_in_copy(const Packet& packet, MutableBytes copy) {
  const PacketNotes& notes = packet.notes();
  if (notes.checksum != ChecksumState::kPartial || !has_sound_partial_checksum(packet)) return;
  const std::size_t offset = std::size_t{notes.transport_offset} + notes.checksum_offset;
  if (offset + 2 > copy.size()) return;
  store_big_endian<std::uint16_t>(copy.data() + offset, finished_checksum(packet));
}

PacketPtr copy_frame(const Packet& from, PacketPool& pool) {
  // The usual frame: one slice that fits a small buffer.
  if (!from.is_chain() && from.slice_size() <= kSmallBufferBytes - kHeadroom) {
    if (PacketPtr twin = pool.allocate()) {
      copy_bytes(from.bytes(), twin->append(from.slice_size()));
      return twin;
    }
  }
  return fill_frame(from.size(), pool,
                    [&](std::size_t offset, MutableBytes to) { from.copy_out(offset, to); });
}

PacketPtr make_frame(Bytes from, PacketPool& pool) {
  return fill_frame(from.size(), pool, [&](std::size_t offset, MutableBytes to) {
    copy_bytes(from.subspan(offset, to.size()), to);
  });
}

}  // namespace strata::driver
