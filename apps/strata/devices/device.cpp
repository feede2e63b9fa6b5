// SPDX-License-Identifier: Apache-2.0
// strata device: the devices of a running stack, exchanged under its connections.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/control/answers.h"
#include "service/control/client.h"
#include "service/json_text.h"
#include "service/print.h"
#include "service/stack_options.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/value_checks.h"
#include "strata/cli/verbs.h"

namespace strata::app {
namespace {

using service::ControlCommand;
using service::failed;
using service::Outcome;
using service::print;

// What the line says, as it is written.
struct DeviceLine {
  DeviceCommand command;
  std::vector<std::string> addresses;
};

// What a person is told, and with --json a program.
Outcome<std::string> told(const DeviceCommand& command, const std::string& line) {
  if (command.request.command == ControlCommand::kListDevices) {
    return service::render_devices(line, command.json);
  }
  auto interface = service::parse_control_added(line);
  if (!interface || interface->empty()) {
    if (!interface) return interface;
    return command.json ? "{\"ok\":true}\n" : "";
  }
  return command.json ? "{\"interface\":" + service::json_string(*interface) + "}\n"
                      : *interface + " is up\n";
}

}  // namespace

void add_device(Verbs& verbs) {
  auto line = std::make_shared<DeviceLine>();
  Flags& verb =
      verbs.add("device", "List, exchange, add and remove the devices of a running stack.",
                "strata device replace strata0 tap:other        connections live on\n"
                "  strata device add tap:second --address 10.78.0.2/24");
  struct Deed {
    const char* name;
    ControlCommand command;
    const char* what;
  };
  static constexpr Deed kDeeds[] = {
      {"list", ControlCommand::kListDevices, "the devices, and what they offer"},
      {"replace", ControlCommand::kReplaceDevice, "give an interface another device"},
      {"add", ControlCommand::kAddDevice, "a further device, with an interface of its own"},
      {"remove", ControlCommand::kRemoveDevice, "take an interface and its device away"}};
  for (const Deed& deed : kDeeds) {
    Flags& sub = verb.add_subcommand(deed.name, deed.what, [line, command = deed.command] {
      line->command.request.command = command;
    });
    service::ControlRequest& request = line->command.request;
    const bool has_interface = deed.command == ControlCommand::kReplaceDevice ||
                               deed.command == ControlCommand::kRemoveDevice;
    const bool has_device = deed.command == ControlCommand::kReplaceDevice ||
                            deed.command == ControlCommand::kAddDevice;
    if (has_interface) {
      sub.add_option("interface", request.interface, "as strata status names it")
          ->required()
          ->type_name("IF");
    }
    if (has_device) {
      sub.add_option("device", request.device, "as --device of strata up takes it")
          ->required()
          ->type_name("KIND:NAME[,key=value...]");
    }
    if (deed.command == ControlCommand::kAddDevice) {
      sub.add_option("--address", line->addresses, "an address of the stack on it")
          ->allow_extra_args(false)
          ->type_name("CIDR");
      sub.add_option("--mtu", request.mtu, "of the interface; the device's without it")
          ->check(whole_number(68, 65'535))
          ->type_name("BYTES");
    }
    sub.add_option("--control", line->command.control, "control socket of the running stack")
        ->type_name("PATH");
    sub.add_flag("--json", line->command.json, "one JSON object");
  }
  verbs.finish(verb, [line]() -> Outcome<Command> {
    service::ControlRequest& request = line->command.request;
    if (!request.device.empty()) {
      auto checked = service::check_device_spec(request.device);
      if (!checked) return std::unexpected(std::move(checked).error());
    }
    for (const std::string& text : line->addresses) {
      auto address = service::parse_interface_address(text);
      if (!address) return failed("--address: " + address.error().text);
      request.addresses.push_back(*address);
    }
    return line->command;
  });
}

int run_command(const DeviceCommand& command) {
  const auto client = service::ControlClient::connect_to_running(command.control);
  if (!client) return complain("device", client.error());
  const auto line = (*client)->ask(command.request);
  if (!line) return complain("device", line.error());
  const auto text = told(command, *line);
  if (!text) return complain("device", text.error());
  print("{}", *text);
  return kOk;
}

}  // namespace strata::app
