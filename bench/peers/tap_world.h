// SPDX-License-Identifier: Apache-2.0
// A kernel beside us: a namespace of its own with a TAP device, whose other end is ours.
#pragma once

#include <cstddef>
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

struct TapWorld {
  NetworkNamespace host;
  std::unique_ptr<Device> device;

  [[nodiscard]] static std::expected<TapWorld, std::string> make(bool offloads);
};

}  // namespace strata::bench
