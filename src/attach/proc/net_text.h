// SPDX-License-Identifier: Apache-2.0
// A file of /proc/net, as it stands now.
#pragma once

#include <span>
#include <string>

#include "attach/client/net_file.h"
#include "attach/netlink/open_sockets.h"
#include "strata/stack.h"
#include "strata/time.h"

namespace strata::attach {

struct NetFacts {
  Stack& stack;
  std::span<const OpenSocket> sockets;  // those of programs
  Time now;
};

[[nodiscard]] std::string net_text(client::NetFile file, const NetFacts& facts);

}  // namespace strata::attach
