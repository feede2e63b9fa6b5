// SPDX-License-Identifier: Apache-2.0
// Configuration files: TOML with the same keys as the flags.
#pragma once

#include <string>
#include <string_view>

#include "service/failure.h"
#include "service/stack_options.h"

//   gateway = ["10.88.0.1"]          # an array, or one value
//   capture = "all.pcapng"
//   seed = 7
//   control = "/run/strata/x.sock"
//   log = "info"
//   policy = "adaptive"
//   serve = ["echo", "daytime:1313"]
//   dashboard = false                # the page, its API and metrics are left out
//   dashboard_names = ["box.lan"]    # by which browsers may know it, beside addresses
//   dashboard_token = "token"        # a file; without one nothing can be changed over HTTP
//   tls = { certificate = "cert.pem", key = "key.pem" }
//
//   [[device]]
//   spec = "tap:x,host=10.88.0.1/24"
//   address = ["10.88.0.2/24", "fd88::2/64"]
//   mtu = 9000
//
// A failure reads "FILE:LINE: KEY: what was expected". Unknown keys are failures.

namespace strata::service {

[[nodiscard]] Outcome<StackOptions> read_config_file(const std::string& path);
// `path` is what failures call it.
[[nodiscard]] Outcome<StackOptions> read_config_text(std::string_view text,
                                                     const std::string& path);

}  // namespace strata::service
