// SPDX-License-Identifier: Apache-2.0
// strata sim: labs on virtual time, or on the machine's.
#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/number_text.h"
#include "runtime/signal_catcher.h"
#include "service/confine/confined.h"
#include "service/lab/lab_report.h"
#include "service/lab/live/live_lab.h"
#include "service/lab/picture_file.h"
#include "service/lab/quantity.h"
#include "service/lab/seed_runs.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/confine_flags.h"
#include "strata/cli/value_checks.h"
#include "strata/cli/verbs.h"
#include "strata/tools/sim_explore.h"

namespace strata::app {
namespace {

using service::failed;
using service::LabFile;
using service::LabResults;
using service::LabRun;
using service::Outcome;
using service::print;
using service::put;

// What the line says, as it is written.
struct SimLine {
  SimCommand command;
  std::string seeds;
  std::string until;
  std::string policy;
};

// "3..12"
Outcome<std::pair<std::uint64_t, std::uint64_t>> parse_seeds(std::string_view text) {
  constexpr std::uint64_t kMost = 1'000'000;
  const std::size_t dots = text.find("..");
  const bool has_dots = dots != std::string_view::npos;
  const auto first = number_in<std::uint64_t>(text.substr(0, dots));
  const auto last = number_in<std::uint64_t>(has_dots ? text.substr(dots + 2) : "");
  if (!first || !last || *last < *first || *last - *first >= kMost) {
    return failed(fmt::format("--seeds: '{}' is not FIRST..LAST, at most {} of them", text, kMost));
  }
  return std::pair(*first, *last);
}

// Ctrl-C ends a run early; what was gathered is told all the same.
class Interruption {
 public:
  Interruption() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (auto made = runtime::SignalCatcher::install({SIGINT, SIGTERM}, event_)) {
      catcher_ = std::move(*made);
    }
  }
  ~Interruption() {
    catcher_.reset();
    ::close(event_);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  [[nodiscard]] bool has_come() {
    has_come_ = has_come_ || (catcher_ != nullptr && catcher_->take() != 0);
    return has_come_;
  }

 private:
  int event_;
  std::unique_ptr<runtime::SignalCatcher> catcher_;
  bool has_come_ = false;
};

// On a terminal only.
class Progress {
 public:
  void show(double share) {
    if (!is_shown_) return;
    const int percent = static_cast<int>(share * 100);
    if (percent == std::exchange(percent_, percent)) return;
    constexpr int kWidth = 40;
    const auto done = static_cast<std::size_t>(share * kWidth);
    print(stderr, "\r[{:<{}}] {:3} %", std::string(done, '='), kWidth, percent);
    static_cast<void>(std::fflush(stderr));
  }
  ~Progress() {
    if (is_shown_ && percent_ >= 0) put(stderr, "\r\033[K");
  }

 private:
  bool is_shown_ = ::isatty(STDERR_FILENO) != 0;
  int percent_ = -1;
};

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) print(stderr, "strata sim: {}: it cannot be written\n", path);
  return static_cast<bool>(file);
}

bool write_picture(const std::string& path, const std::string& svg) {
  auto format = service::picture_format(path);
  auto bytes = format ? service::picture_bytes(svg, *format) : failed(format.error().text);
  if (bytes) return write_file(path, *bytes);
  print(stderr, "strata sim: {}: {}\n", path, bytes.error().text);
  return false;
}

// What may be asked for beside the results, each in a file of its own.
bool write_files(const SimCommand& command, const LabResults& results) {
  bool is_whole = true;
  const auto write = [&](const std::string& path, std::string (*text)(const LabResults&)) {
    if (!path.empty()) is_whole = write_file(path, text(results)) && is_whole;
  };
  const auto draw = [&](const std::string& path, std::string (*svg)(const LabResults&)) {
    if (!path.empty()) is_whole = write_picture(path, svg(results)) && is_whole;
  };
  draw(command.plot, service::lab_picture);
  draw(command.plot_cdf, service::lab_cdf);
  draw(command.plot_sequence, service::lab_sequence_picture);
  write(command.csv, service::lab_csv);
  return is_whole;
}

// In real time strangers are on the wire. What is written at the end is written then.
Outcome<void> confine(const SimCommand& command, const LabFile& lab) {
  runtime::Needs needs;
  for (const auto& node : lab.nodes) {
    for (const service::ServeOptions& one : node.serves) {
      if (one.service == service::Service::kHttp) needs.reads.push_back(one.folder);
    }
  }
  // Letters of a PNG are drawn from files of this host.
  for (const std::string* path : {&command.plot, &command.plot_cdf, &command.plot_sequence}) {
    if (!path->ends_with(".png")) continue;
    for (const char* folder : {"/etc/fonts", "/usr/share", "/var/cache/fontconfig"}) {
      if (::access(folder, R_OK) == 0) needs.reads.emplace_back(folder);
    }
  }
  for (const std::string* path :
       {&command.plot, &command.plot_cdf, &command.plot_sequence, &command.csv}) {
    if (!path->empty()) needs.writes.push_back(service::folder_of(*path));
  }
  auto done = service::confine(needs, command.confine);
  if (!done) return std::unexpected(std::move(done).error());
  return {};
}

Outcome<LabResults> run_by_its_clock(const SimCommand& command, const LabFile& lab, LabRun& run,
                                     InlineFunction<bool(double)> goes_on) {
  if (!command.is_real_time) return run.run(std::move(goes_on));
  auto live = service::LiveLab::create(run, lab, command.lab, command.policy);
  if (!live) return std::unexpected(std::move(live).error());
  if (auto done = confine(command, lab); !done) return std::unexpected(std::move(done).error());
  put(stderr, (*live)->announcement());
  return (*live)->run(std::move(goes_on));
}

Outcome<LabResults> run_lab(const SimCommand& command, const LabFile& lab,
                            InlineFunction<bool(double)> goes_on) {
  auto run = LabRun::create(lab);
  if (!run) return std::unexpected(std::move(run).error());
  if (!command.captures.empty()) {
    if (auto opened = (*run)->capture(command.captures); !opened) {
      return std::unexpected(std::move(opened).error());
    }
  }
  if (!command.trace.empty()) {
    if (auto opened = (*run)->trace(command.trace); !opened) {
      return std::unexpected(std::move(opened).error());
    }
  }
  if (!command.plot_sequence.empty()) (*run)->record_sequences();
  auto ran = run_by_its_clock(command, lab, **run, std::move(goes_on));
  if (!ran) return ran;
  LabResults results = *std::move(ran);
  if (auto written = (*run)->finish_trace(); !written) {
    return std::unexpected(std::move(written).error());
  }
  return results;
}

bool are_devices_there(const LabResults& results) {
  bool are_there = true;
  if (!results.accuracy) return are_there;
  const auto& devices = results.accuracy->world.devices;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (!devices[i].vanished_at) continue;
    const Duration at = *devices[i].vanished_at - Time{};
    print(stderr, "strata sim: {}: its interface {} was deleted at {:.3f} s\n", devices[i].name,
          results.accuracy->interfaces[i], static_cast<double>(at.count()) / 1e9);
    are_there = false;
  }
  return are_there;
}

std::string line_of(const LabResults& results) {
  // Flows may be there one after the other: rates of theirs do not add up.
  double bits = 0;
  for (const auto& flow : results.flows) bits += static_cast<double>(flow.counts.bytes) * 8;
  const double rate = results.seconds > 0 ? bits / results.seconds : 0;
  return fmt::format("seed {:<8} packet hash {:016x}  {:10.3f} Mbit/s in all, {} events{}\n",
                     results.seed, results.packet_hash, rate / 1e6, results.events,
                     results.is_whole ? "" : " (stopped before its end)");
}

void add_real_time(Flags& verb, SimLine& line) {
  verb.add_flag("--realtime", line.command.is_real_time,
                "by the machine's clock, so that real devices take part");
  verb.add_option("--policy", line.policy, "with --realtime: spin, adaptive (the default) or sleep")
      ->type_name("POLICY");
  add_confine_flags(verb, line.command.confine);
}

// Real time passes once, and in one process.
Outcome<void> check_real_time(SimLine& line) {
  SimCommand& command = line.command;
  if (!line.policy.empty()) {
    const auto policy = service::parse_policy(line.policy);
    if (!policy) return failed("--policy: " + policy.error().text);
    if (!command.is_real_time) return failed("--policy: it is about how to wait, with --realtime");
    command.policy = *policy;
  }
  if (!command.is_real_time) {
    if (command.confine.user.empty() && command.confine.is_wanted) return {};
    return failed("--user, --no-confine: a world of virtual time meets nobody; with --realtime");
  }
  if (command.seeds) return failed("--realtime: of --seeds, only one world can run at a time");
  if (command.jobs > 1) return failed("--realtime: of --jobs, only one world can run at a time");
  if (command.explores) {
    return failed("--realtime: --explore runs a lab again and again, which real time does not");
  }
  if (!command.replay.empty()) {
    return failed("--realtime: --replay runs the same again, which real time never does");
  }
  return {};
}

// Before a lab has run for an hour.
Outcome<void> check_pictures(const SimCommand& command) {
  for (const std::string* path : {&command.plot, &command.plot_cdf, &command.plot_sequence}) {
    if (path->empty()) continue;
    if (auto format = service::picture_format(*path); !format) {
      return std::unexpected(std::move(format).error());
    }
  }
  return {};
}

// After the flags that neither can have.
void add_exploration(Flags& verb, SimCommand& command) {
  Flag explore =
      verb.add_flag("--explore", command.explores,
                    "search faults and programs' choices for what is broken, and shrink it");
  Flag replay = verb.add_option("--replay", command.replay, "run again what --explore has found")
                    ->type_name("FILE")
                    ->excludes(explore)
                    ->excludes("--seeds");
  explore.excludes("--captures");
  for (const char* name :
       {"--seed", "--plot", "--plot-cdf", "--plot-sequence", "--csv", "--trace"}) {
    explore.excludes(name);
    replay.excludes(name);
  }
}

}  // namespace

void add_sim(Verbs& verbs) {
  auto line = std::make_shared<SimLine>();
  Flags& verb = verbs.add("sim", "Run a lab: a network of whole stacks on virtual time.",
                          "strata sim labs/bufferbloat.toml --plot bufferbloat.svg");
  verb.add_option("lab", line->command.lab, "a TOML file")->required()->type_name("LAB.toml");
  Flag seed = verb.add_option("--seed", line->command.seed, "instead of the lab's")
                  ->check(whole_number(0, UINT64_MAX))
                  ->type_name("N");
  Flag seeds = verb.add_option("--seeds", line->seeds, "once with each of them, a line each")
                   ->type_name("FIRST..LAST")
                   ->excludes(seed);
  verb.add_option("--until", line->until, "instead of the lab's")->type_name("TIME");
  verb.add_option("--plot", line->command.plot, "draw what was seen")
      ->type_name("FILE.svg|png")
      ->excludes(seeds);
  verb.add_option("--captures", line->command.captures, "a pcapng file for each link")
      ->type_name("FOLDER")
      ->excludes(seeds);
  verb.add_option("--jobs", line->command.jobs, "so many seeds at a time, in processes")
      ->type_name("N")
      ->check(whole_number(1, 256));
  const auto file = [&](const char* name, std::string& place, const char* what, const char* type) {
    verb.add_option(name, place, what)->type_name(type)->excludes(seeds);
  };
  SimCommand& command = line->command;
  file("--plot-cdf", command.plot_cdf, "draw how long exchanges took", "FILE.svg|png");
  file("--plot-sequence", command.plot_sequence, "draw sequence numbers over time", "FILE.svg|png");
  file("--csv", command.csv, "what was looked at, as a table", "FILE.csv");
  file("--trace", command.trace, "a line for each frame and event", "FILE");
  verb.add_flag("--json", line->command.json,
                "all that was seen, as one JSON object for each seed");
  add_exploration(verb, line->command);
  add_real_time(verb, *line);
  verbs.finish(verb, [line]() -> Outcome<Command> {
    if (!line->seeds.empty()) {
      const auto range = parse_seeds(line->seeds);
      if (!range) return std::unexpected(range.error());
      line->command.seeds = *range;
    }
    if (!line->until.empty()) {
      const auto until = service::parse_duration(line->until);
      if (!until) return failed("--until: " + until.error().text);
      line->command.until = *until;
    }
    if (auto fits = check_real_time(*line); !fits) return std::unexpected(fits.error());
    if (auto fits = check_pictures(line->command); !fits) return std::unexpected(fits.error());
    if (line->command.jobs > 1 && !line->command.seeds && !line->command.explores) {
      return failed("--jobs: there is one seed; --seeds or --explore make several");
    }
    return line->command;
  });
}

int run_command(const SimCommand& command) {
  auto lab = service::read_lab_file(command.lab);
  if (!lab) return complain("sim", lab.error());
  if (!command.is_real_time) {
    if (auto fits = service::check_needs_no_device(*lab, command.lab); !fits) {
      return complain("sim", fits.error());
    }
  }
  if (command.until) lab->until = *command.until;
  if (command.seed) lab->seed = *command.seed;
  const auto [first, last] = command.seeds.value_or(std::pair(lab->seed, lab->seed));
  if (!command.replay.empty()) return replay_trial(command, *lab);
  Interruption interruption;
  if (command.explores) {
    return explore_lab(command, *lab, [&] { return interruption.has_come(); });
  }
  std::optional<Progress> progress(std::in_place);
  bool is_all_well = true;
  const service::SeedRuns runs{
      .first = first,
      .last = last,
      .jobs = command.jobs,
      .run = [&](std::uint64_t seed, const auto& stopped) -> Outcome<std::string> {
        LabFile one = *lab;
        one.seed = seed;
        const auto results = run_lab(command, one, [&](double share) {
          // Of several at a time, each would draw over the others.
          if (command.jobs == 1) progress->show(share);
          return !stopped();
        });
        if (!results) return std::unexpected(results.error());
        is_all_well = write_files(command, *results) && are_devices_there(*results);
        return command.json    ? service::lab_json(*results)
               : command.seeds ? line_of(*results)
                               : service::lab_text(*results);
      },
      .tell =
          [&](std::uint64_t seed, const std::string& text) {
            progress.emplace();
            const auto done = static_cast<double>(seed - first + 1);
            if (command.jobs > 1) progress->show(done / static_cast<double>(last - first + 1));
            put(stdout, text);
            return is_all_well;
          },
      .interrupted = [&] { return interruption.has_come(); }};
  const auto done = service::run_seeds(runs);
  progress.reset();
  if (!done) return complain("sim", done.error());
  return interruption.has_come() || !is_all_well ? kFailed : kOk;
}

}  // namespace strata::app
