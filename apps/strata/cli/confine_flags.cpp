// SPDX-License-Identifier: Apache-2.0
#include "strata/cli/confine_flags.h"

#include <fmt/format.h>

namespace strata::app {

void add_confine_flags(Flags& verb, runtime::ConfineOptions& options) {
  verb.add_option("--user", options.user,
                  fmt::format("whom root becomes once all is open (default {}, where it can)",
                              runtime::kDefaultUser))
      ->type_name("NAME")
      ->group("Privileges");
  verb.add_flag(
          "--no-confine", [&options] { options.is_wanted = false; },
          "keep all privileges, files and system calls: for debugging")
      ->group("Privileges");
}

}  // namespace strata::app
