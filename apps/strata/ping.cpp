// SPDX-License-Identifier: Apache-2.0
// strata ping: echo requests from a stack of its own.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "service/echo_text.h"
#include "service/node.h"
#include "strata/commands.h"
#include "strata/complain.h"
#include "strata/target.h"

namespace strata::app {
namespace {

using service::EchoAnswer;
using service::EchoSession;
using service::Node;

// ping's habit for floods: a dot for each request, taken back by its reply. On a terminal only.
void show(const char* text) {
  if (::isatty(STDOUT_FILENO) == 0) return;
  std::fputs(text, stdout);
  std::fflush(stdout);
}

service::EchoEvents events_of(const PingCommand& command, Node& node) {
  const bool is_silent = command.quiet || command.json;
  const bool flood = command.echo.flood;
  service::EchoEvents events;
  if (flood && !is_silent) events.on_sent = [](std::uint16_t) { show("."); };
  events.on_answer = [is_silent, flood](const EchoAnswer& answer) {
    if (is_silent) return;
    if (flood) return show("\b \b");
    fmt::print("{}\n", service::echo_answer_line(answer));
    std::fflush(stdout);
  };
  events.on_error = [is_silent, flood](const SocketError& error) {
    if (is_silent) return;
    if (flood) return show("\bE");
    fmt::print("{}\n", service::echo_error_line(error));
    std::fflush(stdout);
  };
  events.on_done = [&node] { node.loop().stop(); };
  return events;
}

}  // namespace

int run_command(const PingCommand& command) {
  auto node = Node::create(command.stack, {.detects_duplicates = false});
  if (!node) return complain("ping", node.error());
  Stack& stack = (*node)->stack();
  Target target = command.target;
  if (auto found = look_up(target, **node); !found) return complain("ping", found.error());
  const auto zone = zone_of(target, stack);
  if (!zone) return complain("ping", zone.error());
  if (command.echo.flood && !is_on_own_link(target.address, stack)) {
    return complain("ping", {"-f is for hosts on a link of this stack only"});
  }
  if ((*node)->fallback_reason() && !command.json) {
    fmt::print(stderr, "strata ping: {}", fallback_text(*(*node)->fallback_reason()));
  }
  service::EchoOptions options = command.echo;
  options.destination = target.address;
  options.interface = *zone;
  EchoSession session(stack, (*node)->loop(), options, events_of(command, **node));
  if (auto started = session.start(); !started) return complain("ping", started.error());
  if (!command.json) fmt::print("{}\n", service::echo_opening(options));
  std::fflush(stdout);
  (*node)->run();
  session.stop();
  const service::EchoStatistics totals = session.statistics();
  if (command.json) {
    fmt::print("{}\n", service::echo_json(options, totals));
  } else {
    fmt::print("\n{}", service::echo_summary(options, totals));
  }
  if ((*node)->failure()) return complain("ping", *(*node)->failure());
  return totals.received != 0 ? kOk : kFailed;
}

}  // namespace strata::app
