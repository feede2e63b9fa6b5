// SPDX-License-Identifier: Apache-2.0
// Linux's struct tcp_info, filled from what our connections tell.
#pragma once

#include <linux/tcp.h>

#include "strata/tcp_info.h"

namespace strata::posix {

[[nodiscard]] tcp_info to_linux(const TcpInfo& info);

}  // namespace strata::posix
