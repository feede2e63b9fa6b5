// SPDX-License-Identifier: Apache-2.0
// What a command line means, as plain values: one struct a verb.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "attach/tier.h"
#include "ring/traffic.h"
#include "runtime/confine/confine.h"
#include "script/language/options.h"
#include "service/control/messages.h"
#include "service/devices/switch_node.h"
#include "service/echo_session.h"
#include "service/stack_options.h"
#include "service/trace_session.h"
#include "strata/wire/dns.h"

namespace strata::app {

enum ExitStatus : int { kOk = 0, kFailed = 1, kUsage = 2 };

struct UpCommand {
  service::StackOptions stack;
  runtime::ConfineOptions confine;
  bool json = false;
  std::string config;              // a file that may be read again; empty: none
  std::vector<std::string> words;  // the line itself, for that
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
  runtime::ConfineOptions confine;
  Target target;
  service::EchoOptions echo;
  std::string from;  // an address of ours or the name of an interface; empty: as routes say
  bool quiet = false;
  bool json = false;
};

struct TracerouteCommand {
  service::StackOptions stack;
  runtime::ConfineOptions confine;
  Target target;
  service::TraceOptions trace;
  bool numeric = false;
  bool json = false;
};

struct ResolveCommand {
  service::StackOptions stack;
  runtime::ConfineOptions confine;
  std::string name;
  std::optional<wire::DnsType> type;  // none: addresses, as programs ask for them
  Family family = Family::kAny;
  bool json = false;
};

struct CaptureCommand {
  runtime::ConfineOptions confine;
  std::string device;   // listen on a device of our own,
  std::string read;     // read a file,
  std::string control;  // or ask a running stack; empty: the only one
  std::string write;    // a pcapng file; empty: print lines
  std::uint64_t count = 0;
  bool json = false;
  bool verbose = false;                 // every layer of each packet
  bool hex = false;                     // its bytes
  std::vector<std::string> expression;  // words of a filter in tcpdump's language
  std::uint32_t snap_length = 0;        // bytes kept of each frame; 0: all
  std::uint64_t file_megabytes = 0;     // a new file after so many million bytes; 0: never
  std::uint64_t file_seconds = 0;       // or so many seconds
  std::uint64_t files = 0;              // keep the newest; 0: all

  [[nodiscard]] std::string filter() const;
};

struct PktgenCommand {
  enum class Direction : std::uint8_t { kSend, kReceive };
  runtime::ConfineOptions confine;
  Direction direction = Direction::kSend;
  std::string device;
  ring::TrafficOptions traffic;
  std::uint64_t rate = 0;   // frames a second; 0: as many as fit
  std::uint64_t count = 0;  // 0: until something else ends it
  std::optional<Duration> duration;
  bool json = false;
};

struct DoctorCommand {
  bool json = false;
};

struct StatusCommand {
  std::string verb = "status";
  std::string part;  // one list of the status; empty: all of it
  std::string control;
  std::optional<std::chrono::milliseconds> watch;
  bool json = false;
};

struct ExplainCommand {
  std::string control;
  std::string interface;
  std::vector<std::string> packet;  // words of hexadecimal digits, or a capture file
  bool json = false;
};

struct DeviceCommand {
  std::string control;
  service::ControlRequest request;
  bool json = false;
};

struct ConfigCommand {
  enum class Deed : std::uint8_t { kCheck, kSchema, kReference };
  Deed deed = Deed::kCheck;
  std::vector<std::string> files;
  bool json = false;
};

struct ReloadCommand {
  std::string control;
  bool json = false;
};

struct SwitchCommand {
  runtime::ConfineOptions confine;
  service::SwitchNodeOptions options;
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

struct SimCommand {
  runtime::ConfineOptions confine;  // in real time
  std::string lab;
  std::optional<std::uint64_t> seed;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> seeds;  // first and last
  std::optional<Duration> until;
  unsigned jobs = 1;  // seeds at a time
  std::string plot;   // a file, and so on
  std::string plot_cdf;
  std::string plot_sequence;
  std::string csv;
  std::string trace;
  std::string captures;  // a folder
  bool json = false;
  bool is_real_time = false;
  LoopPolicy policy = LoopPolicy::kAdaptive;  // in real time
  bool explores = false;                      // faults and choices, for what is broken
  std::string replay;                         // a trial's file
};

struct BenchCommand {
  std::vector<std::string> words;  // for strata-bench, which reads them itself
};

using Command = std::variant<UpCommand, RunCommand, PingCommand, TracerouteCommand, ResolveCommand,
                             CaptureCommand, PktgenCommand, DoctorCommand, StatusCommand,
                             ExplainCommand, ConfigCommand, ReloadCommand, DeviceCommand,
                             SwitchCommand, ScriptCommand, SimCommand, BenchCommand>;

// Each answers the exit status.
int run_command(const UpCommand& command);
int run_command(const RunCommand& command);
int run_command(const PingCommand& command);
int run_command(const TracerouteCommand& command);
int run_command(const ResolveCommand& command);
int run_command(const CaptureCommand& command);
int run_command(const PktgenCommand& command);
int run_command(const DoctorCommand& command);
int run_command(const StatusCommand& command);
int run_command(const ExplainCommand& command);
int run_command(const ConfigCommand& command);
int run_command(const ReloadCommand& command);
int run_command(const DeviceCommand& command);
int run_command(const SwitchCommand& command);
int run_command(const ScriptCommand& command);
int run_command(const SimCommand& command);
int run_command(const BenchCommand& command);

}  // namespace strata::app
