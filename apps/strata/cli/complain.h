// SPDX-License-Identifier: Apache-2.0
// How every verb says on standard error what went wrong, and what to do about it.
#pragma once

#include <string>
#include <string_view>

#include "service/failure.h"
#include "strata/cli/commands.h"

namespace strata::app {

// Answers kFailed, for the verb to end with. Without a verb it is the program that complains.
ExitStatus complain(std::string_view verb, const service::Failure& failure);
// Why a stack goes by the rootless gateway where nobody asked it to, and what that means.
[[nodiscard]] std::string fallback_text(const service::Failure& reason);

}  // namespace strata::app
