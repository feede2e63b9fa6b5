// SPDX-License-Identifier: Apache-2.0
// Which sockets programs have, as sock_diag(7) tells it to `ss` and its like.
#pragma once

#include <linux/inet_diag.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "attach/netlink/message.h"
#include "socket/posix/file.h"
#include "strata/time.h"

namespace strata::attach {

struct OpenSocket {
  posix::File* file = nullptr;
  std::uint64_t cookie = 0;
  // Of the descriptor that programs hold: /proc/PID/fd leads to it.
  std::uint64_t inode = 0;
  // Beside what the file itself has; of a listener: how many wait, and how many may.
  std::size_t inward = 0;
  std::size_t outward = 0;
};

// Asked anew for each question; what is told lives as long as the question.
using OpenSockets = std::function<std::vector<OpenSocket>()>;

// 0, or minus an errno: -ENOENT for protocols of which nobody here can tell. Filters
// behind the request (INET_DIAG_REQ_BYTECODE) are for who asks to apply, as `ss` does.
[[nodiscard]] int write_open_sockets(const std::vector<OpenSocket>& all,
                                     const inet_diag_req_v2& wanted, Time now,
                                     MessageWriter& writer);

}  // namespace strata::attach
