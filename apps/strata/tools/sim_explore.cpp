// SPDX-License-Identifier: Apache-2.0
#include "strata/tools/sim_explore.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <tuple>

#include "service/explore/explore_report.h"
#include "service/explore/trial_run.h"
#include "service/print.h"
#include "strata/cli/complain.h"

namespace strata::app {
namespace {

using service::print;
using service::put;

bool write_trial(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) print(stderr, "strata sim: {}: it cannot be written\n", path);
  return static_cast<bool>(file);
}

}  // namespace

int explore_lab(const SimCommand& command, const service::LabFile& lab,
                const std::function<bool()>& is_over) {
  constexpr std::uint64_t kSeeds = 100;
  service::ExploreOptions options{.first_seed = 1, .last_seed = kSeeds, .jobs = command.jobs};
  if (command.seeds) std::tie(options.first_seed, options.last_seed) = *command.seeds;
  const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
  const auto explored = explore(lab, options, [&](const service::Exploration& so_far) {
    if (is_terminal) print(stderr, "\r{} seeds", so_far.seeds);
    return !is_over();
  });
  if (is_terminal) put(stderr, "\r\033[K");
  if (!explored) return complain("sim", explored.error());
  service::ReplayCommand replay;
  if (explored->finding) {
    replay = service::replay_command(command.lab, explored->finding->trial);
    const std::string text = service::trial_file_text(command.lab, *explored->finding);
    if (!write_trial(replay.file, text)) replay.file.clear();
  }
  put(stdout, command.json ? service::exploration_json(*explored, replay)
                           : service::exploration_text(*explored, replay));
  return explored->finding || !explored->is_whole ? kFailed : kOk;
}

int replay_trial(const SimCommand& command, const service::LabFile& lab) {
  const auto trial = service::read_trial_file(command.replay);
  if (!trial) return complain("sim", trial.error());
  auto run = service::TrialRun::create(lab, *trial);
  if (!run) return complain("sim", run.error());
  if (!command.captures.empty()) {
    if (auto opened = (*run)->capture(command.captures); !opened) {
      return complain("sim", opened.error());
    }
  }
  const service::TrialVerdict verdict = (*run)->run();
  put(stdout,
      command.json ? service::replay_json(*trial, verdict) : service::replay_text(*trial, verdict));
  return verdict.broken == service::Broken::kNothing ? kOk : kFailed;
}

}  // namespace strata::app
