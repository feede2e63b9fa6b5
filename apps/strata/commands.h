// SPDX-License-Identifier: Apache-2.0
// What a command line means, as plain values: one struct a verb.
#pragma once

#include <variant>

#include "service/stack_options.h"

namespace strata::app {

enum ExitStatus : int { kOk = 0, kFailed = 1, kUsage = 2 };

struct UpCommand {
  service::StackOptions stack;
  bool json = false;
};

using Command = std::variant<UpCommand>;

int run_command(const UpCommand& command);

}  // namespace strata::app
