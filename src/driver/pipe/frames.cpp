// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/frames.h"

#include <algorithm>
#include <cstring>

namespace strata::driver::pipe {
namespace {

// `length` bytes of the part, `skip` bytes into it.
Pieces pieces_of(MutableBytes data, const SharedRingPart& part, std::uint32_t skip,
                 std::uint32_t length) {
  const auto& [first, second] = part.pieces;
  if (skip >= first.length) return {data.subspan(second.offset + skip - first.length, length), {}};
  const std::uint32_t here = std::min(length, first.length - skip);
  return {data.subspan(first.offset + skip, here), data.subspan(second.offset, length - here)};
}

// Heads never wrap: they begin at a multiple of their size, and so does the ring end.
MutableBytes head_of(MutableBytes data, const SharedRingPart& part, std::uint32_t skip) {
  return pieces_of(data, part, skip, sizeof(RecordHead))[0];
}

}  // namespace

FrameWriter::FrameWriter(SharedRingIndices& indices, MutableBytes data)
    : ring_(indices, static_cast<std::uint32_t>(data.size())), data_(data) {}

std::size_t FrameWriter::room() {
  const Result<SharedRingPart> part = ring_.room();
  return part ? part->length() - written_ : 0;
}

bool FrameWriter::write(const VirtioHeader& notes, const Packet& frame) {
  const std::size_t size = frame.size();
  const std::uint32_t bytes = record_bytes(size);
  const Result<SharedRingPart> part = ring_.room();
  if (!part || part->length() - written_ < bytes) return false;
  const RecordHead head{static_cast<std::uint32_t>(size), notes};
  std::memcpy(head_of(data_, *part, written_).data(), &head, sizeof(head));
  const auto [first, second] =
      pieces_of(data_, *part, written_ + sizeof(RecordHead), static_cast<std::uint32_t>(size));
  frame.copy_out(0, first);
  if (!second.empty()) frame.copy_out(first.size(), second);
  written_ += bytes;
  return true;
}

void FrameWriter::publish() {
  if (written_ != 0) ring_.publish(written_);
  written_ = 0;
}

FrameReader::FrameReader(SharedRingIndices& indices, MutableBytes data)
    : ring_(indices, static_cast<std::uint32_t>(data.size())), data_(data) {}

std::optional<FrameReader::Frame> FrameReader::next() {
  if (read_ == waiting_.length()) {
    release();
    const Result<SharedRingPart> part = ring_.readable();
    if (!part || part->length() == 0 || is_corrupted_) return std::nullopt;
    waiting_ = *part;
  }
  const std::uint32_t left = waiting_.length() - read_;
  RecordHead head;
  is_corrupted_ = is_corrupted_ || left < sizeof(head);
  if (is_corrupted_) return std::nullopt;
  std::memcpy(&head, head_of(data_, waiting_, read_).data(), sizeof(head));
  if (head.length == 0 || head.length > kFrameBytesMax || record_bytes(head.length) > left) {
    is_corrupted_ = true;
    return std::nullopt;
  }
  Frame frame{head.notes, pieces_of(data_, waiting_, read_ + sizeof(head), head.length)};
  read_ += record_bytes(head.length);
  return frame;
}

void FrameReader::release() {
  if (read_ != 0) ring_.consume(read_);
  read_ = 0;
  waiting_ = {};
}

}  // namespace strata::driver::pipe
