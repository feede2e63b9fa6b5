// SPDX-License-Identifier: Apache-2.0
#include "ring/null_ring.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace strata::ring {
namespace {

constexpr std::size_t kLine = 64;

}  // namespace

FrameStore::FrameStore(std::size_t count, std::size_t bytes)
    : stride_((bytes + kLine - 1) / kLine * kLine), bytes_(count * stride_ + kLine) {
  const auto address = reinterpret_cast<std::uintptr_t>(bytes_.data());
  begin_ = bytes_.data() + (kLine - address % kLine) % kLine;
}

NullReceiver::NullReceiver(Bytes frame, std::uint64_t frames_max, std::size_t frames)
    : frame_(frame.begin(), frame.end()),
      store_(std::bit_ceil(frames), frame.size()),
      mask_(std::bit_ceil(frames) - 1),
      frames_left_(frame.empty() ? 0 : frames_max),
      descriptor_(::eventfd(frames_left_ == 0 ? 0 : 1, EFD_CLOEXEC | EFD_NONBLOCK)) {}

NullReceiver::~NullReceiver() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t NullReceiver::fetch(std::span<Frame> frames) {
  const std::uint64_t count =
      std::min({std::uint64_t{frames.size()}, mask_ + 1 - out_, frames_left_});
  const std::size_t size = frame_.size();
  // Whoever has a frame may write on it, so that each is a copy.
  for (std::size_t i = 0; i < count; ++i) {
    std::byte* const place = store_.at(next_++ & mask_);
    std::memcpy(place, frame_.data(), size);
    frames[i].place(place, size, size);
  }
  out_ += count;
  frames_left_ -= count;
  if (count != 0 && frames_left_ == 0) {
    std::uint64_t value = 0;
    (void)!::read(descriptor_, &value, sizeof(value));
  }
  return count;
}

NullTransmitter::NullTransmitter(std::size_t frames, std::size_t frame_bytes)
    : store_(frames, frame_bytes), descriptor_(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)) {}

NullTransmitter::~NullTransmitter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t NullTransmitter::reserve(std::span<Frame> frames, std::size_t frame_bytes) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    frames[i].place(store_.at(i), frame_bytes, frame_bytes);
  }
  return frames.size();
}

}  // namespace strata::ring
