// SPDX-License-Identifier: Apache-2.0
// What a command line means, as plain values: one struct a verb.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "attach/tier.h"
#include "script/language/options.h"
#include "service/echo_session.h"
#include "service/stack_options.h"
#include "service/trace_session.h"
#include "strata/wire/dns.h"

namespace strata::app {

enum ExitStatus : int { kOk = 0, kFailed = 1, kUsage = 2 };

struct UpCommand {
  service::StackOptions stack;
  bool json = false;
};

enum class Family : std::uint8_t { kAny, kIpv4, kIpv6 };

// An address, for link-local ones with the interface: "fe80::1%strata0"; or a name to be looked up.
struct Target {
  IpAddress address;
  std::string zone;
  std::string name;
  Family family = Family::kAny;
};

struct PingCommand {
  service::StackOptions stack;
  Target target;
  service::EchoOptions echo;
  std::string from;  // an address of ours or the name of an interface; empty: as routes say
  bool quiet = false;
  bool json = false;
};

struct TracerouteCommand {
  service::StackOptions stack;
  Target target;
  service::TraceOptions trace;
  bool numeric = false;
  bool json = false;
};

struct ResolveCommand {
  service::StackOptions stack;
  std::string name;
  std::optional<wire::DnsType> type;  // none: addresses, as programs ask for them
  Family family = Family::kAny;
  bool json = false;
};

struct CaptureCommand {
  std::string device;   // listen on a device of our own,
  std::string read;     // read a file,
  std::string control;  // or ask a running stack; empty: the only one
  std::string write;    // a pcapng file; empty: print lines
  std::uint64_t count = 0;
  bool json = false;
};

struct DoctorCommand {
  bool json = false;
};

struct StatusCommand {
  std::string control;
  std::optional<std::chrono::milliseconds> watch;
  bool json = false;
};

struct ScriptCommand {
  script::Options options;
  std::vector<std::string> files;
  bool json = false;
};

struct RunCommand {
  service::StackOptions stack;
  std::vector<std::string> words;    // the program and its arguments
  std::optional<attach::Tier> tier;  // none: the best that the program can have
};

using Command = std::variant<UpCommand, RunCommand, PingCommand, TracerouteCommand, ResolveCommand,
                             CaptureCommand, DoctorCommand, StatusCommand, ScriptCommand>;

// Each answers the exit status.
int run_command(const UpCommand& command);
int run_command(const RunCommand& command);
int run_command(const PingCommand& command);
int run_command(const TracerouteCommand& command);
int run_command(const ResolveCommand& command);
int run_command(const CaptureCommand& command);
int run_command(const DoctorCommand& command);
int run_command(const StatusCommand& command);
int run_command(const ScriptCommand& command);

}  // namespace strata::app
