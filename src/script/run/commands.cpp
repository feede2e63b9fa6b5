// SPDX-License-Identifier: Apache-2.0
#include "script/run/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace strata::script {
namespace {

constexpr unsigned kDepthMax = 8;
constexpr unsigned kFilesMax = 64;
constexpr std::string_view kProcSys = "/proc/sys/";
constexpr std::string_view kOfTcp = "net.ipv4.tcp_";

std::string joined(std::span<const std::string> words) {
  std::string whole;
  for (const std::string& word : words) whole += (whole.empty() ? "" : " ") + word;
  return whole;
}

// Every script has a stack of its own here, without remembered metrics, queues or name spaces that
// would have to be brought back into shape.
bool is_true_already(const std::vector<std::string>& words) {
  const std::string& command = words.front();
  if (command == "true" || command == ":" || command == "set") return true;
  if (command.starts_with("/tmp/sysctl_restore_")) return true;
  if (command == "tc") return words.size() > 1 && words[1] == "qdisc";
  return false;
}

// `check || exit 1` fails for the reason for which the check has failed.
std::expected<void, std::string> exit_status(std::span<const std::string> words,
                                             const std::expected<void, std::string>& last) {
  if (words.size() > 1 && words[1] == "0") return {};
  if (words.size() == 1 || !last) return last;
  return std::unexpected("non-zero status 1");
}

}  // namespace

Commands::Done Commands::run(std::string_view text) {
  const auto commands = split_commands(text);
  if (!commands) return refuse(commands.error().text);
  std::span<const Words> rest(*commands);
  Done last;
  bool is_needed = true;  // unless what stands before `||` has succeeded
  while (!rest.empty()) {
    std::size_t stages = 1;
    while (stages < rest.size() && rest[stages - 1].next == Link::kPipe) ++stages;
    const std::span<const Words> pipeline = rest.first(stages);
    rest = rest.subspan(stages);
    const bool has_other = pipeline.back().next == Link::kElse && !rest.empty();
    if (is_needed) {
      if (pipeline.size() == 1 && pipeline[0].words[0] == "exit") {
        return exit_status(pipeline[0].words, last);
      }
      last = pipeline.size() == 1 ? run_words(pipeline[0]) : run_pipeline(pipeline);
      if (!last && !has_other) return last;
      is_needed = !has_other || !last;
    } else {
      is_needed = !has_other;
    }
  }
  return {};
}

// What one command says goes to the next, and the last one decides: `nstat | grep NAME`.
Commands::Done Commands::run_pipeline(std::span<const Words> pipeline) {
  std::string text;
  for (const Words& command : pipeline) {
    const std::span<const std::string> arguments = std::span(command.words).subspan(1);
    Readings::Text said = std::unexpected(fmt::format("command `{}`", command.words[0]));
    if (command.words[0] == "nstat") said = readings_.nstat(arguments);
    if (command.words[0] == "grep") said = readings_.grep(arguments, text);
    if (!said) return refuse(std::move(said).error());
    text = *std::move(said);
  }
  if (text.empty()) return std::unexpected("non-zero status 1");
  return {};
}

Commands::Done Commands::refuse(std::string text) {
  if (depth_ == 0) return std::unexpected("unsupported: " + std::move(text));
  if (notes_.size() < 1000) notes_.push_back(std::move(text));
  return {};
}

Commands::Done Commands::run_words(const Words& simple) {
  const std::vector<std::string>& words = simple.words;
  const std::string_view command = words.front();
  if (is_true_already(words)) return {};
  if (command == "false") return std::unexpected("non-zero status 1");
  if (command == "nstat") {
    const auto said = readings_.nstat(std::span(words).subspan(1));
    return said ? Done{} : refuse(said.error());
  }
  if (command == "grep") return run_pipeline({&simple, 1});
  if (command == "echo") return run_echo(simple);
  if (command == "ethtool") return run_ethtool(simple);
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
  return refuse("command `" + joined(words) + "`");
}

// `ethtool -K tun0 tso off`: what is sent together then is not one segment that a device has cut.
// On is what a script begins with; the device of a script merges nothing that comes.
Commands::Done Commands::run_ethtool(const Words& simple) {
  const std::vector<std::string>& words = simple.words;
  bool is_understood = words.size() > 4 && words.size() % 2 == 1 && words[1] == "-K";
  for (std::size_t i = 3; is_understood && i + 1 < words.size(); i += 2) {
    const bool is_cut = words[i] == "tso" || words[i] == "gso";
    is_understood = words[i + 1] == "off" || (is_cut && words[i + 1] == "on");
    if (is_understood && is_cut) settings_.tcp.super_segments = words[i + 1] == "on";
  }
  if (is_understood) return {};
  return refuse("command `" + joined(words) + "`");
}

// `echo 1 > /proc/sys/net/ipv4/tcp_sack`; what is only printed concerns nobody.
Commands::Done Commands::run_echo(const Words& simple) {
  if (simple.output.empty() || simple.output == "/dev/null") return {};
  const std::string value = joined(std::span(simple.words).subspan(1));
  // Both of HyStart's detectors, as here (RFC 9406 has but the one, of delay).
  if (simple.output == "/sys/module/tcp_cubic/parameters/hystart_detect" && value == "3") return {};
  if (!simple.output.starts_with(kProcSys)) {
    return refuse(fmt::format("command `echo {} > {}`", value, simple.output));
  }
  const std::string assignment = simple.output + "=" + value;
  return run_sysctl({&assignment, 1}, true);
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
