// SPDX-License-Identifier: Apache-2.0
// strata status: what a running stack says about itself.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "driver/runtime_directory.h"
#include "service/control/client.h"
#include "service/control/socket.h"
#include "service/print.h"
#include "strata/commands.h"
#include "strata/complain.h"
#include "strata/loop.h"

namespace strata::app {
namespace {

using service::Outcome;
using service::print;

Outcome<std::string> ask(const StatusCommand& command) {
  std::string path = command.control;
  if (path.empty()) {
    auto found = service::find_control_path(driver::runtime_directory());
    if (!found) return std::unexpected(std::move(found).error());
    path = *std::move(found);
  }
  auto client = service::ControlClient::connect(path);
  if (!client) return std::unexpected(std::move(client).error());
  auto line = (*client)->ask(service::ControlCommand::kStatus);
  if (!line) return line;
  return service::render_status(*line, command.json);
}

int show(const StatusCommand& command) {
  const auto text = ask(command);
  if (!text) return complain("status", text.error());
  // On a terminal each look replaces the one before.
  const bool clears = command.watch && !command.json && ::isatty(STDOUT_FILENO) != 0;
  print("{}{}", clears ? "\x1b[H\x1b[2J" : "", *text);
  std::fflush(stdout);
  return kOk;
}

}  // namespace

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
