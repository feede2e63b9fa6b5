// SPDX-License-Identifier: Apache-2.0
// config_reference: every key of a configuration file as a page of Markdown.
#pragma once

#include <string>

#include "service/config/config_key.h"

namespace strata::service {

// docs/configuration.md.
[[nodiscard]] std::string config_reference();

// What holds when a file leaves the key out, as a file would say it; empty: no value says it.
[[nodiscard]] std::string default_of(const ConfigKey& key);
// "at once. Ports open and close; ...".
[[nodiscard]] std::string reload_text(const ConfigKey& key);

}  // namespace strata::service
