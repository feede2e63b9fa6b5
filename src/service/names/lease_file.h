// SPDX-License-Identifier: Apache-2.0
// A DHCP lease on disk, so that the next start asks for the same address (RFC 2131 3.2).
#pragma once

#include <optional>
#include <string>

#include "dhcp/lease.h"
#include "strata/address.h"
#include "strata/time.h"

//   strata-lease 1
//   mac 02:00:5e:10:00:01
//   address 10.77.0.50/24
//   server 10.77.0.1
//   obtained 1763731200        seconds since 1970
//   lease 3600
//   renewal 1800               T1 and T2, as the server has said them
//   rebinding 3150
//   router 10.77.0.1           and so on: dns, ntp, search, mtu
//   route 10.0.0.0/8 10.77.0.2 by way of 0.0.0.0: on the link itself

namespace strata::service {

// Nothing when there is none, it is of another device, or it cannot be read.
[[nodiscard]] std::optional<dhcp::Lease> read_lease_file(const std::string& path,
                                                         const MacAddress& mac, Time now);
// Replaces the file in one step. False when that fails.
bool write_lease_file(const std::string& path, const MacAddress& mac, const dhcp::Lease& lease,
                      Time now);
void remove_lease_file(const std::string& path);

}  // namespace strata::service
