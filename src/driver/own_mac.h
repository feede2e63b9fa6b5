// SPDX-License-Identifier: Apache-2.0
// The MAC address of a device that may be bridged to a LAN, where other machines have devices of
// the same name.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "strata/address.h"

namespace strata::driver {

// The same at every start on this machine, and another elsewhere. Without a machine-id(5), as in
// many a container, mac_for_name().
[[nodiscard]] MacAddress own_mac(std::string_view name);
// Before files are closed to this process: afterwards addresses are still the same.
void learn_machine();

// On the machine whose machine-id(5) this is. Nobody learns the id from addresses: it is the key
// of a keyed hash, as that page asks of what goes to a network.
[[nodiscard]] MacAddress mac_on_machine(std::string_view machine_id, std::string_view name);
// The first of these files that holds an id; else empty.
[[nodiscard]] std::string read_machine_id(std::initializer_list<const char*> files);

}  // namespace strata::driver
