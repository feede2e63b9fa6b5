// SPDX-License-Identifier: Apache-2.0
#include "service/capture/frame_writer.h"

#include <algorithm>

namespace strata::service {

// Another interface may get the number of one that went; its name tells them apart.
std::uint32_t FrameWriter::number_of(InterfaceId id, const CapturedInterface& interface) {
  const auto found = std::ranges::find_if(known_, [&](const Known& known) {
    return known.id == id && known.interface.medium == interface.medium &&
           known.interface.name == interface.name;
  });
  if (found != known_.end()) return found->number;
  PcapInterface described;
  described.link_type = link_type_of(interface.medium);
  described.name = interface.name.empty() ? "interface " + std::to_string(id) : interface.name;
  const std::uint32_t number = writer_.add_interface(described);
  known_.push_back({.id = id, .interface = interface, .number = number});
  return number;
}

void FrameWriter::write(const WatchedFrame& frame) {
  if (!writer_.is_ok()) return;
  PcapWriter::Note note;
  note.direction = frame.is_incoming ? PcapDirection::kIn : PcapDirection::kOut;
  note.comment = frame.comment;
  note.original_size = frame.size;
  writer_.write(number_of(frame.interface, frame.named), frame.time, frame.bytes, note);
}

}  // namespace strata::service
