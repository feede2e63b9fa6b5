// SPDX-License-Identifier: Apache-2.0
// Files that links of labs are made of: recorded lines, and samples of jitter.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/failure.h"
#include "strata/sim_link.h"

namespace strata::service {

// As mahimahi has it: a whole number of milliseconds a line, ascending. Empty lines and those that
// begin with '#' are passed over, in both kinds of files. Failures read "FILE:LINE: what".
[[nodiscard]] Outcome<std::shared_ptr<const sim::RateTrace>> read_rate_trace(
    const std::string& path);

// A time a line, as "12.5ms"; a number alone is milliseconds.
[[nodiscard]] Outcome<std::shared_ptr<const std::vector<Duration>>> read_jitter_samples(
    const std::string& path);

}  // namespace strata::service
