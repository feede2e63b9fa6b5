// SPDX-License-Identifier: Apache-2.0
// Crossbar: what the cores of a host share for one device.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/cores/bells.h"
#include "runtime/cores/handover_ring.h"
#include "runtime/cores/port_claims.h"
#include "runtime/cores/steering.h"
#include "strata/device.h"

//          device with queues                    device with one queue
//
//     queue 0        queue 1                    queue 0
//        │              │                          │
//   SteeredDevice  SteeredDevice             SteeredDevice <──departing── SteeredDevice
//        │  ╲        ╱  │                          │       ───arrived───>      │
//        │   ring  ring │                          │                           │
//      stack          stack                      stack                       stack
//
// A ring for each ordered pair of cores; the pair (k, k) has one that is never used.

namespace strata::runtime {

struct CrossbarOptions {
  std::uint16_t cores = 1;
  std::uint16_t queues = 1;  // core k below it has one; the others send by core k mod queues
  DeviceCapabilities capabilities{};  // of every queue
  std::size_t ring_packets = 512;
};

class Crossbar {
 public:
  // Both must outlive it.
  Crossbar(const CrossbarOptions& options, const PortClaims& claims, Bells& bells);
  Crossbar(const Crossbar&) = delete;
  Crossbar& operator=(const Crossbar&) = delete;

  [[nodiscard]] std::uint16_t cores() const { return options_.cores; }
  [[nodiscard]] const DeviceCapabilities& capabilities() const { return options_.capabilities; }
  [[nodiscard]] const Steering& steering() const { return steering_; }
  [[nodiscard]] Bells& bells() { return bells_; }
  [[nodiscard]] bool has_queue(std::uint16_t core) const { return core < options_.queues; }
  // The core whose queue sends what this one has to send.
  [[nodiscard]] std::uint16_t gate_of(std::uint16_t core) const {
    return static_cast<std::uint16_t>(core % options_.queues);
  }
  [[nodiscard]] HandoverRing& ring(std::uint16_t from, std::uint16_t to) {
    return *rings_[std::size_t{from} * options_.cores + to];
  }
  // Cores without a queue go by what the first queue says.
  void set_up(bool is_up) {
    if (is_up_.load(std::memory_order_relaxed) != is_up) is_up_.store(is_up);
  }
  [[nodiscard]] bool is_up() const { return is_up_.load(std::memory_order_relaxed); }

  // What is under way goes back to its pools. When no core works any more, and before pools end.
  void clear();

 private:
  CrossbarOptions options_;
  Steering steering_;
  Bells& bells_;
  std::vector<std::unique_ptr<HandoverRing>> rings_;
  alignas(64) std::atomic<bool> is_up_{true};
};

}  // namespace strata::runtime
