// SPDX-License-Identifier: Apache-2.0
// Settings: what a script's sysctls mean for our stack.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "strata/stack_config.h"
#include "strata/tcp_config.h"

namespace strata::script {

struct Settings {
  StackConfig stack;
  TcpConfig tcp;
};

// Settings as Linux has them from the start, in so far as scripts rely on them.
[[nodiscard]] Settings usual_settings();

// The names that apply_setting() knows.
[[nodiscard]] std::vector<std::string_view> setting_names();

// Does what `name=value` asks for, or says why it cannot be had.
[[nodiscard]] std::expected<void, std::string> apply_setting(Settings& settings,
                                                             std::string_view name,
                                                             std::string_view value);

}  // namespace strata::script
