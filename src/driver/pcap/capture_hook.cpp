// SPDX-License-Identifier: Apache-2.0
#include "strata/pcap.h"

namespace strata {

void CaptureHook::describe_interface(InterfaceId id, std::string_view name, Medium medium) {
  if (numbers_.size() <= id) numbers_.resize(std::size_t{id} + 1, kNotYet);
  PcapInterface interface;
  interface.link_type = link_type_of(medium);
  interface.name = name;
  numbers_[id] = writer_.add_interface(interface);
}

std::uint32_t CaptureHook::number_of(InterfaceId id) {
  if (numbers_.size() <= id || numbers_[id] == kNotYet) {
    describe_interface(id, "interface " + std::to_string(id), Medium::kEthernet);
  }
  return numbers_[id];
}

void CaptureHook::on_packets(HookPoint point, std::span<Packet* const> packets,
                             std::span<Verdict> /*verdicts*/, Time now) {
  if (!writer_.is_ok()) return;
  PcapWriter::Note note;
  if (point == HookPoint::kFrameIn) note.direction = PcapDirection::kIn;
  if (point == HookPoint::kFrameOut) note.direction = PcapDirection::kOut;
  for (const Packet* packet : packets) {
    if (packet == nullptr) continue;
    writer_.write(number_of(packet->notes().interface), now, *packet, note);
  }
}

}  // namespace strata
