// SPDX-License-Identifier: Apache-2.0
// resolv.conf(5): what an administrator says of names.
#pragma once

#include <string_view>

#include "service/names/dns_resolver.h"
#include "strata/names.h"

namespace strata::service {

// Within the bounds of the page: 15 dots, 30 seconds, 5 attempts.
[[nodiscard]] strata::NamesOptions read_resolv_conf(std::string_view text);
// The same in the engine's words; search domains that are no names are left out.
[[nodiscard]] NamesOptions engine_options(const strata::NamesOptions& options);

}  // namespace strata::service
