// SPDX-License-Identifier: Apache-2.0
// Rings over any Device: whatever a stack can be attached to has rings from the first day.
//
// 1. A frame is a packet of the queue's pool, shown where it lies. A chain is copied into one
// slice.
// 2. A device belongs to one thread and its rings may not: a lock is taken once a batch.
// 3. A checksum that the device does not complete is completed here; a super-segment that it does
//    not cut is discarded and counted.
// 4. A device without a descriptor, and who waits for room, gets a clock that ticks every
//    millisecond.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "strata/device.h"
#include "strata/memory.h"
#include "strata/packet_batch.h"
#include "strata/packet_pool.h"
#include "strata/ring.h"

namespace strata::ring {

// A device with what its two rings share.
class DeviceQueue {
 public:
  [[nodiscard]] static std::shared_ptr<DeviceQueue> make(std::unique_ptr<Device> device,
                                                         std::size_t frames);
  [[nodiscard]] static std::shared_ptr<DeviceQueue> over(Device& device, std::size_t frames);
  DeviceQueue(std::unique_ptr<Device> owned, Device& device, std::size_t frames);
  ~DeviceQueue();
  DeviceQueue(const DeviceQueue&) = delete;
  DeviceQueue& operator=(const DeviceQueue&) = delete;

  // Only while the lock is held.
  [[nodiscard]] std::mutex& mutex() { return mutex_; }
  [[nodiscard]] Device& device() { return device_; }
  [[nodiscard]] PacketPool& pool() { return pool_; }

  // Readable when something may have arrived: the device's, or else the clock's.
  [[nodiscard]] int descriptor() const { return descriptor_ < 0 ? clock_ : descriptor_; }
  // No device tells when it has room.
  [[nodiscard]] int clock() const { return clock_; }
  // Not readable before its next tick.
  void set_clock() const;
  [[nodiscard]] bool needs_clock() const { return descriptor_ < 0; }
  [[nodiscard]] Medium medium() const { return device_.capabilities().medium; }
  [[nodiscard]] std::size_t frame_bytes_max() const;

 private:
  std::mutex mutex_;
  std::unique_ptr<Device> owned_;
  Device& device_;
  HeapMemory memory_;
  PacketPool pool_;
  int descriptor_;
  int clock_;
};

class DeviceReceiver final : public Receiver {
 public:
  DeviceReceiver(std::shared_ptr<DeviceQueue> queue, std::size_t frames);
  ~DeviceReceiver() override;
  DeviceReceiver(const DeviceReceiver&) = delete;
  DeviceReceiver& operator=(const DeviceReceiver&) = delete;

  [[nodiscard]] std::size_t fetch(std::span<Frame> frames) override;
  void release(std::size_t count) override;
  [[nodiscard]] bool prepare_to_sleep() override;
  [[nodiscard]] int descriptor() const override { return queue_->descriptor(); }
  [[nodiscard]] bool is_up() override;
  [[nodiscard]] std::uint64_t drops() const override;

 private:
  // The next packet that arrived, in one slice; null when there is none.
  [[nodiscard]] PacketPtr next_packet();
  [[nodiscard]] bool show(PacketPtr packet, Frame& frame);
  [[nodiscard]] bool has_arrived();

  std::shared_ptr<DeviceQueue> queue_;
  PacketBatch arrived_;
  std::size_t next_ = 0;  // of arrived_
  std::vector<PacketPtr> out_;
  std::uint64_t first_out_ = 0;
  std::uint64_t last_out_ = 0;
  std::uint64_t drops_ = 0;
};

class DeviceTransmitter final : public Transmitter {
 public:
  explicit DeviceTransmitter(std::shared_ptr<DeviceQueue> queue) : queue_(std::move(queue)) {}
  ~DeviceTransmitter() override;
  DeviceTransmitter(const DeviceTransmitter&) = delete;
  DeviceTransmitter& operator=(const DeviceTransmitter&) = delete;

  [[nodiscard]] std::size_t reserve(std::span<Frame> frames, std::size_t frame_bytes) override;
  void commit(std::span<const Frame> frames) override;
  [[nodiscard]] std::size_t copy(std::span<const Frame> frames) override;
  bool sync() override;
  [[nodiscard]] bool prepare_to_sleep() override;
  [[nodiscard]] int descriptor() const override { return queue_->clock(); }
  [[nodiscard]] bool is_up() override;
  [[nodiscard]] std::uint64_t drops() const override;

 private:
  [[nodiscard]] std::size_t room();
  void send(PacketPtr packet, const Offload& offload);
  void push_on();

  std::shared_ptr<DeviceQueue> queue_;
  PacketBatch reserved_;
  PacketBatch waiting_;  // committed, and the device had no room
  std::uint64_t drops_ = 0;
};

}  // namespace strata::ring
