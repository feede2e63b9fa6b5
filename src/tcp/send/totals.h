// SPDX-License-Identifier: Apache-2.0
// Totals: what a sender remembers from one flight to the next.
#pragma once

#include <array>
#include <cstdint>

#include "strata/tcp_info.h"
#include "strata/time.h"
#include "tcp/send/loss_detection.h"
#include "tcp/send/path_probe.h"
#include "tcp/send/window_use.h"

namespace strata::tcp {

struct Totals {
  // For TcpInfo, whose words these are.
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_retransmitted = 0;
  std::uint64_t bytes_acknowledged = 0;
  std::uint64_t data_segments_sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t delivery_rate = 0;
  std::array<std::uint32_t, kTcpLossCauses> retransmits{};
  std::uint32_t recoveries = 0;
  std::uint32_t timeouts = 0;
  std::uint32_t undone = 0;
  std::uint32_t duplicates_reported = 0;
  std::uint32_t reordering = 0;
  Duration busy{};
  Duration limited_by_peer_window{};
  Duration limited_by_send_buffer{};
  bool rate_is_application_limited = false;

  ReorderingMemory reordering_memory{};
  WindowValidation validation{};
  PathProbe path{};
};

}  // namespace strata::tcp
