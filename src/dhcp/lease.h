// SPDX-License-Identifier: Apache-2.0
// Lease: what a DHCP server grants, read from its acknowledgement.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "dhcp/config.h"
#include "strata/address.h"
#include "strata/time.h"
#include "strata/wire/dhcp_options.h"
#include "strata/wire/dns_name.h"

namespace strata::dhcp {

// As many values as there is room for; more are left out.
template <typename T, std::size_t kMax>
struct Few {
  std::array<T, kMax> values{};
  std::uint8_t count = 0;

  void add(const T& value) {
    if (count < kMax) values[count++] = value;
  }
  [[nodiscard]] std::span<const T> span() const { return {values.data(), count}; }
};

struct Lease {
  Prefix address{};                        // with the subnet's length
  IpAddress server = IpAddress::any_v4();  // option 54
  Few<IpAddress, kRoutersMax> routers{};
  Few<wire::DhcpRoute, kRoutesMax> routes{};  // RFC 3442; with any, routers do not count
  Few<IpAddress, kServersMax> name_servers{};
  Few<IpAddress, kServersMax> time_servers{};
  Few<wire::DnsName, kSearchMax> search{};
  std::uint16_t mtu = 0;  // 0: nothing was said
  std::uint32_t lease_s = 0;
  std::uint32_t renewal_s = 0;  // T1 and T2 as the server says; 0: it says nothing
  std::uint32_t rebinding_s = 0;
  Time obtained{};  // when the request was sent (RFC 2131 4.4.1)

  [[nodiscard]] bool is_forever() const { return lease_s == 0xffff'ffff; }
  [[nodiscard]] Time expires() const {
    return is_forever() ? kNever : obtained + std::chrono::seconds(lease_s);
  }
  // RFC 2131 4.4.5: T1 before T2 before the end; what is not so was not said.
  void set_times(std::uint32_t renewal, std::uint32_t rebinding);
};

// Nothing when the message lacks what a lease must have: a usable address, a server, a time.
[[nodiscard]] std::optional<Lease> read_lease(const wire::DhcpView& message,
                                              const wire::DhcpOptions& options, Time sent);

// RFC 1122 3.2.1.3: an address that a host may have.
[[nodiscard]] bool is_host_address(const IpAddress& address);
// The same in its subnet, whose first and last address are nobody's.
[[nodiscard]] bool is_host_address(const Prefix& address);
// RFC 2132 5.1: the least MTU that can be told.
inline constexpr std::uint16_t kMtuMin = 68;

}  // namespace strata::dhcp
