// SPDX-License-Identifier: Apache-2.0
// FrameWriter and FrameReader: frames in a ring of bytes that another process shares.
//
//   | length | VirtioHeader | the frame's bytes | padding |   | length | ...
//     4        12             length              to a multiple of 16
//
// 1. A record begins at a multiple of 16, so that its head never wraps; the frame may.
// 2. Whoever writes shows what it has written, and whoever reads gives back what it has read, once
//    for a whole batch: the other's cache line is touched once.
// 3. The head is copied before it is judged, and the frame before it is looked at: the other side
//    can change both at any time. A length that does not fit breaks the rules for good.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/shared_ring.h"
#include "driver/virtio_header.h"
#include "strata/bytes.h"
#include "strata/packet.h"

namespace strata::driver::pipe {

// The longest frame: an IP packet of 65,535 bytes behind Ethernet and two VLAN tags.
inline constexpr std::size_t kFrameBytesMax = 65'535 + 22;

struct RecordHead {
  std::uint32_t length = 0;
  VirtioHeader notes;
};
static_assert(sizeof(RecordHead) == 16);

[[nodiscard]] constexpr std::uint32_t record_bytes(std::size_t frame_bytes) {
  constexpr std::size_t kHead = sizeof(RecordHead);
  return static_cast<std::uint32_t>((kHead + frame_bytes + kHead - 1) / kHead * kHead);
}

// Bytes of the ring from some place on: in two pieces where they wrap.
using Pieces = std::array<MutableBytes, 2>;

class FrameWriter {
 public:
  FrameWriter(SharedRingIndices& indices, MutableBytes data);

  // How many bytes of records would fit now; 0 once the reader has broken the rules.
  [[nodiscard]] std::size_t room();
  // False when there is no room. Shown to the reader by publish().
  [[nodiscard]] bool write(const VirtioHeader& notes, const Packet& frame);
  void publish();
  [[nodiscard]] bool is_corrupted() const { return ring_.is_corrupted(); }

 private:
  SharedRingProducer ring_;
  MutableBytes data_;
  std::uint32_t written_ = 0;  // and not yet published
};

class FrameReader {
 public:
  FrameReader(SharedRingIndices& indices, MutableBytes data);

  struct Frame {
    VirtioHeader notes;
    Pieces pieces;
  };
  // The next frame, whose bytes stay until the next call. Nothing: there is none, or the writer
  // has broken the rules.
  [[nodiscard]] std::optional<Frame> next();
  // Gives the writer back the room of all that next() has answered.
  void release();
  [[nodiscard]] bool is_corrupted() const { return is_corrupted_ || ring_.is_corrupted(); }

 private:
  SharedRingConsumer ring_;
  MutableBytes data_;
  SharedRingPart waiting_;
  std::uint32_t read_ = 0;  // of waiting_, and not yet released
  bool is_corrupted_ = false;
};

}  // namespace strata::driver::pipe
