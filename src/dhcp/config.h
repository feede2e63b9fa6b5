// SPDX-License-Identifier: Apache-2.0
// What a DHCP client is told, and the times of RFC 2131.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/siphash.h"
#include "strata/address.h"
#include "strata/time.h"

namespace strata::dhcp {

inline constexpr std::size_t kRoutersMax = 4;
inline constexpr std::size_t kServersMax = 8;  // of names, and of time
inline constexpr std::size_t kSearchMax = 6;
inline constexpr std::size_t kRoutesMax = 32;
inline constexpr std::size_t kMessageMax = 576;  // RFC 2131 2: what every host takes
inline constexpr std::size_t kHostNameMax = 63;

struct Config {
  MacAddress mac{};
  // Which of the interfaces with this MAC address it is, the same at every start (RFC 4361 6.1: the
  // IAID): a server may know all of them, and hold a lease for each.
  std::uint32_t association = 1;
  SipKey secret{};                      // transaction ids, waits
  FixedText<kHostNameMax> host_name{};  // empty: none is told
  bool broadcast = false;               // ask for answers by broadcast (RFC 2131 4.1)

  // RFC 2131 4.1: 4, 8, 16, 32, 64 seconds, each a random second longer or shorter.
  Duration retry_first = std::chrono::seconds(4);
  Duration retry_max = std::chrono::seconds(64);
  Duration retry_spread = std::chrono::seconds(1);
  // RFC 2131 4.4.5: no renewal is repeated sooner.
  Duration renew_retry_min = std::chrono::seconds(60);
  std::uint8_t requests_max = 4;  // for an offer, before discovery begins anew
  std::uint8_t reboots_max = 2;   // for an address of before
  // RFC 2131 3.1 (5): after a conflict.
  Duration decline_wait = std::chrono::seconds(10);
  // RFC 2131 4.4.1: so that hosts started together do not ask together.
  Duration start_spread = std::chrono::seconds(1);
};

}  // namespace strata::dhcp
