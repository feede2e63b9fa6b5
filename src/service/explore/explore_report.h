// SPDX-License-Identifier: Apache-2.0
// What an exploration or a replay has to tell.
#pragma once

#include <string>

#include "service/explore/explore.h"

namespace strata::service {

// How to see a finding again.
struct ReplayCommand {
  std::string file;  // where the trial was written; empty: it could not be
  std::string line;  // the whole command
};

[[nodiscard]] ReplayCommand replay_command(const std::string& lab_path, const Trial& trial);
// What stands in that file: the trial, and for people what it did.
[[nodiscard]] std::string trial_file_text(const std::string& lab_path, const Finding& finding);

[[nodiscard]] std::string exploration_text(const Exploration& exploration,
                                           const ReplayCommand& command);
[[nodiscard]] std::string exploration_json(const Exploration& exploration,
                                           const ReplayCommand& command);
[[nodiscard]] std::string replay_text(const Trial& trial, const TrialVerdict& verdict);
[[nodiscard]] std::string replay_json(const Trial& trial, const TrialVerdict& verdict);

}  // namespace strata::service
