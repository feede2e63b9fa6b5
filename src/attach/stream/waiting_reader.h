// SPDX-License-Identifier: Apache-2.0
// Whether a thread of a program waits in a read at a descriptor, which no notification tells.
#pragma once

#include <sys/types.h>

namespace strata::attach {

// Of the process that `thread` belongs to. Where it cannot be known, the answer is that one does:
// bytes that are held back for nobody are only told too early.
[[nodiscard]] bool reader_waits(pid_t thread, int number);

}  // namespace strata::attach
