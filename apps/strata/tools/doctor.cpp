// SPDX-License-Identifier: Apache-2.0
// strata doctor: what this machine offers, and what to do about the rest.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "driver/setcap.h"
#include "runtime/confine/call_filter.h"
#include "runtime/confine/files.h"
#include "runtime/confine/user.h"
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

// By file capabilities every user of this host may have these devices, and root nobody need be.
struct SetcapAdvice {
  std::string command;
  std::string for_what;
};

SetcapAdvice setcap_advice() {
  std::string capabilities = "cap_net_admin,cap_net_raw";
  std::string kinds = "tap, tun and packet";
  constexpr unsigned long kCapBpf = 39;  // since Linux 5.8, and later than many headers
  if (::prctl(PR_CAPBSET_READ, kCapBpf, 0, 0, 0) >= 0) {
    capabilities += ",cap_bpf";
    kinds = "tap, tun, packet and xdp";
  }
  return {driver::setcap_command(capabilities),
          kinds + " devices for every user; each run gives the capabilities up again"};
}

// What confines a running verb on this machine.
struct Layer {
  std::string_view name;
  bool is_there = false;
  std::string detail;
};

std::vector<Layer> confining_layers() {
  const int landlock = runtime::landlock_version();
  const std::string user(runtime::kDefaultUser);
  const bool has_user = runtime::find_user(user).has_value();
  const std::size_t filter = runtime::make_call_filter({}).size();
  return {{"seccomp", filter != 0,
           filter != 0 ? fmt::format("system calls pass a filter of {} steps", filter)
                       : "this architecture's system calls are not known"},
          {"landlock", landlock != 0,
           landlock != 0 ? fmt::format("version {}: files can be closed off", landlock)
                         : "this kernel has none: files are guarded by permissions alone"},
          {"user", has_user,
           has_user ? fmt::format("root becomes {}", user)
                    : fmt::format("there is no user {}; say --user NAME", user)}};
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
  print("\nConfinement of what runs on\n");
  for (const Layer& layer : confining_layers()) {
    print("  {:<4} {}: {}\n", layer.is_there ? "yes" : "no", layer.name, layer.detail);
  }
  const SetcapAdvice advice = setcap_advice();
  print("\nWithout root\n  {}\n       {}\n", advice.command, advice.for_what);
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
  std::string layers;
  for (const Layer& layer : confining_layers()) {
    layers += fmt::format(R"({}{{"layer":"{}","there":{},"detail":{}}})", layers.empty() ? "" : ",",
                          layer.name, layer.is_there, json_string(layer.detail));
  }
  print("{{\"devices\":[{}],\"permissions\":[{}],\"confinement\":[{}],\"setcap\":{}}}\n", devices,
        permissions, layers, json_string(setcap_advice().command));
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
