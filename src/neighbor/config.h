// SPDX-License-Identifier: Apache-2.0
// The numbers of a neighbour cache: constants of the RFCs and the limits of its tables.
#pragma once

#include <chrono>
#include <cstdint>

#include "strata/rng.h"
#include "strata/time.h"

namespace strata::neighbor {

using std::chrono::milliseconds;
using std::chrono::seconds;

// RFC 4861 10 and RFC 7048 3, for both families: RFC 1122 2.3.2.1 wants the same of ARP.
struct ReachabilityConfig {
  Duration reachable_time_base = seconds(30);
  Ratio random_factor_min{1, 2};                           // MIN_RANDOM_FACTOR
  Ratio random_factor_max{3, 2};                           // MAX_RANDOM_FACTOR
  Duration reachable_time_redraw = std::chrono::hours(2);  // 6.3.4: "at least every few hours"
  Duration retransmit_timer = seconds(1);
  Duration delay_first_probe = seconds(5);
  std::uint8_t multicast_solicitations_max = 3;
  std::uint8_t unicast_solicitations_max = 3;
  // RFC 7048: after these an unreachable neighbour loses its link-layer address. The interval
  // starts at the retransmission timer and grows by the factor up to the limit.
  std::uint8_t unreachable_solicitations_max = 3;
  std::uint8_t backoff_multiple = 3;
  Duration retransmit_timer_max = seconds(60);
  // How long packets to a silent address are refused at once, doubling up to the limit.
  Duration negative_hold = seconds(1);
  Duration negative_hold_max = seconds(16);
};

// RFC 4862 5.1 and 5.4, RFC 7527, RFC 4861 7.2.6.
struct DuplicateDetectionConfig {
  std::uint8_t transmits = 1;             // DupAddrDetectTransmits; 0 turns the check off
  Duration first_delay_max = seconds(1);  // MAX_RTR_SOLICITATION_DELAY
  std::uint8_t loopback_transmits = 3;    // RFC 7527 4.2: MAX_MULTICAST_SOLICIT more
  std::uint8_t announcements = 3;         // MAX_NEIGHBOR_ADVERTISEMENT
  Duration reply_delay_max = seconds(1);  // MAX_ANYCAST_DELAY_TIME, for proxied addresses
};

// RFC 5227 1.1.
struct ConflictDetectionConfig {
  std::uint8_t probes = 3;  // PROBE_NUM; 0 turns the check off
  Duration probe_wait = seconds(1);
  Duration probe_interval_min = seconds(1);
  Duration probe_interval_max = seconds(2);
  Duration announce_wait = seconds(2);
  std::uint8_t announcements = 2;
  Duration announce_interval = seconds(2);
  std::uint8_t conflicts_max = 10;
  Duration rate_limit_interval = seconds(60);
  Duration defend_interval = seconds(10);
};

struct Config {
  ReachabilityConfig reachability{};
  DuplicateDetectionConfig duplicate_detection{};
  ConflictDetectionConfig conflict_detection{};

  std::uint32_t entries_max = 1024;
  std::uint32_t packets_max = 256;  // waiting in all
  // Waiting for one neighbour: two of the longest datagrams, in fragments. A host that has only
  // just been brought up may answer the second solicitation, not the first.
  std::uint32_t packets_per_entry_max = 96;
  std::uint32_t own_addresses_max = 64;
  std::uint32_t proxies_max = 16;
  std::uint32_t proxy_replies_max = 32;  // waiting for their random delay
  std::uint32_t routers_max = 16;        // configured, and as many discovered

  // A neighbour that proved itself and was used this recently is not shed for a new one.
  Duration protected_for = seconds(60);
  // All solicitations together, as a token bucket (RFC 6583 6.2): scans cause no storm.
  std::uint32_t solicitations_per_second = 500;
  std::uint32_t solicitations_burst = 64;
};

}  // namespace strata::neighbor
