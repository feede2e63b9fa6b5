// SPDX-License-Identifier: Apache-2.0
// How a user says how a stack speaks TCP: `--tcp-option KEY=VALUE,...`, and the tables of labs. The
// keys are those of [tcp] in a configuration file.
#pragma once

#include <string>
#include <string_view>

#include "service/failure.h"
#include "strata/tcp_config.h"

namespace strata::service {

// One key and its value, both as text; a switch is on, off, true or false.
[[nodiscard]] Outcome<void> apply_tcp_setting(TcpConfig& config, std::string_view key,
                                              std::string_view value);
// "ecn=off,congestion=bbr".
[[nodiscard]] Outcome<void> apply_tcp_settings(TcpConfig& config, std::string_view text);
// "congestion, ecn, ...", for help and complaints.
[[nodiscard]] std::string tcp_setting_names();

}  // namespace strata::service
