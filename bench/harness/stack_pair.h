// SPDX-License-Identifier: Apache-2.0
// Stacks for contestants: one with its memory and pool, and two at the ends of a memory link.
#pragma once

#include <array>

#include "bench/harness/allocations.h"
#include "strata/devices.h"
#include "strata/stack.h"

namespace strata::bench {

inline constexpr std::array<IpAddress, 2> kPairAddresses{IpAddress::v4(10, 9, 0, 1),
                                                         IpAddress::v4(10, 9, 0, 2)};

// A stack and what it stands on. Calls that fail are mistakes of the benchmark: STRATA_CHECK.
class Host {
 public:
  explicit Host(const PacketPoolConfig& pool = {});
  // An interface that has its address at once, without asking the link whether it is free.
  InterfaceId attach(Device& device, const Prefix& address, Time now);

  [[nodiscard]] Stack& stack() { return stack_; }
  [[nodiscard]] PacketPool& pool() { return pool_; }
  [[nodiscard]] const CountingMemory& memory() const { return memory_; }
  void turn(Time now) {
    stack_.poll(now);
    stack_.flush(now);
  }

 private:
  CountingMemory memory_;
  PacketPool pool_;
  Stack stack_;
};

// hosts[0] has kPairAddresses[0] and so on, in one /24.
class StackPair {
 public:
  explicit StackPair(const MemoryLinkOptions& link);
  ~StackPair() { link_.clear(); }
  StackPair(const StackPair&) = delete;
  StackPair& operator=(const StackPair&) = delete;

  [[nodiscard]] Host& operator[](std::size_t which) { return hosts_[which]; }
  [[nodiscard]] std::uint64_t allocations() const {
    return hosts_[0].memory().allocations() + hosts_[1].memory().allocations();
  }

 private:
  std::array<Host, 2> hosts_;
  MemoryLink link_;
};

}  // namespace strata::bench
