// SPDX-License-Identifier: Apache-2.0
// What this process may do on this host, asked without changing anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace strata {

enum class Permission : std::uint8_t {
  kTunDevice,       // /dev/net/tun can be opened
  kNetAdmin,        // CAP_NET_ADMIN: make TAP devices, set addresses
  kNetRaw,          // CAP_NET_RAW: packet sockets
  kXdpSockets,      // this kernel has AF_XDP sockets, and lets us open one
  kBpf,             // CAP_BPF or CAP_SYS_ADMIN: load an XDP program
  kLockedMemory,    // RLIMIT_MEMLOCK leaves room for rings
  kHostSockets,     // ordinary sockets of the internet families: all that `rootless` needs
  kPingSockets,     // net.ipv4.ping_group_range has a group of ours: echo requests
  kUserNamespaces,  // an unprivileged process may make one, and be root inside
};

struct PermissionState {
  Permission permission;
  bool is_granted = false;
  std::string detail;  // what was found
  std::string remedy;  // the one command that grants it; empty when granted
};

[[nodiscard]] std::string_view to_text(Permission permission);
[[nodiscard]] PermissionState probe(Permission permission);
[[nodiscard]] std::vector<PermissionState> probe_permissions();  // all of them

}  // namespace strata
