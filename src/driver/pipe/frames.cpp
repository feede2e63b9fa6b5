// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/frames.h"

namespace strata::driver::pipe {

FrameWriter::FrameWriter(SharedRingIndices& indices, MutableBytes data)
    : ring_(indices, static_cast<std::uint32_t>(data.size() / 2)), data_(data) {}

std::size_t FrameWriter::room() {
  const Result<SharedRingPart> part = ring_.room();
  room_ = part ? part->length() - written_ : 0;
  return room_;
}

bool FrameWriter::write(const VirtioHeader& notes, const Packet& frame) {
  const std::size_t size = frame.size();
  const std::uint32_t bytes = record_bytes(size);
  if (room_for(bytes) < bytes) return false;
  std::byte* const record = begin();
  write_head(record, notes, size, bytes);
  frame.copy_out(0, {record + sizeof(RecordHead), size});
  append(bytes);
  return true;
}

void FrameWriter::publish() {
  if (written_ != 0) ring_.publish(written_);
  written_ = 0;
}

FrameReader::FrameReader(SharedRingIndices& indices, MutableBytes data)
    : ring_(indices, static_cast<std::uint32_t>(data.size() / 2)), data_(data.data()) {}

}  // namespace strata::driver::pipe
