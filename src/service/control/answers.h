// SPDX-License-Identifier: Apache-2.0
// What a stack replied over the control socket, for people to read.
#pragma once

#include <string>
#include <string_view>

#include "service/failure.h"

namespace strata::service {

// The first line of an answer: nothing, or why the stack refused.
[[nodiscard]] Outcome<void> parse_control_reply(std::string_view line);
// The devices, a line for each, or their JSON as it is.
[[nodiscard]] Outcome<std::string> render_devices(std::string_view line, bool as_json);
// The interface that a device was added as.
[[nodiscard]] Outcome<std::string> parse_control_added(std::string_view line);
// An explanation in words, a line for each decision; or its JSON as it is.
[[nodiscard]] Outcome<std::string> render_explanation(std::string_view line, bool as_json);
// What has become of a configuration, a line for each key; or its JSON as it is. A failure has what
// was wrong with it, a line for each.
[[nodiscard]] Outcome<std::string> render_reload(std::string_view line, bool as_json);
// The status in words, or its JSON as it is; or of each stack one list of it: "connections",
// "routes", "neighbors", "drops" or "sockets".
[[nodiscard]] Outcome<std::string> render_status(std::string_view line, bool as_json,
                                                 std::string_view part = {});

}  // namespace strata::service
