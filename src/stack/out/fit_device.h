// SPDX-License-Identifier: Apache-2.0
// What a device cannot do itself is done just before it: checksums finished, super-segments cut.
#pragma once

#include "stack/core.h"

namespace strata::stack {

// True for frames that every device takes as they are: nearly all.
[[nodiscard]] inline bool fits_every_device(const Packet& frame) {
  return frame.notes().checksum != ChecksumState::kPartial &&
         frame.notes().segment_kind == SegmentKind::kNone;
}

// What becomes of one frame: as much as the longest packet holds of the shortest segments that a
// TCP sends, ours (88 bytes less its options) and Linux's (tcp_min_snd_mss). Who asks for more is
// after the pool.
inline constexpr std::size_t kSegmentsMax = 65'535 / 48;

// Makes `frame`, which begins with its link header, what `capabilities` can carry, and appends the
// result, one frame or several, to `out`. What cannot be made is dropped and counted.
void fit_to_device(Core& core, const DeviceCapabilities& capabilities, PacketPtr frame,
                   PacketQueue& out);

// The same for who has no stack, such as a switch. kNone, or why the frame, or the rest of it, was
// dropped. The first slice of a frame whose checksum must be finished is nobody else's.
[[nodiscard]] DropReason fit_frame(PacketPool& pool, const DeviceCapabilities& capabilities,
                                   PacketPtr frame, PacketQueue& out);

// Before a frame that was made for a longer MTU goes to a device of `mtu`: the segments of TCP
// become shorter, and one that is too long by itself becomes several. Other frames stay as they
// are.
void shorten_segments(Packet& frame, std::size_t mtu);

}  // namespace strata::stack
