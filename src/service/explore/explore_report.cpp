// SPDX-License-Identifier: Apache-2.0
#include "service/explore/explore_report.h"

#include <fmt/format.h>

#include <filesystem>

#include "service/json_text.h"

namespace strata::service {
namespace {

std::string verdict_sentence(const TrialVerdict& verdict) {
  std::string text(to_text(verdict.broken));
  if (!verdict.text.empty()) text += ": " + verdict.text;
  return text;
}

// "3 faults and choices", and of one the singular.
std::string count_items(std::size_t count) {
  return count == 1 ? "one fault or choice" : fmt::format("{} faults and choices", count);
}

std::string items_json(const std::vector<TrialItem>& items) {
  std::string text;
  for (const TrialItem& item : items) {
    text += (text.empty() ? "" : ", ") + json_string(to_text(item));
  }
  return "[" + text + "]";
}

std::string verdict_json(const Trial& trial, const TrialVerdict& verdict) {
  return fmt::format(
      "\"seed\": {}, \"broken\": {}, \"text\": {}, \"packet_hash\": \"{:016x}\", \"items\": {}",
      trial.seed, json_string(to_text(verdict.broken)), json_string(verdict.text),
      verdict.packet_hash, items_json(trial.items));
}

}  // namespace

ReplayCommand replay_command(const std::string& lab_path, const Trial& trial) {
  const std::string stem = std::filesystem::path(lab_path).stem().string();
  ReplayCommand command;
  command.file = fmt::format("{}.seed{}.trial", stem, trial.seed);
  command.line = fmt::format("strata sim {} --replay {}", lab_path, command.file);
  return command;
}

std::string trial_file_text(const std::string& lab_path, const Finding& finding) {
  return fmt::format("# {}: {}\n# packet hash {:016x}\n{}", lab_path,
                     verdict_sentence(finding.verdict), finding.verdict.packet_hash,
                     to_text(finding.trial));
}

std::string exploration_text(const Exploration& exploration, const ReplayCommand& command) {
  if (!exploration.finding) {
    return fmt::format("{} seeds, {}, {:.1f} MB moved: nothing is broken{}\n", exploration.seeds,
                       count_items(exploration.items), static_cast<double>(exploration.bytes) / 1e6,
                       exploration.is_whole ? "" : " (stopped before the end)");
  }
  const Finding& finding = *exploration.finding;
  std::string text =
      fmt::format("seed {}: {}\n", finding.trial.seed, verdict_sentence(finding.verdict));
  text += fmt::format("{}, shrunk to {} in {} trials:\n", count_items(finding.items_drawn),
                      finding.trial.items.size(), finding.trials);
  for (const TrialItem& item : finding.trial.items) text += "  " + to_text(item) + "\n";
  text += fmt::format("packet hash {:016x}\n", finding.verdict.packet_hash);
  if (!command.file.empty()) text += command.line + "\n";
  return text;
}

std::string exploration_json(const Exploration& exploration, const ReplayCommand& command) {
  std::string found = "null";
  if (exploration.finding) {
    const Finding& finding = *exploration.finding;
    found = fmt::format("{{{}, \"items_drawn\": {}, \"trials\": {}, \"replay\": {}}}",
                        verdict_json(finding.trial, finding.verdict), finding.items_drawn,
                        finding.trials, json_string(command.file.empty() ? "" : command.line));
  }
  return fmt::format(
      "{{\"seeds\": {}, \"items\": {}, \"bytes\": {}, \"is_whole\": {}, \"finding\": {}}}\n",
      exploration.seeds, exploration.items, exploration.bytes, exploration.is_whole, found);
}

std::string replay_text(const Trial& trial, const TrialVerdict& verdict) {
  return fmt::format("seed {}, {}: {}\npacket hash {:016x}\n", trial.seed,
                     count_items(trial.items.size()), verdict_sentence(verdict),
                     verdict.packet_hash);
}

std::string replay_json(const Trial& trial, const TrialVerdict& verdict) {
  return fmt::format("{{{}}}\n", verdict_json(trial, verdict));
}

}  // namespace strata::service
