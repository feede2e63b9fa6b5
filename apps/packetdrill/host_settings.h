// SPDX-License-Identifier: Apache-2.0
// Settings of the host's name space, which scripts change by shell commands, as our stack's.
#pragma once

#include "script/run/settings.h"

namespace strata::packetdrill {

// net.ipv4.tcp_* as /proc/sys has them now, in so far as we know them.
[[nodiscard]] script::Settings host_settings();

}  // namespace strata::packetdrill
