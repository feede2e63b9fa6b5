// SPDX-License-Identifier: Apache-2.0
// PacketRing: packets between the cores that see them and the one client that watches them.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "strata/bytes.h"
#include "strata/device.h"
#include "strata/drop_reason.h"
#include "strata/time.h"

namespace strata::service {

struct SeenPacket {
  static constexpr std::size_t kBytesMax = 256;
  std::uint64_t number = 0;
  Time time{};
  std::string interface{};
  Medium medium = Medium::kEthernet;
  bool is_incoming = false;
  std::size_t size = 0;
  std::size_t count = 0;  // of bytes
  std::array<std::byte, kBytesMax> bytes{};
  std::optional<DropReason> dropped{};
  std::string comment{};  // why, or what TCP has to say of it; mostly empty
  [[nodiscard]] Bytes kept() const { return Bytes(bytes).first(count); }
};

// Answers whether the client wants to see a packet of which these are the first bytes. Called on
// several cores at a time.
using PacketWish = std::function<bool(Medium medium, Bytes bytes, std::size_t size)>;

// A burst is shown whole, and of what goes on and on a sample: there is room for kPacketsMax, and
// each take() makes room for kPacketsPerTake more. So many in a row follow each other on the wire.
class PacketRing {
 public:
  static constexpr std::size_t kPacketsMax = 256;
  static constexpr std::size_t kPacketsPerTake = 50;

  explicit PacketRing(PacketWish wish) : wish_(std::move(wish)) { packets_.reserve(kPacketsMax); }

  // These from the packet path of any core, which never waits.
  [[nodiscard]] bool has_room() const { return room() != 0; }
  [[nodiscard]] std::size_t room() const { return room_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool wants(Medium medium, Bytes bytes, std::size_t size) const {
    return !wish_ || wish_(medium, bytes, size);
  }
  // A packet that comes while the ring is read, or finds no room, is missed: unlooked at, so that
  // nobody knows whether it would have been wanted.
  void offer(SeenPacket&& packet) {
    if (!has_room()) return miss(1);
    if (!wants(packet.medium, packet.kept(), packet.size)) return;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || !has_room()) return miss(1);
    room_.fetch_sub(1, std::memory_order_relaxed);
    packet.number = ++number_;
    packets_.push_back(std::move(packet));
  }
  void miss(std::size_t packets) { missed_.fetch_add(packets, std::memory_order_relaxed); }
  // From the client's core.
  [[nodiscard]] std::vector<SeenPacket> take() {
    std::vector<SeenPacket> taken;
    taken.reserve(kPacketsMax);
    const std::lock_guard lock(mutex_);
    std::swap(taken, packets_);
    room_.store(std::min(room() + kPacketsPerTake, kPacketsMax), std::memory_order_relaxed);
    return taken;
  }
  // Since the beginning.
  [[nodiscard]] std::uint64_t missed() const { return missed_.load(std::memory_order_relaxed); }

 private:
  PacketWish wish_;
  std::mutex mutex_;
  std::vector<SeenPacket> packets_;
  std::uint64_t number_ = 0;
  std::atomic<std::size_t> room_{kPacketsMax};  // written under the lock
  std::atomic<std::uint64_t> missed_{0};
};

}  // namespace strata::service
