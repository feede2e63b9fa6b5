// SPDX-License-Identifier: Apache-2.0
// What an interface is called, and what its frames begin with.
#pragma once

#include <string>

#include "strata/device.h"
#include "strata/stack.h"

namespace strata::service {

struct CapturedInterface {
  std::string name;
  Medium medium = Medium::kIp;
};
// Without a name when there is none of this number.
[[nodiscard]] CapturedInterface captured_interface(const Stack& stack, InterfaceId id);

}  // namespace strata::service
