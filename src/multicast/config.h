// SPDX-License-Identifier: Apache-2.0
// The numbers of group membership: RFC 3376 8 and RFC 3810 9, and the limits of its tables.
#pragma once

#include <chrono>
#include <cstdint>

#include "strata/time.h"

namespace strata::multicast {

// The newest version to speak. Older queriers lower it for a while (RFC 3376 7.2.1).
enum class IgmpVersion : std::uint8_t { kV1 = 1, kV2 = 2, kV3 = 3 };
enum class MldVersion : std::uint8_t { kV1 = 1, kV2 = 2 };

struct Config {
  IgmpVersion igmp_version = IgmpVersion::kV3;
  MldVersion mld_version = MldVersion::kV2;

  // Until a querier tells its own.
  std::uint8_t robustness = 2;
  Duration query_interval = std::chrono::seconds(125);
  Duration query_response_interval = std::chrono::seconds(10);
  Duration unsolicited_report_interval = std::chrono::seconds(1);
  Duration unsolicited_report_interval_old = std::chrono::seconds(10);  // versions 1 and 2

  std::uint32_t groups_max = 64;              // different groups on this interface
  std::uint32_t memberships_max = 256;        // pairs of socket and group
  std::uint32_t sources_max = 1024;           // over all memberships
  std::uint32_t sources_per_filter_max = 64;  // of one socket in one group
  std::uint32_t message_bytes_max = 1500;     // reports are split to fit; set_mtu lowers it
};

}  // namespace strata::multicast
