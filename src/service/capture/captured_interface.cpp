// SPDX-License-Identifier: Apache-2.0
#include "service/capture/captured_interface.h"

namespace strata::service {

CapturedInterface captured_interface(const Stack& stack, InterfaceId id) {
  CapturedInterface found;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id != id) return;
    found.name = std::string(entry.name.view());
    if (!entry.mac.is_unspecified()) found.medium = Medium::kEthernet;
  });
  return found;
}

}  // namespace strata::service
