// SPDX-License-Identifier: Apache-2.0
// config_schema: the keys of a configuration file as a JSON schema (draft 2020-12), for editors.
#pragma once

#include <string>

namespace strata::service {

// Lines, with their newlines. What keys may not stand together (config_rules) it does not say.
[[nodiscard]] std::string config_schema();

}  // namespace strata::service
