// SPDX-License-Identifier: Apache-2.0
#include "driver/virtio_header.h"

#include <array>

#include "driver/frame.h"
#include "strata/wire/udp.h"

namespace strata::driver {
namespace {

constexpr std::size_t kTcpHeaderBytes = 20;
constexpr std::size_t kTcpDataOffsetByte = 12;
constexpr std::size_t kTcpFlagsByte = 13;
constexpr unsigned kTcpCwr = 0x80;

unsigned byte_at(const Packet& packet, std::size_t offset) {
  std::array<std::byte, 1> byte{};
  packet.copy_out(offset, byte);
  return std::to_integer<unsigned>(byte[0]);
}

SegmentKind segment_kind_of(std::uint8_t gso_type) {
  switch (gso_type & ~unsigned{VirtioHeader::kGsoEcn}) {
    case VirtioHeader::kGsoTcpV4:
    case VirtioHeader::kGsoTcpV6: return SegmentKind::kTcp;
    case VirtioHeader::kGsoUdp: return SegmentKind::kUdp;
    default: return SegmentKind::kNone;
  }
}

// How long the transport header is; 0 when it does not fit the packet.
std::size_t transport_header_bytes(const Packet& packet) {
  const PacketNotes& notes = packet.notes();
  if (notes.segment_kind == SegmentKind::kUdp) {
    return notes.transport_offset + wire::UdpLayout::kSize <= packet.size() ? wire::UdpLayout::kSize
                                                                            : 0;
  }
  if (notes.transport_offset + kTcpHeaderBytes > packet.size()) return 0;
  const std::size_t bytes =
      std::size_t{byte_at(packet, notes.transport_offset + kTcpDataOffsetByte) >> 4U} * 4;
  const bool fits = bytes >= kTcpHeaderBytes && notes.transport_offset + bytes <= packet.size();
  return fits ? bytes : 0;
}

bool describe_segments(const Packet& packet, Medium medium, VirtioHeader& header) {
  const PacketNotes& notes = packet.notes();
  const std::size_t transport_bytes = transport_header_bytes(packet);
  const std::size_t network_offset = link_header_bytes(medium, packet);
  if (transport_bytes == 0 || notes.segment_size == 0 || network_offset >= packet.size()) {
    return false;
  }
  const std::size_t headers = notes.transport_offset + transport_bytes;
  // One segment is no super-segment, and the kernel need not think about it.
  if (packet.size() - headers <= notes.segment_size) return true;
  // The kernel cuts only what also has its checksums completed.
  if (notes.checksum != ChecksumState::kPartial) return false;
  header.header_length = static_cast<std::uint16_t>(headers);
  header.gso_size = notes.segment_size;
  if (notes.segment_kind == SegmentKind::kUdp) {
    header.gso_type = VirtioHeader::kGsoUdp;
    return true;
  }
  const bool is_v4 = byte_at(packet, network_offset) >> 4U == 4;
  header.gso_type = is_v4 ? VirtioHeader::kGsoTcpV4 : VirtioHeader::kGsoTcpV6;
  if ((byte_at(packet, notes.transport_offset + kTcpFlagsByte) & kTcpCwr) != 0) {
    header.gso_type |= VirtioHeader::kGsoEcn;
  }
  return true;
}

}  // namespace

bool take_notes(const VirtioHeader& header, Medium medium, Packet& packet) {
  PacketNotes notes = packet.notes();
  if ((header.flags & VirtioHeader::kNeedsChecksum) != 0) {
    const std::size_t field = std::size_t{header.checksum_start} + header.checksum_offset;
    if (header.checksum_start <= link_header_bytes(medium, packet) ||
        header.checksum_offset > UINT8_MAX || field + 2 > packet.size()) {
      return false;
    }
    notes.checksum = ChecksumState::kPartial;
    notes.transport_offset = header.checksum_start;
    notes.checksum_offset = static_cast<std::uint8_t>(header.checksum_offset);
  } else if ((header.flags & VirtioHeader::kDataValid) != 0) {
    notes.checksum = ChecksumState::kVerified;
  }
  if (header.gso_type != VirtioHeader::kGsoNone) {
    notes.segment_kind = segment_kind_of(header.gso_type);
    notes.segment_size = header.gso_size;
    // Without a checksum to rely on nobody can have merged these segments.
    if (notes.segment_kind == SegmentKind::kNone || notes.segment_size == 0 ||
        notes.checksum == ChecksumState::kUnknown) {
      return false;
    }
  }
  packet.notes() = notes;
  return true;
}

bool describe(const Packet& packet, Medium medium, VirtioHeader& header) {
  header = VirtioHeader{};
  const PacketNotes& notes = packet.notes();
  if (notes.checksum == ChecksumState::kPartial) {
    if (!has_sound_partial_checksum(packet)) return false;
    header.flags = VirtioHeader::kNeedsChecksum;
    header.checksum_start = notes.transport_offset;
    header.checksum_offset = notes.checksum_offset;
  }
  return notes.segment_kind == SegmentKind::kNone || describe_segments(packet, medium, header);
}

}  // namespace strata::driver
