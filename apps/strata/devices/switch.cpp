// SPDX-License-Identifier: Apache-2.0
// strata switch: devices joined as a learning switch, until somebody stops it.
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "service/devices/switch_node.h"
#include "service/json_text.h"
#include "service/print.h"
#include "service/stack_options.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/confine_flags.h"
#include "strata/cli/value_checks.h"
#include "strata/cli/verbs.h"

namespace strata::app {
namespace {

using service::failed;
using service::json_string;
using service::Outcome;
using service::print;
using service::SwitchNode;

// What the line says, as it is written.
struct SwitchLine {
  SwitchCommand command;
  std::vector<std::string> vlans;
  double age_s = 300;
};

void print_json(SwitchNode& node) {
  std::string ports;
  node.bridge().for_each_port([&](const Switch::PortView& port) {
    ports += (ports.empty() ? "" : ",") + json_string(port.name);
  });
  print("{{\"ports\":[{}],\"control\":{}}}\n", ports,
        node.control_path().empty() ? "null" : json_string(node.control_path()));
}

void print_hints(SwitchNode& node) {
  node.bridge().for_each_port([](const Switch::PortView& port) {
    print("port {}: {}, mtu {}\n", port.number + 1, port.name, port.device->capabilities().mtu);
  });
  if (!node.control_path().empty()) print("  strata status --control {}\n", node.control_path());
  if (node.control_failure()) print("  no control socket: {}\n", node.control_failure()->text);
  print("Ctrl-C stops it.\n");
}

}  // namespace

void add_switch(Verbs& verbs) {
  auto line = std::make_shared<SwitchLine>();
  Flags& verb =
      verbs.add("switch", "Join devices as a learning switch, with VLANs.",
                "strata switch tap:a tap:b tap:up --vlan a=10 --vlan b=20 --vlan up=10,20");
  service::SwitchNodeOptions& options = line->command.options;
  verb.add_option("device", options.devices, "two or more, as --device of strata up takes them")
      ->required()
      ->type_name("KIND:NAME[,key=value...]");
  verb.add_option(
          "--vlan", line->vlans,
          "a port's VLAN (access), or VLANs with tags (trunk); with u behind it, one without")
      ->allow_extra_args(false)
      ->type_name("PORT=VLAN[u][,VLAN...]");
  verb.add_option("--age", line->age_s, "seconds until an unheard address is forgotten (300)")
      ->check(seconds_from(1))
      ->type_name("SECONDS");
  verb.add_option("--control", options.control, "where the control socket is made")
      ->type_name("PATH");
  add_confine_flags(verb, line->command.confine);
  verb.add_flag("--json", line->command.json, "say in one line of JSON that the switch is up");
  verbs.finish(verb, [line]() -> Outcome<Command> {
    service::SwitchNodeOptions& chosen = line->command.options;
    if (chosen.devices.size() < 2) return failed("a switch joins two devices at least");
    for (const std::string& spec : chosen.devices) {
      auto checked = service::check_device_spec(spec);
      if (!checked) return std::unexpected(std::move(checked).error());
    }
    for (const std::string& text : line->vlans) {
      auto vlans = service::parse_switch_vlans(text);
      if (!vlans) return failed("--vlan: " + vlans.error().text);
      chosen.vlans.push_back(*std::move(vlans));
    }
    chosen.age_max = duration_of(line->age_s);
    return line->command;
  });
}

int run_command(const SwitchCommand& command) {
  std::signal(SIGPIPE, SIG_IGN);
  auto created = SwitchNode::create(command.options);
  if (!created) return complain("switch", created.error());
  SwitchNode& node = **created;
  if (auto done = node.confine(command.options, command.confine); !done) {
    return complain("switch", done.error());
  }
  command.json ? print_json(node) : print_hints(node);
  std::fflush(stdout);
  node.run();
  return kOk;
}

}  // namespace strata::app
