// SPDX-License-Identifier: Apache-2.0
// DHCP messages as whole Ethernet frames, for as long as the interface has no address.
#pragma once

#include <optional>
#include <vector>

#include "strata/address.h"
#include "strata/bytes.h"

namespace strata::service {

// To everybody on the link, from port 68 to port 67.
[[nodiscard]] std::vector<std::byte> dhcp_frame(const MacAddress& source_mac,
                                                const IpAddress& source, Bytes message);
// The payload when the frame carries a whole datagram to port 68.
[[nodiscard]] std::optional<Bytes> dhcp_payload(Bytes frame);

}  // namespace strata::service
