// SPDX-License-Identifier: Apache-2.0
// PortClaims: which core gets the datagrams of a UDP port that one core alone holds.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/flow_share.h"

// A byte for each port, read for each datagram and written when the first socket of a core takes a
// port or the last one leaves it: lines that nobody writes are held by all cores at once.
//
//   0       nobody, or every core: the flow's hash decides
//   k + 1   core k; of several that are not all, the lowest

namespace strata::runtime {

class PortClaims {
 public:
  explicit PortClaims(std::uint16_t cores);
  PortClaims(const PortClaims&) = delete;
  PortClaims& operator=(const PortClaims&) = delete;

  // For FlowShare::udp_ports of that core's stack.
  [[nodiscard]] PortHolders& of(std::uint16_t core) { return *watches_[core]; }
  // None: as the hash has it.
  [[nodiscard]] std::optional<std::uint16_t> sole_holder(std::uint16_t port) const {
    const std::uint8_t claim = claims_[port].load(std::memory_order_acquire);
    if (claim == 0) return std::nullopt;
    return static_cast<std::uint16_t>(claim - 1);
  }

 private:
  // Counts a core's sockets on each port; only the first and the last change anything for others.
  class Watch final : public PortHolders {
   public:
    Watch(PortClaims& claims, std::uint16_t core) : claims_(claims), core_(core) {}
    void on_hold(std::uint16_t port) override;
    void on_let_go(std::uint16_t port) override;

   private:
    PortClaims& claims_;
    std::uint16_t core_;
    std::unordered_map<std::uint16_t, std::uint32_t> sockets_;
  };

  void change(std::uint16_t port, std::uint16_t core, bool holds);

  std::vector<std::unique_ptr<Watch>> watches_;
  std::mutex mutex_;
  std::unordered_map<std::uint16_t, std::vector<bool>> holders_;
  alignas(64) std::array<std::atomic<std::uint8_t>, 65536> claims_{};
};

}  // namespace strata::runtime
