// SPDX-License-Identifier: Apache-2.0
// The blocks of a pcapng file that matter: interfaces and the three kinds of packet.
#include <algorithm>
#include <utility>

#include "driver/pcap/pcap_format.h"
#include "strata/pcap.h"

namespace strata {
namespace {

using namespace driver;

// A damaged or hostile file could describe interfaces for ever.
constexpr std::size_t kInterfacesMax = 4096;
constexpr std::size_t kNameBytesMax = 256;

std::string_view text_of(Bytes value) {
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

std::string short_text(Bytes value) {
  return std::string(text_of(value.first(std::min(value.size(), kNameBytesMax))));
}

// Calls `each(code, value)` for the options that are whole; damage ends the list and no more: it
// cannot reach beyond its block.
template <typename LoadU16, typename Each>
void for_each_option(Bytes options, LoadU16 load, Each each) {
  while (options.size() >= kOptionHeaderBytes) {
    const std::uint16_t code = load(options, 0);
    const std::size_t length = load(options, 2);
    options = options.subspan(kOptionHeaderBytes);
    if (code == kOptionEnd || length > options.size()) return;
    each(code, options.first(length));
    options = options.subspan(std::min(padded(length), options.size()));
  }
}

}  // namespace

std::expected<void, std::string> PcapReader::read_interface(Bytes body) {
  constexpr std::size_t kFixedBytes = 8;
  if (body.size() < kFixedBytes) return damaged("an interface block is too short");
  if (interfaces_.size() == kInterfacesMax) return damaged("it describes too many interfaces");
  PcapInterface interface;
  interface.link_type = static_cast<LinkType>(u16(body, 0));
  interface.snap_length = u32(body, 4);
  Timestamps timestamps;
  const auto load = [this](Bytes from, std::size_t offset) { return u16(from, offset); };
  for_each_option(body.subspan(kFixedBytes), load, [&](std::uint16_t code, Bytes value) {
    if (code == kOptionInterfaceName) interface.name = short_text(value);
    if (code == kOptionInterfaceDescription) interface.description = short_text(value);
    if (code == kOptionInterfaceResolution && value.size() == 1) {
      timestamps.resolution = std::to_integer<std::uint8_t>(value[0]);
    }
    if (code == kOptionInterfaceOffset && value.size() == 8) {
      timestamps.offset_seconds = static_cast<std::int64_t>(u64(value, 0));
    }
  });
  interfaces_.push_back(std::move(interface));
  timestamps_.push_back(timestamps);
  return {};
}

void PcapReader::read_packet_options(Bytes options, PcapRecord& record) const {
  const auto load = [this](Bytes from, std::size_t offset) { return u16(from, offset); };
  for_each_option(options, load, [&](std::uint16_t code, Bytes value) {
    if (code == kOptionComment && record.comment.empty()) record.comment = text_of(value);
    if (code == kOptionPacketFlags && value.size() == 4) {
      const std::uint32_t direction = u32(value, 0) & kPacketFlagsDirection;
      if (direction == kPacketFlagsIn) record.direction = PcapDirection::kIn;
      if (direction == kPacketFlagsOut) record.direction = PcapDirection::kOut;
    }
  });
}

std::expected<PcapRecord, std::string> PcapReader::timed_packet(Bytes body,
                                                                std::size_t interface) const {
  constexpr std::size_t kFixedBytes = 20;
  const std::size_t index = section_first_interface_ + interface;
  if (index >= interfaces_.size()) return damaged("a packet names an interface that is not there");
  const std::size_t captured = u32(body, 12);
  if (captured > kCapturedBytesMax) return damaged("a packet is longer than any can be");
  if (captured > body.size() - kFixedBytes) return damaged("a packet is longer than its block");
  PcapRecord record;
  record.interface = static_cast<std::uint32_t>(index);
  const std::uint64_t high = u32(body, 4);
  record.at = timestamps_[index].at((high << 32U) | u32(body, 8));
  record.original_size = u32(body, 16);
  record.bytes = body.subspan(kFixedBytes, captured);
  const std::size_t options = std::min(kFixedBytes + padded(captured), body.size());
  read_packet_options(body.subspan(options), record);
  return record;
}

std::expected<PcapRecord, std::string> PcapReader::enhanced_packet(Bytes body) const {
  if (body.size() < 20) return damaged("a packet block is too short");
  return timed_packet(body, u32(body, 0));
}

// Laid out like an enhanced packet but for its first word: interface and count of drops.
std::expected<PcapRecord, std::string> PcapReader::obsolete_packet(Bytes body) const {
  if (body.size() < 20) return damaged("a packet block is too short");
  return timed_packet(body, u16(body, 0));
}

std::expected<PcapRecord, std::string> PcapReader::simple_packet(Bytes body) const {
  if (body.size() < 4) return damaged("a packet block is too short");
  const std::size_t index = section_first_interface_;
  if (index >= interfaces_.size()) return damaged("a packet names an interface that is not there");
  PcapRecord record;
  record.interface = static_cast<std::uint32_t>(index);
  record.original_size = u32(body, 0);
  const std::uint32_t snap_length = interfaces_[index].snap_length;
  std::size_t captured = record.original_size;
  if (snap_length != 0) captured = std::min<std::size_t>(captured, snap_length);
  captured = std::min<std::size_t>(captured, kCapturedBytesMax);
  if (captured > body.size() - 4) return damaged("a packet is longer than its block");
  record.bytes = body.subspan(4, captured);
  return record;
}

}  // namespace strata
