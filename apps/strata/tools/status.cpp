// SPDX-License-Identifier: Apache-2.0
// strata status: what a running stack says about itself.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "service/control/client.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/value_checks.h"
#include "strata/cli/verbs.h"
#include "strata/loop.h"

namespace strata::app {
namespace {

using service::ControlCommand;
using service::Outcome;
using service::print;

// What the line says, as it is written.
struct StatusLine {
  StatusCommand command;
  double watch_s = 1;
};

Outcome<std::string> status_of(const StatusCommand& command) {
  auto client = service::ControlClient::connect_to_running(command.control);
  if (!client) return std::unexpected(std::move(client).error());
  auto line = (*client)->ask({.command = ControlCommand::kStatus});
  return line ? service::render_status(*line, command.json) : line;
}

int show(const StatusCommand& command) {
  const auto text = status_of(command);
  if (!text) return complain("status", text.error());
  // On a terminal each look replaces the one before.
  const bool clears = command.watch && !command.json && ::isatty(STDOUT_FILENO) != 0;
  print("{}{}", clears ? "\x1b[H\x1b[2J" : "", *text);
  std::fflush(stdout);
  return kOk;
}

}  // namespace

void add_status(Verbs& verbs) {
  auto line = std::make_shared<StatusLine>();
  Flags& verb =
      verbs.add("status", "Show interfaces, routes, neighbours, sockets, counters, drops.",
                "strata status --watch");
  verb.add_option("--control", line->command.control, "control socket of the running stack")
      ->type_name("PATH");
  Flag watch = verb.add_option("--watch", line->watch_s, "again every so many seconds");
  watch->type_name("[SECONDS]")->expected(0, 1)->check(seconds_from(0.1));
  verb.add_flag("--json", line->command.json, "one JSON object per look");
  verbs.finish(verb, [line, watch]() -> Outcome<Command> {
    // CLI11 reads a flag without its value as zero.
    const double seconds = line->watch_s > 0 ? line->watch_s : 1;
    if (watch.count() != 0) {
      line->command.watch =
          std::chrono::duration_cast<std::chrono::milliseconds>(duration_of(seconds));
    }
    return line->command;
  });
}

int run_command(const StatusCommand& command) {
  if (!command.watch) return show(command);
  auto loop = Loop::create({.policy = LoopPolicy::kSleep});
  if (!loop) return complain("status", {std::string(to_text(loop.error()))});
  if (const auto caught = (*loop)->stop_on_signals({SIGINT, SIGTERM}); !caught) {
    return complain("status", {std::string(to_text(caught.error()))});
  }
  int status = show(command);
  while (status == kOk && !(*loop)->is_stopped()) {
    bool is_over = false;
    (*loop)->start_timer((*loop)->now() + *command.watch, [&is_over] { is_over = true; });
    while (!is_over && !(*loop)->is_stopped()) (*loop)->run_once(*command.watch);
    if (is_over) status = show(command);
  }
  return status;
}

}  // namespace strata::app
