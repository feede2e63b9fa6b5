// SPDX-License-Identifier: Apache-2.0
// A kernel beside us: a namespace of its own with a device, whose other end is ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "bench/peers/network_namespace.h"
#include "strata/address.h"
#include "strata/device.h"

namespace strata::bench {

inline constexpr auto kTapHost = IpAddress::v4(10, 78, 0, 1);   // the kernel's
inline constexpr auto kTapStack = IpAddress::v4(10, 78, 0, 2);  // ours, or another user's
// In front of each frame of a TAP device stands a header of virtio's.
inline constexpr std::size_t kTapPrefix = 12;

// What lies between the kernel and us: a TAP device, or a veth pair whose other end we use beside a
// kernel through a packet socket or AF_XDP.
enum class Line : std::uint8_t { kTap, kPacket, kXdp };

struct TapWorld {
  NetworkNamespace host;
  std::unique_ptr<Device> device;

  // Without offloads the kernel computes every checksum and cuts every segment, too.
  [[nodiscard]] static std::expected<TapWorld, std::string> make(bool offloads,
                                                                 Line line = Line::kTap);
};

}  // namespace strata::bench
