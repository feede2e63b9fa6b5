// SPDX-License-Identifier: Apache-2.0
// Shell commands of scripts: understood, never executed.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "script/language/shell.h"
#include "script/run/readings.h"
#include "script/run/settings.h"

namespace strata::script {

// The text of a file, by a path relative to the script's folder; nothing when it cannot be read.
using ReadFile = std::function<std::optional<std::string>(std::string_view path)>;

class Commands {
 public:
  Commands(Settings& settings, ReadFile read_file)
      : settings_(settings), read_file_(std::move(read_file)) {}

  // Every command of a back-quoted text. The error begins with "unsupported: " when it is not the
  // script that is at fault.
  [[nodiscard]] std::expected<void, std::string> run(std::string_view text);
  // What files that a script includes ask for and cannot have: they set whole systems up, and few
  // scripts depend on all of it. What a script itself asks for is an error.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  // The stack is about to be made: from now on only TCP's settings can change.
  void freeze() { is_frozen_ = true; }
  // It has been made: commands may ask it.
  void observe(Stack& stack) { readings_.observe(stack); }
  // Whether a command asked, since this was asked last, to forget what TCP knows of other hosts.
  [[nodiscard]] bool take_forgetting() { return std::exchange(forgets_peers_, false); }

 private:
  using Done = std::expected<void, std::string>;
  [[nodiscard]] Done run_words(const Words& simple);
  [[nodiscard]] Done run_pipeline(std::span<const Words> pipeline);
  [[nodiscard]] Done run_echo(const Words& simple);
  [[nodiscard]] Done run_ethtool(const Words& simple);
  [[nodiscard]] Done run_sysctl(std::span<const std::string> assignments, bool are_paths);
  [[nodiscard]] Done run_file(std::string_view path);
  [[nodiscard]] Done refuse(std::string text);

  Settings& settings_;
  Readings readings_;
  ReadFile read_file_;
  unsigned depth_ = 0;  // of files that include files
  unsigned files_ = 0;
  bool is_frozen_ = false;
  bool forgets_peers_ = false;
  std::vector<std::string> notes_;
};

}  // namespace strata::script
