// SPDX-License-Identifier: Apache-2.0
// StackConfig and InterfaceConfig: everything a stack is told before it runs, with its limits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "strata/address.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/tcp_config.h"

namespace strata {

struct StackConfig {
  Memory* memory = nullptr;               // tables and sockets; must outlive the stack
  PacketPool* pool = nullptr;             // packets; several stacks of one thread may share it
  std::uint64_t seed = 0;                 // jitter, ports, identifiers: one seed, one run
  std::array<std::uint64_t, 2> secret{};  // keys every hash and identifier a stranger might guess

  TcpConfig tcp{};

  std::uint8_t hop_limit = 64;
  bool forward_ipv4 = false;
  bool forward_ipv6 = false;
  bool accept_redirects = true;
  bool flow_labels = true;  // RFC 6437: TCP and UDP over IPv6 carry a label of their flow

  // ICMP errors leave at most this often (RFC 1812 4.3.2.8, RFC 4443 2.4 (f)).
  std::uint32_t icmp_errors_per_second = 1000;
  std::uint32_t icmp_errors_burst = 50;
  std::uint32_t icmp_errors_per_second_each = 10;  // to one destination
  std::uint32_t icmp_errors_burst_each = 6;

  // Bounds of the tables. They grow towards these as needed and shrink again.
  std::uint32_t udp_sockets_max = 4096;
  std::uint32_t other_sockets_max = 256;  // ICMP, raw and packet sockets together
  std::uint32_t routes_max = 4096;
  std::uint32_t neighbors_max = 1024;  // per interface
  std::uint32_t path_mtus_max = 1024;
  std::size_t reassembly_bytes_max = std::size_t{4} << 20U;
  std::uint32_t reassembly_datagrams_max = 256;
  std::uint32_t transmit_queue_max = 1024;  // packets waiting for one device
};

// 802.1Q tags an interface puts on what it sends and expects on what it gets, outermost first.
struct VlanTags {
  struct Tag {
    std::uint16_t tpid = 0x8100;
    std::uint16_t id = 0;  // 1 to 4094
    std::uint8_t priority = 0;
    friend constexpr bool operator==(const Tag&, const Tag&) = default;
  };
  std::array<Tag, 2> tags{};
  std::uint8_t count = 0;
  friend constexpr bool operator==(const VlanTags&, const VlanTags&) = default;
};

struct InterfaceConfig {
  std::string_view name;  // up to 15 characters
  std::size_t mtu = 0;    // 0: the device's
  MacAddress mac;         // unspecified: the device's
  bool ipv6 = true;       // make a link-local address and speak IPv6
  bool accept_router_advertisements = true;
  bool detect_duplicates = true;     // DAD (RFC 4862 5.4) and address conflict detection (RFC 5227)
  bool temporary_addresses = false;  // RFC 8981 beside the stable ones
};

}  // namespace strata
