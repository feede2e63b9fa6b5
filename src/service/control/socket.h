// SPDX-License-Identifier: Apache-2.0
// Control sockets: where those of running stacks are, and how one is opened.
#pragma once

#include <string>
#include <string_view>

#include "service/failure.h"

namespace strata::service {

// NAME.sock in the runtime directory; empty when there is none.
[[nodiscard]] std::string control_path_of(std::string_view name);
// Of the only running stack; a failure lists the choices.
[[nodiscard]] Outcome<std::string> find_control_path(const std::string& directory);

// A non-blocking listener that only its owner can reach. Makes the directory when it is missing,
// and takes the place of a socket that nobody answers on.
[[nodiscard]] Outcome<int> listen_on_unix_socket(const std::string& path);
// A blocking connection.
[[nodiscard]] Outcome<int> connect_to_unix_socket(const std::string& path);

}  // namespace strata::service
