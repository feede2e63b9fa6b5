// SPDX-License-Identifier: Apache-2.0
// strata ping: echo requests from a stack of its own.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "service/echo_text.h"
#include "service/node.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/confine_flags.h"
#include "strata/cli/value_checks.h"
#include "strata/cli/verbs.h"
#include "strata/stack/target.h"

namespace strata::app {
namespace {

using service::EchoAnswer;
using service::EchoOptions;
using service::EchoSession;
using service::failed;
using service::Node;
using service::Outcome;
using service::print;

constexpr std::uint64_t kEchoBytesMax = 65'507;  // what fits a datagram of 65,535 bytes over IPv4

// What the line says, as it is written.
struct PingLine {
  PingCommand command;
  TargetFlags target;
  double interval_s = 1;
  double timeout_s = 0;
  double deadline_s = 0;
  unsigned hops = 0;
};

// ping's habit for floods: a dot for each request, taken back by its reply. On a terminal only.
void show(const char* text) {
  if (::isatty(STDOUT_FILENO) == 0) return;
  service::put(stdout, text);
  static_cast<void>(std::fflush(stdout));
}

service::EchoEvents events_of(const PingCommand& command, Node& node) {
  const bool is_silent = command.quiet || command.json;
  const bool flood = command.echo.flood;
  service::EchoEvents events;
  if (flood && !is_silent) events.on_sent = [](std::uint16_t) { show("."); };
  events.on_answer = [is_silent, flood](const EchoAnswer& answer) {
    if (is_silent) return;
    if (flood) return show("\b \b");
    print("{}\n", service::echo_answer_line(answer));
    std::fflush(stdout);
  };
  events.on_error = [is_silent, flood](const SocketError& error) {
    if (is_silent) return;
    if (flood) return show("\bE");
    print("{}\n", service::echo_error_line(error));
    std::fflush(stdout);
  };
  events.on_done = [&node] { node.loop().stop(); };
  return events;
}

// What -I says: an address of this stack, or an interface of it, whose address is then told.
Outcome<void> choose_source(const std::string& from, const Stack& stack, EchoOptions& options) {
  if (from.empty()) return {};
  const auto address = IpAddress::parse(from);
  const auto interface = stack.find_interface(from);
  if (!address && !interface) return failed(fmt::format("-I: there is no interface '{}'", from));
  if (address && address->is_v4() != options.destination.is_v4()) {
    return failed(fmt::format("-I: {} is of the other family", from));
  }
  const bool wants_link_local = options.destination.is_v6() && options.destination.is_link_local();
  std::optional<IpAddress> own;
  stack.for_each_address([&](const AddressEntry& entry) {
    const IpAddress& candidate = entry.prefix.address();
    if (address ? candidate != *address : entry.interface != *interface) return;
    const bool is_local = candidate.is_v6() && candidate.is_link_local();
    const bool fits = address || (candidate.is_v4() == options.destination.is_v4() &&
                                  is_local == wants_link_local);
    if (fits && !own) own = candidate;
  });
  if (!own) {
    return failed(address ? fmt::format("-I: {} is no address of this stack", from)
                          : fmt::format("-I: {} has no address to send from", from));
  }
  if (address) options.source = *address;
  if (interface) options.interface = *interface;
  options.from = fmt::format("{} {}", to_text(*own).view(), interface ? from : std::string());
  return {};
}

// ping's: were there answers, and with a deadline as many as were asked for?
bool is_success(const EchoOptions& options, const service::EchoStatistics& totals) {
  if (totals.received == 0) return false;
  return !options.deadline || totals.received >= options.count;
}

}  // namespace

void add_ping(Verbs& verbs) {
  auto line = std::make_shared<PingLine>();
  Flags& verb = verbs.add("ping", "Send echo requests from a stack of its own.",
                          "strata ping -c 3 10.77.0.1");
  service::EchoOptions& echo = line->command.echo;
  line->target.add_to(verb);
  verb.add_option("-c", echo.count, "stop after so many requests")
      ->check(whole_number(1, UINT32_MAX))
      ->type_name("COUNT");
  verb.add_option("-i", line->interval_s, "seconds between requests (default 1)")
      ->check(seconds_from(0.001))
      ->type_name("SECONDS");
  verb.add_option("-s", echo.size, "bytes of payload (default 56)")
      ->check(whole_number(0, kEchoBytesMax))
      ->type_name("BYTES");
  verb.add_option("-t", line->hops, "time to live, or hop limit")
      ->check(whole_number(1, 255))
      ->type_name("HOPS");
  verb.add_option("-W", line->timeout_s, "seconds to wait after the last request")
      ->check(seconds_from(0.001))
      ->type_name("SECONDS");
  verb.add_option("-w", line->deadline_s, "seconds until it ends; -c then counts answers")
      ->check(seconds_from(0.001))
      ->type_name("SECONDS");
  verb.add_option("-I", line->command.from, "where requests come from: an address, or an interface")
      ->type_name("ADDRESS");
  // Names of addresses are never asked for, so that this is always so.
  verb.add_flag("-n", [] {}, "addresses, no names of them (always so)");
  verb.add_flag("-q", line->command.quiet, "only the summary");
  verb.add_flag("-f", echo.flood, "send as fast as replies come; hosts on an own link only")
      ->excludes("-i");
  verb.add_flag("--json", line->command.json, "the summary as one JSON object");
  add_confine_flags(verb, line->command.confine);
  StackFlags& flags = verbs.add_stack_flags(verb);
  verbs.finish(verb, [line, &verb, &flags]() -> Outcome<Command> {
    auto target = line->target.read();
    if (!target) return std::unexpected(std::move(target).error());
    auto options = flags.read_without_servers(verb);
    if (!options) return std::unexpected(std::move(options).error());
    line->command.stack = std::move(*options);
    line->command.echo.destination = target->address;
    line->command.echo.interval = duration_of(line->interval_s);
    if (line->hops != 0) line->command.echo.hop_limit = static_cast<std::uint8_t>(line->hops);
    if (line->timeout_s > 0) line->command.echo.patience = duration_of(line->timeout_s);
    if (line->deadline_s > 0) line->command.echo.deadline = duration_of(line->deadline_s);
    line->command.echo.name = line->target.host();
    line->command.target = *std::move(target);
    return line->command;
  });
}

int run_command(const PingCommand& command) {
  auto node = Node::create(command.stack, {.detects_duplicates = false});
  if (!node) return complain("ping", node.error());
  if (auto done = (*node)->confine(command.stack, command.confine); !done) {
    return complain("ping", done.error());
  }
  Stack& stack = (*node)->stack();
  Target target = command.target;
  if (auto found = look_up(target, **node); !found) return complain("ping", found.error());
  const auto zone = zone_of(target, stack);
  if (!zone) return complain("ping", zone.error());
  if (command.echo.flood && !is_on_own_link(target.address, stack)) {
    return complain("ping", {"-f is for hosts on a link of this stack only"});
  }
  if ((*node)->fallback_reason() && !command.json) {
    print(stderr, "strata ping: {}", fallback_text(*(*node)->fallback_reason()));
  }
  EchoOptions options = command.echo;
  options.destination = target.address;
  options.interface = *zone;
  if (auto chosen = choose_source(command.from, stack, options); !chosen) {
    return complain("ping", chosen.error());
  }
  EchoSession session(stack, (*node)->loop(), options, events_of(command, **node));
  if (auto started = session.start(); !started) return complain("ping", started.error());
  if (!command.json) print("{}\n", service::echo_opening(options));
  std::fflush(stdout);
  (*node)->run();
  session.stop();
  const service::EchoStatistics totals = session.statistics();
  if (command.json) {
    print("{}\n", service::echo_json(options, totals));
  } else {
    print("\n{}", service::echo_summary(options, totals));
  }
  if ((*node)->failure()) return complain("ping", *(*node)->failure());
  return is_success(options, totals) ? kOk : kFailed;
}

}  // namespace strata::app
