// SPDX-License-Identifier: Apache-2.0
// The rings of `null:`: they discard, and with frame=HEX find that frame again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "strata/bytes.h"
#include "strata/ring.h"

namespace strata::ring {

// Room for `count` frames of `bytes` each, every one on cache lines of its own.
class FrameStore {
 public:
  FrameStore(std::size_t count, std::size_t bytes);
  [[nodiscard]] std::byte* at(std::size_t which) { return begin_ + which * stride_; }

 private:
  std::size_t stride_;
  std::vector<std::byte> bytes_;
  std::byte* begin_;
};

class NullReceiver final : public Receiver {
 public:
  NullReceiver(Bytes frame, std::uint64_t frames_max, std::size_t frames);
  ~NullReceiver() override;
  NullReceiver(const NullReceiver&) = delete;
  NullReceiver& operator=(const NullReceiver&) = delete;

  [[nodiscard]] std::size_t fetch(std::span<Frame> frames) override;
  void release(std::size_t count) override { out_ -= count; }
  [[nodiscard]] bool prepare_to_sleep() override { return frames_left_ == 0; }
  [[nodiscard]] int descriptor() const override { return descriptor_; }
  [[nodiscard]] bool is_up() override { return true; }

 private:
  std::vector<std::byte> frame_;
  FrameStore store_;
  std::size_t mask_;
  std::uint64_t next_ = 0;
  std::uint64_t out_ = 0;
  std::uint64_t frames_left_;
  int descriptor_;  // readable for as long as there are frames
};

class NullTransmitter final : public Transmitter {
 public:
  NullTransmitter(std::size_t frames, std::size_t frame_bytes);
  ~NullTransmitter() override;
  NullTransmitter(const NullTransmitter&) = delete;
  NullTransmitter& operator=(const NullTransmitter&) = delete;

  [[nodiscard]] std::size_t reserve(std::span<Frame> frames, std::size_t frame_bytes) override;
  void commit(std::span<const Frame> /*frames*/) override {}
  [[nodiscard]] std::size_t copy(std::span<const Frame> frames) override { return frames.size(); }
  [[nodiscard]] bool prepare_to_sleep() override { return false; }
  [[nodiscard]] int descriptor() const override { return descriptor_; }
  [[nodiscard]] bool is_up() override { return true; }

 private:
  FrameStore store_;
  int descriptor_;
};

}  // namespace strata::ring
