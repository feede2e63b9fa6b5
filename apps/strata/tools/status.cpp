// SPDX-License-Identifier: Apache-2.0
// strata status: what a running stack says about itself.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "service/control/answers.h"
#include "service/control/client.h"
#include "service/control/messages.h"
#include "service/print.h"
#include "service/snapshot.h"
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
using service::SnapshotParts;

// What the line says, as it is written.
struct StatusLine {
  StatusCommand command;
  double watch_s = 1;
};

Outcome<std::string> status_of(const StatusCommand& command) {
  auto client = service::ControlClient::connect_to_running(command.control);
  if (!client) return std::unexpected(std::move(client).error());
  service::ControlRequest request{.command = ControlCommand::kStatus};
  // One list costs the stack less than all of them, and a long one no long turn.
  if (const auto part = SnapshotParts::parse(command.part); part && !command.part.empty()) {
    request.parts = *part;
  }
  auto line = (*client)->ask(request);
  return line ? service::render_status(*line, command.json, command.part) : line;
}

int show(const StatusCommand& command) {
  const auto text = status_of(command);
  if (!text) return complain(command.verb, text.error());
  // On a terminal each look replaces the one before.
  const bool clears = command.watch && !command.json && ::isatty(STDOUT_FILENO) != 0;
  print("{}{}", clears ? "\x1b[H\x1b[2J" : "", *text);
  std::fflush(stdout);
  return kOk;
}

}  // namespace

namespace {

// `part` is the list of the status that a verb of its own shows.
void add_look(Verbs& verbs, const char* name, const char* description, const char* example,
              const char* part) {
  auto line = std::make_shared<StatusLine>();
  line->command.verb = name;
  line->command.part = part;
  Flags& verb = verbs.add(name, description, example);
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

}  // namespace

void add_status(Verbs& verbs) {
  add_look(verbs, "status", "Show interfaces, routes, neighbours, sockets, counters, drops.",
           "strata status --watch", "");
  add_look(verbs, "connections", "Show TCP connections and what limits each.",
           "strata connections --watch", "connections");
  add_look(verbs, "routes", "Show where packets go.", "strata routes --json", "routes");
  add_look(verbs, "neighbors", "Show who was found on the links, and in which state.",
           "strata neighbors --watch 5", "neighbors");
  add_look(verbs, "sockets", "Show what listens and what is open.", "strata sockets", "sockets");
  add_look(verbs, "drops", "Show how many packets were dropped, and why.", "strata drops --watch",
           "drops");
}

int run_command(const StatusCommand& command) {
  if (!command.watch) return show(command);
  auto loop = Loop::create({.policy = LoopPolicy::kSleep});
  if (!loop) return complain(command.verb, {std::string(to_text(loop.error()))});
  if (const auto caught = (*loop)->stop_on_signals({SIGINT, SIGTERM}); !caught) {
    return complain(command.verb, {std::string(to_text(caught.error()))});
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
