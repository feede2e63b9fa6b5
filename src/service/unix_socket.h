// SPDX-License-Identifier: Apache-2.0
// Unix sockets with failures in words.
#pragma once

#include <string>

#include "service/failure.h"

namespace strata::service {

// A non-blocking listener that only its owner can reach. Makes the directory when it is missing,
// and takes the place of a socket that nobody answers on.
[[nodiscard]] Outcome<int> listen_on_unix_socket(const std::string& path);
// A blocking connection.
[[nodiscard]] Outcome<int> connect_to_unix_socket(const std::string& path);

}  // namespace strata::service
