// SPDX-License-Identifier: Apache-2.0
// strata traceroute: the way to a host, from a stack of its own.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "service/node.h"
#include "service/print.h"
#include "service/trace_session.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/confine_flags.h"
#include "strata/cli/value_checks.h"
#include "strata/cli/verbs.h"
#include "strata/stack/target.h"

namespace strata::app {
namespace {

using service::failed;
using service::Node;
using service::Outcome;
using service::print;
using service::TraceHop;
using service::TraceSession;

// What the line says, as it is written.
struct TracerouteLine {
  TracerouteCommand command;
  TargetFlags target;
  bool is_icmp = false;
  bool is_tcp = false;
  unsigned port = 0;  // 0: the probe's own
  unsigned first_hop = 1;
  unsigned hops_max = 30;
  double timeout_s = 0;
};

Outcome<void> set_probe(TracerouteLine& line) {
  constexpr unsigned kUdpPortMax = 65'535 - 2550;  // the last probe needs one, too
  using Probe = service::TraceOptions::Probe;
  service::TraceOptions& trace = line.command.trace;
  trace.probe = line.is_icmp ? Probe::kEcho : line.is_tcp ? Probe::kTcp : Probe::kUdp;
  if (line.port == 0) return {};
  if (line.is_tcp) {
    trace.tcp_port = static_cast<std::uint16_t>(line.port);
    return {};
  }
  if (line.port > kUdpPortMax) {
    return failed(
        fmt::format("-p: the ports of later probes would pass 65535: at most {}", kUdpPortMax));
  }
  trace.base_port = static_cast<std::uint16_t>(line.port);
  return {};
}

}  // namespace

void add_traceroute(Verbs& verbs) {
  auto line = std::make_shared<TracerouteLine>();
  Flags& verb = verbs.add("traceroute", "Show the routers on the way to a host.",
                          "strata traceroute --icmp --device tap:x,host=10.88.0.1/24 "
                          "--address 10.88.0.2/24 --gateway 10.88.0.1 192.0.2.1");
  service::TraceOptions& trace = line->command.trace;
  line->target.add_to(verb);
  verb.add_flag("-I,--icmp", line->is_icmp, "echo requests instead of UDP");
  verb.add_flag("-T,--tcp", line->is_tcp, "TCP SYNs instead of UDP")->excludes("-I");
  verb.add_option("-q", trace.probes_each, "probes per hop (default 3)")
      ->check(whole_number(1, 10))
      ->type_name("COUNT");
  verb.add_option("-f", line->first_hop, "first hop (default 1)")
      ->check(whole_number(1, 255))
      ->type_name("HOP");
  verb.add_option("-m", line->hops_max, "last hop (default 30)")
      ->check(whole_number(1, 255))
      ->type_name("HOP");
  verb.add_option("-w", line->timeout_s, "seconds to wait for an answer (default 5)")
      ->check(seconds_from(0.001))
      ->type_name("SECONDS");
  verb.add_option("-p", line->port,
                  "UDP port of the first probe (default 33434), TCP port of all (80)")
      ->check(whole_number(1, 65'535))
      ->type_name("PORT")
      ->excludes("-I");
  verb.add_flag("-n", line->command.numeric, "addresses once, without parentheses");
  verb.add_flag("--json", line->command.json, "one JSON object");
  add_confine_flags(verb, line->command.confine);
  StackFlags& flags = verbs.add_stack_flags(verb);
  verbs.finish(verb, [line, &verb, &flags]() -> Outcome<Command> {
    auto target = line->target.read();
    if (!target) return std::unexpected(std::move(target).error());
    if (auto set = set_probe(*line); !set) return std::unexpected(std::move(set).error());
    if (line->first_hop > line->hops_max) {
      return failed("-f: the first hop lies beyond the last (-m)");
    }
    auto options = flags.read_without_servers(verb);
    if (!options) return std::unexpected(std::move(options).error());
    line->command.stack = std::move(*options);
    line->command.trace.destination = target->address;
    line->command.trace.name = line->target.host();
    line->command.trace.first_hop = static_cast<std::uint8_t>(line->first_hop);
    line->command.trace.hops_max = static_cast<std::uint8_t>(line->hops_max);
    if (line->timeout_s > 0) line->command.trace.patience = duration_of(line->timeout_s);
    line->command.target = *std::move(target);
    return line->command;
  });
}

int run_command(const TracerouteCommand& command) {
  auto node = Node::create(command.stack, {.detects_duplicates = false});
  if (!node) return complain("traceroute", node.error());
  if (auto done = (*node)->confine(command.stack, command.confine); !done) {
    return complain("traceroute", done.error());
  }
  Target target = command.target;
  if (auto found = look_up(target, **node); !found) return complain("traceroute", found.error());
  service::TraceOptions trace = command.trace;
  trace.destination = target.address;
  const service::TraceNames names =
      command.numeric ? service::TraceNames::kNumeric : service::TraceNames::kBoth;
  std::string hops;
  service::TraceEvents events;
  events.on_hop = [&hops, names, json = command.json](const TraceHop& hop) {
    if (json) {
      hops += (hops.empty() ? "" : ",") + service::trace_hop_json(hop);
      return;
    }
    print("{}\n", service::trace_hop_line(hop, names));
    std::fflush(stdout);
  };
  events.on_done = [&node] { (*node)->loop().stop(); };
  TraceSession session((*node)->stack(), (*node)->loop(), trace, std::move(events));
  if (!command.json) print("{}\n", service::trace_opening(trace));
  std::fflush(stdout);
  if (auto started = session.start(); !started) return complain("traceroute", started.error());
  (*node)->run();
  if (command.json) {
    print("{{\"destination\":\"{}\",\"reached\":{},\"hops\":[{}]}}\n",
          to_text(target.address).view(), session.has_arrived(), hops);
  }
  if ((*node)->failure()) return complain("traceroute", *(*node)->failure());
  return session.has_arrived() ? kOk : kFailed;
}

}  // namespace strata::app
