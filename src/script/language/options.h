// SPDX-License-Identifier: Apache-2.0
// Options of a script: on the command line, or as `--name=value` at the top of the file.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "strata/address.h"
#include "strata/time.h"

namespace strata::script {

enum class IpVersion : std::uint8_t {
  kIpv4,
  kIpv4Mapped,  // IPv6 sockets, IPv4 packets
  kIpv6,
};

// An address of each family: what a script says for one does not concern its runs in the other.
struct AddressOfFamily {
  std::optional<IpAddress> v4;
  std::optional<IpAddress> v6;
};

struct Options {
  IpVersion ip_version = IpVersion::kIpv4;
  std::uint16_t bind_port = 8080;
  std::uint16_t connect_port = 8080;
  // Where the stack and its peer live. Unspecified: the usual ones of the family.
  AddressOfFamily local_address;
  AddressOfFamily remote_address;
  AddressOfFamily gateway_address;
  unsigned prefix_length = 0;  // 0: the family's usual one
  std::uint16_t mtu = 1500;
  // How long the segments were of which a device has merged an inbound one; 0: it was one.
  std::uint16_t inbound_mss = 0;
  // How far from its time an event may happen: at least `tolerance`, and for long waits this part
  // of the wait.
  Duration tolerance = std::chrono::microseconds(4000);
  double tolerance_percent = 12.5;
  // Non-zero: check that our timestamps tick so.
  Duration timestamp_tick{};
  bool timestamp_echoes_are_live = false;  // inbound `ecr` goes out as it is written
  bool strict_segments = false;            // segments are as long as the script says
  bool packets_may_fail = false;           // --non_fatal=packet
  bool calls_may_fail = false;             // --non_fatal=syscall
  bool only_parse = false;                 // --dry_run
  bool verbose = false;
  std::map<std::string, std::string, std::less<>> definitions;

  // The family of the packets, and of the sockets.
  [[nodiscard]] bool is_wire_v4() const { return ip_version != IpVersion::kIpv6; }
  [[nodiscard]] bool is_socket_v4() const { return ip_version == IpVersion::kIpv4; }
  [[nodiscard]] IpAddress local() const;
  [[nodiscard]] IpAddress remote() const;
  [[nodiscard]] IpAddress gateway() const;
  [[nodiscard]] Prefix local_prefix() const;
};

// Sets what `--name=value` asks for, or says why it cannot be had.
[[nodiscard]] std::expected<void, std::string> apply_option(Options& options, std::string_view name,
                                                            std::string_view value);

}  // namespace strata::script
