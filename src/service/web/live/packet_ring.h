// SPDX-License-Identifier: Apache-2.0
// PacketRing: packets between the cores that see them and the one client that watches them.
#pragma once

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

class PacketRing {
 public:
  static constexpr std::size_t kPacketsMax = 256;

  explicit PacketRing(PacketWish wish) : wish_(std::move(wish)) { packets_.reserve(kPacketsMax); }

  // From the packet path of any core, which never waits: a packet that comes while the ring is
  // read, or finds it full, is missed.
  void offer(SeenPacket&& packet) {
    if (wish_ && !wish_(packet.medium, packet.kept(), packet.size)) return;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || packets_.size() == kPacketsMax) {
      missed_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    packet.number = ++number_;
    packets_.push_back(std::move(packet));
  }
  // From the client's core.
  [[nodiscard]] std::vector<SeenPacket> take() {
    std::vector<SeenPacket> taken;
    taken.reserve(kPacketsMax);
    const std::lock_guard lock(mutex_);
    std::swap(taken, packets_);
    return taken;
  }
  // Since the beginning.
  [[nodiscard]] std::uint64_t missed() const { return missed_.load(std::memory_order_relaxed); }

 private:
  PacketWish wish_;
  std::mutex mutex_;
  std::vector<SeenPacket> packets_;
  std::uint64_t number_ = 0;
  std::atomic<std::uint64_t> missed_{0};
};

}  // namespace strata::service
