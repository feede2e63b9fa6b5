// SPDX-License-Identifier: Apache-2.0
// Bounds, times and choices of the stub resolver.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/siphash.h"
#include "strata/memory.h"
#include "strata/time.h"

namespace strata::dns {

inline constexpr std::size_t kServersMax = 8;
inline constexpr std::size_t kSearchMax = 6;      // as resolv.conf has them
inline constexpr std::size_t kAddressesMax = 16;  // of one family of one name; more are left out
inline constexpr unsigned kAliasesMax = 16;       // CNAMEs in a row, in one answer and over several
inline constexpr unsigned kRedrawsMax = 16;       // of a taken port, before a server is given up
inline constexpr unsigned kStrangersMax = 8;      // answers that do not fit, before TCP is taken
inline constexpr std::uint16_t kPort = 53;
inline constexpr std::size_t kQueryMax = 300;  // length, header, question, OPT
inline constexpr std::uint16_t kUdpPayload =
    1232;  // what no path of 1280 bytes cuts (DNS flag day)

// What an administrator may choose (resolv.conf(5)).
struct Policy {
  Duration timeout_first = std::chrono::seconds(2);  // doubles with each round of all servers
  std::uint8_t rounds = 3;
  std::uint8_t ndots = 1;  // a name with so many dots is first tried as it is
  bool rotate = false;     // begin with another server each time

  friend bool operator==(const Policy&, const Policy&) = default;
};

struct Config {
  Memory* memory = nullptr;  // must outlive the resolver
  SipKey secret{};           // ids, ports, case of letters, hashes
  std::uint32_t lookups_max = 64;
  std::uint32_t cache_entries_max = 1024;
  std::uint32_t hosts_max = 4096;

  Policy policy{};
  Duration stream_timeout = std::chrono::seconds(5);
  // With addresses of one family in hand, how long to wait for the other's.
  Duration second_family_patience = std::chrono::seconds(1);
  // How long a server that fell silent is asked last.
  Duration server_rest = std::chrono::seconds(30);

  bool edns = true;       // RFC 6891
  bool mix_case = false;  // draft-vixie-dnsext-dns0x20

  Duration positive_max = std::chrono::hours(24);
  Duration negative_max = std::chrono::hours(1);  // RFC 2308 5: one to three hours
};

}  // namespace strata::dns
