// SPDX-License-Identifier: Apache-2.0
// strata traceroute: the way to a host, from a stack of its own.
#include <cstdio>
#include <string>

#include "service/node.h"
#include "service/print.h"
#include "service/trace_session.h"
#include "strata/commands.h"
#include "strata/complain.h"
#include "strata/target.h"

namespace strata::app {

using service::Node;
using service::print;
using service::TraceHop;
using service::TraceSession;

int run_command(const TracerouteCommand& command) {
  auto node = Node::create(command.stack, {.detects_duplicates = false});
  if (!node) return complain("traceroute", node.error());
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
