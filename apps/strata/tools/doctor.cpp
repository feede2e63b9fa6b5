// SPDX-License-Identifier: Apache-2.0
// strata doctor: what this machine offers, and what to do about the rest.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/json_text.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/verbs.h"
#include "strata/permissions.h"

namespace strata::app {
namespace {

using service::json_string;
using service::Outcome;
using service::print;

struct DeviceKind {
  std::string_view kind;
  std::string_view what;
  std::vector<Permission> needs;
};

std::vector<DeviceKind> device_kinds() {
  return {
      {"tap", "Ethernet to and from this host", {Permission::kTunDevice, Permission::kNetAdmin}},
      {"tun", "IP to and from this host", {Permission::kTunDevice, Permission::kNetAdmin}},
      {"packet", "an interface of this host, beside the host", {Permission::kNetRaw}},
      {"xdp",
       "an interface of this host, past most of its kernel",
       {Permission::kXdpSockets, Permission::kNetAdmin, Permission::kBpf}},
      {"pcap", "replay and record capture files", {}},
      {"null", "a sink, or a source of one frame", {}},
      {"rootless",
       "through this host's sockets; what `up` and `run` use without TAP",
       {Permission::kHostSockets}},
      {"pipe", "a cable to another process of this host", {}},
      {"memory", "two stacks in one process", {}}};
}

bool is_granted(const std::vector<PermissionState>& states, Permission permission) {
  for (const PermissionState& state : states) {
    if (state.permission == permission) return state.is_granted;
  }
  return false;
}

// What keeps a kind from being used, to be read behind it; nothing when it can be.
std::string what_lacks(const DeviceKind& kind, const std::vector<PermissionState>& states) {
  std::string lacking;
  for (const Permission permission : kind.needs) {
    if (is_granted(states, permission)) continue;
    lacking += fmt::format("{}{}", lacking.empty() ? "; may not " : ", ", to_text(permission));
  }
  return lacking;
}

bool is_usable(const DeviceKind& kind, const std::vector<PermissionState>& states) {
  for (const Permission permission : kind.needs) {
    if (!is_granted(states, permission)) return false;
  }
  return true;
}

void print_text(const std::vector<PermissionState>& states) {
  print("Devices\n");
  for (const DeviceKind& kind : device_kinds()) {
    print("  {:<8} {:<4} {}{}\n", kind.kind, is_usable(kind, states) ? "yes" : "no", kind.what,
          what_lacks(kind, states));
  }
  print("\nPermissions\n");
  for (const PermissionState& state : states) {
    print("  {:<4} {}: {}\n", state.is_granted ? "yes" : "no", to_text(state.permission),
          state.detail);
    if (!state.is_granted) print("       to get it: {}\n", state.remedy);
  }
}

void print_json(const std::vector<PermissionState>& states) {
  std::string devices;
  for (const DeviceKind& kind : device_kinds()) {
    devices += fmt::format(R"({}{{"kind":"{}","usable":{}}})", devices.empty() ? "" : ",",
                           kind.kind, is_usable(kind, states));
  }
  std::string permissions;
  for (const PermissionState& state : states) {
    permissions +=
        fmt::format(R"({}{{"permission":{},"granted":{},"detail":{},"remedy":{}}})",
                    permissions.empty() ? "" : ",", json_string(to_text(state.permission)),
                    state.is_granted, json_string(state.detail), json_string(state.remedy));
  }
  print("{{\"devices\":[{}],\"permissions\":[{}]}}\n", devices, permissions);
}

}  // namespace

void add_doctor(Verbs& verbs) {
  auto line = std::make_shared<DoctorCommand>();
  Flags& verb = verbs.add("doctor", "Say what this machine offers, and what to do about the rest.",
                          "strata doctor");
  verb.add_flag("--json", line->json, "one JSON object");
  verbs.finish(verb, [line]() -> Outcome<Command> { return *line; });
}

int run_command(const DoctorCommand& command) {
  const std::vector<PermissionState> states = probe_permissions();
  command.json ? print_json(states) : print_text(states);
  // The question most ask: will `strata up` have a TAP device?
  return is_usable(device_kinds().front(), states) ? kOk : kFailed;
}

}  // namespace strata::app
