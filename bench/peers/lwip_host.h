// SPDX-License-Identifier: Apache-2.0
// lwIP 2.1.3 as Debian builds it, driven by one thread through its raw API.
//
// Debian's build takes packets and buffers from malloc, locks where it protects itself, and offers
// a TCP window of 64 KB (TCP_WND 65535): figures beside it say what a program linking that library
// gets, not the best that lwIP can be configured for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "bench/harness/benchmark.h"

namespace strata::bench {

// UDP echo between two interfaces of one lwIP over a link in memory that copies each frame once:
// million passes through the stack a second, four for each echo, as for our own.
[[nodiscard]] Entry lwip_udp_echo(std::size_t payload, std::size_t burst);

// lwIP on a frame descriptor, such as a TAP device: answers ICMP echo by itself.
class LwipOnDescriptor {
 public:
  virtual ~LwipOnDescriptor() = default;
  // Takes in one frame, if there is one, and answers it; whether there was one.
  virtual bool turn() = 0;

  // The descriptor stays the caller's. Address as "10.0.0.2", in a /24. Before each frame stand
  // `prefix` bytes that lwIP does not look at: the header of a TAP device with offloads.
  [[nodiscard]] static std::expected<std::unique_ptr<LwipOnDescriptor>, std::string> attach(
      int descriptor, std::size_t prefix, const std::string& address);
};

// One checksum as lwIP computes it; 0 where the library is missing.
[[nodiscard]] std::uint16_t lwip_checksum(const void* bytes, int size);
[[nodiscard]] bool has_lwip();

}  // namespace strata::bench
