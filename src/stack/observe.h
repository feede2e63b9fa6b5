// SPDX-License-Identifier: Apache-2.0
// A stack's sockets, for those who look at a part of them at a time.
#pragma once

#include "strata/inline_function.h"
#include "strata/stack.h"

namespace strata::tcp {
struct SocketRow;
}

namespace strata::stack {

[[nodiscard]] SocketEntry entry_of(const tcp::SocketRow& row);
// All but TCP's, of which strangers may leave a million.
void for_each_other_socket(Core& core, InlineFunction<void(const SocketEntry&)> visit);

}  // namespace strata::stack
