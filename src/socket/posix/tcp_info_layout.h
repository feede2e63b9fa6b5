// SPDX-License-Identifier: Apache-2.0
// Linux's struct tcp_info, filled from what our connections tell.
#pragma once

#include <linux/tcp.h>

#include <cstdint>

#include "strata/tcp_info.h"

namespace strata::posix {

// What newer kernels tell behind the end of the structure in the C library's headers.
struct LinuxTcpInfo : tcp_info {
  std::uint32_t tcpi_rcv_wnd;
  std::uint32_t tcpi_rehash;
  std::uint16_t tcpi_total_rto;
  std::uint16_t tcpi_total_rto_recoveries;
  std::uint32_t tcpi_total_rto_time;
};

// TCP_ESTABLISHED and so on.
[[nodiscard]] std::uint8_t state_number(TcpState state);
[[nodiscard]] LinuxTcpInfo to_linux(const TcpInfo& info);

}  // namespace strata::posix
