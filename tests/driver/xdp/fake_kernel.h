// SPDX-License-Identifier: Apache-2.0
// The kernel's side of an AF_XDP socket, for tests that need it to misbehave.
#pragma once

#include <linux/if_xdp.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "driver/xdp/queue.h"
#include "strata/bytes.h"

namespace strata::driver::xdp {

template <typename Entry>
class FakeRing {
 public:
  static constexpr std::uint32_t kSize = 16;

  [[nodiscard]] RingMemory memory() {
    return {&producer_, &consumer_, &flags_, entries_.data(), kSize};
  }
  void start_at(std::uint32_t index) { producer_ = consumer_ = index; }
  // As the other side: what we published, what we gave room for.
  [[nodiscard]] std::optional<Entry> take() {
    if (consumer_ == producer_) return std::nullopt;
    return entries_[consumer_++ % kSize];
  }
  void put(const Entry& entry) { entries_[producer_++ % kSize] = entry; }
  [[nodiscard]] std::uint32_t count() const { return producer_ - consumer_; }

 private:
  std::uint32_t producer_ = 0;
  std::uint32_t consumer_ = 0;
  std::uint32_t flags_ = 0;
  std::array<Entry, kSize> entries_{};
};

// A queue over memory of ours, with us as the kernel behind it.
class FakeKernel {
 public:
  static constexpr std::size_t kChunkBytes = 2048;
  static constexpr std::size_t kHeadroomBytes = 256;

  explicit FakeKernel(std::size_t chunks = 32)
      : umem(Umem::make(chunks * kChunkBytes, kChunkBytes)), chunks_(chunks) {}

  [[nodiscard]] Queue queue(const QueueTraits& traits = {.needs_wakeup = true}) {
    return Queue(Descriptor(), {},
                 {fill.memory(), completion.memory(), receive.memory(), transmit.memory()},
                 Frames::make(umem, 0, chunks_), traits);
  }
  // A frame arrives. False when no chunk was given for it.
  bool deliver(Bytes bytes, std::uint32_t options = 0) {
    const auto address = fill.take();
    if (!address) return false;
    std::memcpy(umem->memory() + *address + kHeadroomBytes, bytes.data(), bytes.size());
    receive.put({.addr = *address + kHeadroomBytes,
                 .len = static_cast<std::uint32_t>(bytes.size()),
                 .options = options});
    return true;
  }
  // A chunk to send is taken and said to be sent.
  [[nodiscard]] std::optional<Bytes> send() {
    const auto frame = transmit.take();
    if (!frame) return std::nullopt;
    completion.put(frame->addr);
    return Bytes(umem->memory() + frame->addr, frame->len);
  }

  std::shared_ptr<Umem> umem;
  FakeRing<std::uint64_t> fill;
  FakeRing<std::uint64_t> completion;
  FakeRing<xdp_desc> receive;
  FakeRing<xdp_desc> transmit;

 private:
  std::size_t chunks_;
};

}  // namespace strata::driver::xdp
