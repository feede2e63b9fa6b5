// SPDX-License-Identifier: Apache-2.0
// PacketBatch: up to 64 owned packets, the unit in which devices and hooks speak.
// PacketQueue: any number of owned packets, first in first out, without memory of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "strata/packet.h"

namespace strata {

class PacketBatch {
 public:
  static constexpr std::size_t kCapacity = 64;

  PacketBatch() = default;
  ~PacketBatch() { clear(); }
  PacketBatch(const PacketBatch&) = delete;
  PacketBatch& operator=(const PacketBatch&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t room() const { return kCapacity - size_; }
  [[nodiscard]] std::span<Packet* const> packets() const { return {packets_.data(), size_}; }
  [[nodiscard]] Packet& operator[](std::size_t i) const { return *packets_[i]; }

  void push(PacketPtr packet) {
    STRATA_CHECK(size_ < kCapacity);
    packets_[size_++] = packet.release();
  }
  // Takes packet i out and leaves a hole that take() and clear() skip; compact() closes holes.
  [[nodiscard]] PacketPtr take(std::size_t i) {
    STRATA_CHECK(i < size_);
    return PacketPtr(std::exchange(packets_[i], nullptr));
  }
  void compact();
  // Gives the first `count` packets back to their pool and moves the rest forward.
  void drop_front(std::size_t count);
  void clear() {
    for (Packet* const packet : packets()) {
      if (packet != nullptr) PacketRecycler{}(packet);
    }
    size_ = 0;
  }

 private:
  std::array<Packet*, kCapacity> packets_;
  std::size_t size_ = 0;
};

class PacketQueue {
 public:
  PacketQueue() = default;
  ~PacketQueue() { clear(); }
  PacketQueue(const PacketQueue&) = delete;
  PacketQueue& operator=(const PacketQueue&) = delete;
  PacketQueue(PacketQueue&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)),
        last_(std::exchange(other.last_, nullptr)),
        count_(std::exchange(other.count_, 0)) {}
  PacketQueue& operator=(PacketQueue&& other) noexcept {
    if (this != &other) {
      clear();
      first_ = std::exchange(other.first_, nullptr);
      last_ = std::exchange(other.last_, nullptr);
      count_ = std::exchange(other.count_, 0);
    }
    return *this;
  }

  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] Packet* front() { return first_; }
  [[nodiscard]] const Packet* front() const { return first_; }
  void push(PacketPtr packet) {
    Packet* added = packet.release();
    added->next_in_queue_ = nullptr;
    (last_ == nullptr ? first_ : last_->next_in_queue_) = added;
    last_ = added;
    ++count_;
  }
  [[nodiscard]] PacketPtr pop() {
    if (first_ == nullptr) return nullptr;
    Packet* packet = std::exchange(first_, first_->next_in_queue_);
    packet->next_in_queue_ = nullptr;
    if (first_ == nullptr) last_ = nullptr;
    --count_;
    return PacketPtr(packet);
  }
  void clear() {
    while (pop() != nullptr) {
    }
  }

 private:
  Packet* first_ = nullptr;
  Packet* last_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace strata
