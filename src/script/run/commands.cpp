// SPDX-License-Identifier: Apache-2.0
#include "script/run/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "script/language/shell.h"

namespace strata::script {
namespace {

constexpr unsigned kDepthMax = 8;
constexpr unsigned kFilesMax = 64;
constexpr std::string_view kProcSys = "/proc/sys/";
constexpr std::string_view kOfTcp = "net.ipv4.tcp_";

// Every script has a stack of its own here, without remembered metrics, queues or name spaces that
// would have to be brought back into shape.
bool is_true_already(const std::vector<std::string>& words) {
  const std::string& command = words.front();
  if (command == "true" || command == ":" || command == "set" || command == "exit") return true;
  if (command.starts_with("/tmp/sysctl_restore_")) return true;
  if (command == "tc") return words.size() > 1 && words[1] == "qdisc";
  // The device of a script cuts and merges nothing; `on` would be another matter.
  return command == "ethtool" && words.size() > 3 && words[1] == "-K" &&
         std::ranges::find(words, "on") == words.end();
}

}  // namespace

Commands::Done Commands::run(std::string_view text) {
  const auto commands = split_commands(text);
  if (!commands) return refuse(commands.error().text);
  for (const Words& command : *commands) {
    if (const Done done = run_words(command.words); !done) return done;
  }
  return {};
}

Commands::Done Commands::refuse(std::string text) {
  if (depth_ == 0) return std::unexpected("unsupported: " + std::move(text));
  if (notes_.size() < 1000) notes_.push_back(std::move(text));
  return {};
}

Commands::Done Commands::run_words(const std::vector<std::string>& words) {
  const std::string_view command = words.front();
  if (is_true_already(words)) return {};
  if (command == "ip" && words.size() > 2 && words[1] == "tcp_metrics" && words[2] == "flush") {
    forgets_peers_ = true;
    return {};
  }
  if (command == "sysctl" || command == "/sbin/sysctl") {
    std::size_t first = 1;
    while (first < words.size() && words[first].starts_with('-')) ++first;
    return run_sysctl(std::span(words).subspan(first), false);
  }
  if (command.ends_with("set_sysctls.py")) return run_sysctl(std::span(words).subspan(1), true);
  if ((command == "." || command == "source") && words.size() == 2) return run_file(words[1]);
  if (command.ends_with(".sh") && words.size() == 1) return run_file(command);
  std::string whole;
  for (const std::string& word : words) whole += (whole.empty() ? "" : " ") + word;
  return refuse(fmt::format("command `{}`", whole));
}

// `name=value`, or `/proc/sys/net/ipv4/name=value`.
Commands::Done Commands::run_sysctl(std::span<const std::string> assignments, bool are_paths) {
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    std::string name = assignment.substr(0, equals);
    if (equals == std::string::npos || (are_paths && !name.starts_with(kProcSys))) {
      return std::unexpected(fmt::format("sysctl without NAME=VALUE: '{}'", assignment));
    }
    if (are_paths) name.erase(0, kProcSys.size());
    std::ranges::replace(name, '/', '.');
    if (is_frozen_ && !name.starts_with(kOfTcp)) {
      return std::unexpected(fmt::format(
          "unsupported: sysctl {}: only settings of TCP can change once the script has begun",
          assignment));
    }
    const auto applied =
        apply_setting(settings_, name, std::string_view(assignment).substr(equals + 1));
    if (applied) continue;
    const Done done = refuse(fmt::format("sysctl {}: {}", assignment, applied.error()));
    if (!done) return done;
  }
  return {};
}

Commands::Done Commands::run_file(std::string_view path) {
  const auto text = read_file_ ? read_file_(path) : std::nullopt;
  if (!text) return std::unexpected(fmt::format("cannot read '{}'", path));
  if (depth_ == kDepthMax || ++files_ > kFilesMax) {
    return std::unexpected("files that include each other");
  }
  ++depth_;
  const Done done = run(*text);
  --depth_;
  return done;
}

}  // namespace strata::script
