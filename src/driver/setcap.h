// SPDX-License-Identifier: Apache-2.0
// The command that gives this program a capability, for the hints of errors.
#pragma once

#include <string>
#include <string_view>

namespace strata::driver {

// setcap_command("cap_net_raw"): "sudo setcap cap_net_raw+ep /usr/bin/strata"
[[nodiscard]] std::string setcap_command(std::string_view capabilities);

}  // namespace strata::driver
