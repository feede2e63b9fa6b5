// SPDX-License-Identifier: Apache-2.0
#include "strata/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "service/names/record_text.h"
#include "strata/target.h"
#include "strata/value_checks.h"

namespace strata::app {
namespace {

using service::failed;
using service::Outcome;

constexpr std::uint64_t kEchoBytesMax = 65'507;  // what fits a datagram of 65,535 bytes over IPv4

Duration duration_of(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// What a file may ask of `strata up` alone.
Outcome<void> refuse_servers(const service::StackOptions& options) {
  if (!options.serve.empty()) return failed("serve: only `strata up` serves");
  if (!options.joins.empty()) return failed("join: only `strata up` joins groups");
  return {};
}

}  // namespace

Verbs::Verbs() {
  app_.require_subcommand(1);
  app_.set_version_flag("--version", version_text());
  app_.footer(
      "Example:\n  strata up        then, elsewhere: ping 10.77.0.2\n"
      "Exit status: 0 done, 1 failed, 2 the command line makes no sense.");
  add_up();
  add_run();
  add_ping();
  add_traceroute();
  add_resolve();
  add_capture();
  add_doctor();
  add_status();
  add_script();
}

CLI::App& Verbs::add(const char* name, const char* description, const char* example) {
  CLI::App* verb = app_.add_subcommand(name, description);
  verb->footer(fmt::format("Example:\n  {}", example));
  return *verb;
}

StackFlags& Verbs::add_stack_flags(CLI::App& verb, const char* publish) {
  StackFlags& flags = stack_flags_.emplace_back();
  flags.add_to(verb, publish);
  return flags;
}

void Verbs::add_families(CLI::App& verb) {
  CLI::Option* v4 = verb.add_flag("-4", only_ipv4_, "IPv4 only");
  verb.add_flag("-6", only_ipv6_, "IPv6 only")->excludes(v4);
}

Family Verbs::family() const {
  return only_ipv4_ ? Family::kIpv4 : only_ipv6_ ? Family::kIpv6 : Family::kAny;
}

void Verbs::add_up() {
  CLI::App& verb = add("up", "Bring a stack up and keep it running until Ctrl-C.",
                       "strata up --serve echo,daytime        then, elsewhere: ping 10.77.0.2\n"
                       "  strata up --serve http=DIR -p 8080:80  without any privilege");
  StackFlags& flags = add_stack_flags(verb, "-p,--publish");
  verb.add_option("--serve", serve_,
                  "services over UDP and TCP: echo, discard, chargen, daytime, http=DIR[:PORT]")
      ->delimiter(',')
      ->type_name("NAME[=DIR][:PORT],...");
  verb.add_option("--join", joins_, "be a member of a multicast group")
      ->allow_extra_args(false)
      ->type_name("GROUP[%IF]");
  verb.add_flag("--json", up_.json, "say in one line of JSON that the stack is up");
  finish(verb, [this, &verb, &flags]() -> Outcome<Command> {
    auto options = flags.read(verb);
    if (!options) return std::unexpected(std::move(options).error());
    up_.stack = std::move(*options);
    if (!serve_.empty()) up_.stack.serve.clear();
    for (const std::string& text : serve_) {
      auto serve = service::parse_serve(text);
      if (!serve) return failed("--serve: " + serve.error().text);
      up_.stack.serve.push_back(*serve);
    }
    if (!joins_.empty()) up_.stack.joins.clear();
    for (const std::string& text : joins_) {
      auto join = service::parse_join(text);
      if (!join) return failed("--join: " + join.error().text);
      up_.stack.joins.push_back(*std::move(join));
    }
    return up_;
  });
}

void Verbs::add_run() {
  CLI::App& verb = add("run", "Run an unmodified program on a stack of its own.",
                       "strata run -- curl -s http://10.77.0.1/\n"
                       "  strata run -p 8080:80 -- nginx     without any privilege");
  verb.add_option("--tier", tier_, "trap or preload; without it preload where it is possible")
      ->type_name("TIER");
  verb.add_option("program", run_.words, "the program and its arguments, behind --")
      ->required()
      ->type_name("PROGRAM ARGS...");
  StackFlags& flags = add_stack_flags(verb, "-p,--publish");
  finish(verb, [this, &verb, &flags]() -> Outcome<Command> {
    auto options = flags.read(verb);
    if (!options) return std::unexpected(std::move(options).error());
    if (!options->serve.empty()) return failed("serve: only `strata up` serves");
    if (!options->joins.empty()) return failed("join: only `strata up` joins groups");
    if (tier_ == "trap") run_.tier = attach::Tier::kTrap;
    if (tier_ == "preload") run_.tier = attach::Tier::kPreload;
    if (!tier_.empty() && !run_.tier) {
      return failed(fmt::format("--tier: '{}' is neither trap nor preload", tier_));
    }
    run_.stack = std::move(*options);
    return run_;
  });
}

void Verbs::add_ping() {
  CLI::App& verb =
      add("ping", "Send echo requests from a stack of its own.", "strata ping -c 3 10.77.0.1");
  service::EchoOptions& echo = ping_.echo;
  verb.add_option("host", host_, "an IPv4 or IPv6 address, or a name")
      ->required()
      ->type_name("HOST");
  verb.add_option("-c", echo.count, "stop after so many requests")
      ->transform(whole_number(1, UINT32_MAX))
      ->type_name("COUNT");
  verb.add_option("-i", interval_s_, "seconds between requests (default 1)")
      ->check(seconds_from(0.001))
      ->type_name("SECONDS");
  verb.add_option("-s", echo.size, "bytes of payload (default 56)")
      ->transform(whole_number(0, kEchoBytesMax))
      ->type_name("BYTES");
  verb.add_option("-t", hops_, "time to live, or hop limit")
      ->transform(whole_number(1, 255))
      ->type_name("HOPS");
  verb.add_option("-W", timeout_s_, "seconds to wait after the last request")
      ->check(seconds_from(0.001))
      ->type_name("SECONDS");
  verb.add_option("-w", deadline_s_, "seconds until it ends; -c then counts answers")
      ->check(seconds_from(0.001))
      ->type_name("SECONDS");
  verb.add_option("-I", ping_.from, "where requests come from: an address, or an interface")
      ->type_name("ADDRESS");
  add_families(verb);
  // Names of addresses are never asked for, so that this is always so.
  verb.add_flag("-n")->description("addresses, no names of them (always so)");
  verb.add_flag("-q", ping_.quiet, "only the summary");
  verb.add_flag("-f", echo.flood, "send as fast as replies come; hosts on an own link only")
      ->excludes("-i");
  verb.add_flag("--json", ping_.json, "the summary as one JSON object");
  StackFlags& flags = add_stack_flags(verb);
  finish(verb, [this, &verb, &flags]() -> Outcome<Command> {
    auto target = parse_target(host_, family());
    if (!target) return std::unexpected(std::move(target).error());
    auto options = flags.read(verb);
    if (!options) return std::unexpected(std::move(options).error());
    if (auto refused = refuse_servers(*options); !refused) {
      return std::unexpected(std::move(refused).error());
    }
    ping_.stack = std::move(*options);
    ping_.echo.destination = target->address;
    ping_.echo.interval = duration_of(interval_s_);
    if (hops_ != 0) ping_.echo.hop_limit = static_cast<std::uint8_t>(hops_);
    if (timeout_s_ > 0) ping_.echo.patience = duration_of(timeout_s_);
    if (deadline_s_ > 0) ping_.echo.deadline = duration_of(deadline_s_);
    ping_.echo.name = host_;
    ping_.target = *std::move(target);
    return ping_;
  });
}

Outcome<void> Verbs::set_trace_probe() {
  constexpr unsigned kUdpPortMax = 65'535 - 2550;  // the last probe needs one, too
  using Probe = service::TraceOptions::Probe;
  service::TraceOptions& trace = traceroute_.trace;
  trace.probe = traces_icmp_ ? Probe::kEcho : traces_tcp_ ? Probe::kTcp : Probe::kUdp;
  if (trace_port_ == 0) return {};
  if (traces_tcp_) {
    trace.tcp_port = static_cast<std::uint16_t>(trace_port_);
    return {};
  }
  if (trace_port_ > kUdpPortMax) {
    return failed(
        fmt::format("-p: the ports of later probes would pass 65535: at most {}", kUdpPortMax));
  }
  trace.base_port = static_cast<std::uint16_t>(trace_port_);
  return {};
}

void Verbs::add_traceroute() {
  CLI::App& verb = add("traceroute", "Show the routers on the way to a host.",
                       "strata traceroute --icmp --device tap:x,host=10.88.0.1/24 "
                       "--address 10.88.0.2/24 --gateway 10.88.0.1 192.0.2.1");
  service::TraceOptions& trace = traceroute_.trace;
  verb.add_option("host", host_, "an IPv4 or IPv6 address, or a name")
      ->required()
      ->type_name("HOST");
  verb.add_flag("-I,--icmp", traces_icmp_, "echo requests instead of UDP");
  verb.add_flag("-T,--tcp", traces_tcp_, "TCP SYNs instead of UDP")->excludes("-I");
  verb.add_option("-q", trace.probes_each, "probes per hop (default 3)")
      ->transform(whole_number(1, 10))
      ->type_name("COUNT");
  verb.add_option("-f", first_hop_, "first hop (default 1)")
      ->transform(whole_number(1, 255))
      ->type_name("HOP");
  verb.add_option("-m", hops_max_, "last hop (default 30)")
      ->transform(whole_number(1, 255))
      ->type_name("HOP");
  verb.add_option("-w", timeout_s_, "seconds to wait for an answer (default 5)")
      ->check(seconds_from(0.001))
      ->type_name("SECONDS");
  verb.add_option("-p", trace_port_,
                  "UDP port of the first probe (default 33434), TCP port of all (80)")
      ->transform(whole_number(1, 65'535))
      ->type_name("PORT")
      ->excludes("-I");
  add_families(verb);
  verb.add_flag("-n", traceroute_.numeric, "addresses once, without parentheses");
  verb.add_flag("--json", traceroute_.json, "one JSON object");
  StackFlags& flags = add_stack_flags(verb);
  finish(verb, [this, &verb, &flags]() -> Outcome<Command> {
    auto target = parse_target(host_, family());
    if (!target) return std::unexpected(std::move(target).error());
    if (auto set = set_trace_probe(); !set) {
      return std::unexpected(std::move(set).error());
    }
    if (first_hop_ > hops_max_) return failed("-f: the first hop lies beyond the last (-m)");
    auto options = flags.read(verb);
    if (!options) return std::unexpected(std::move(options).error());
    if (auto refused = refuse_servers(*options); !refused) {
      return std::unexpected(std::move(refused).error());
    }
    traceroute_.stack = std::move(*options);
    traceroute_.trace.destination = target->address;
    traceroute_.trace.name = host_;
    traceroute_.trace.first_hop = static_cast<std::uint8_t>(first_hop_);
    traceroute_.trace.hops_max = static_cast<std::uint8_t>(hops_max_);
    if (timeout_s_ > 0) traceroute_.trace.patience = duration_of(timeout_s_);
    traceroute_.target = *std::move(target);
    return traceroute_;
  });
}

void Verbs::add_resolve() {
  CLI::App& verb = add("resolve", "Look a name up with a stack of its own.",
                       "strata resolve --dns 10.77.0.1 www.example.org");
  verb.add_option("name", resolve_.name, "a name")->required()->type_name("NAME");
  CLI::Option* type =
      verb.add_option("type", record_type_, "records of one type instead of addresses: A, TXT, ...")
          ->type_name("TYPE");
  CLI::Option* v4 = verb.add_flag("-4", only_ipv4_, "IPv4 addresses only")->excludes(type);
  verb.add_flag("-6", only_ipv6_, "IPv6 addresses only")->excludes(v4)->excludes(type);
  verb.add_flag("--json", resolve_.json, "one JSON object");
  StackFlags& flags = add_stack_flags(verb);
  finish(verb, [this, &verb, &flags]() -> Outcome<Command> {
    resolve_.family = family();
    if (!record_type_.empty()) {
      resolve_.type = service::parse_dns_type(record_type_);
      if (!resolve_.type) {
        return failed(fmt::format("'{}' is not a type of records, as in A, AAAA, TXT or TYPE65",
                                  record_type_));
      }
      if (!wire::DnsName::parse(resolve_.name)) {
        return failed(fmt::format("'{}' is not a name", resolve_.name));
      }
    }
    auto options = flags.read(verb);
    if (!options) return std::unexpected(std::move(options).error());
    if (auto refused = refuse_servers(*options); !refused) {
      return std::unexpected(std::move(refused).error());
    }
    resolve_.stack = std::move(*options);
    return resolve_;
  });
}

void Verbs::add_capture() {
  CLI::App& verb =
      add("capture", "Show frames with their local time, or write them to a pcapng file.",
          "strata capture -c 10        (of the running stack)");
  CLI::Option* device = verb.add_option("--device", capture_.device,
                                        "listen on a device of our own, without a stack");
  device->type_name("KIND:NAME[,key=value...]");
  CLI::Option* read = verb.add_option("-r", capture_.read, "read a pcap or pcapng file");
  read->type_name("FILE")->excludes(device);
  verb.add_option("--control", capture_.control, "control socket of a running stack")
      ->type_name("PATH")
      ->excludes(device)
      ->excludes(read);
  verb.add_option("-w", capture_.write, "write a pcapng file instead of lines")
      ->type_name("FILE.pcapng");
  verb.add_option("-c", capture_.count, "stop after so many frames")
      ->transform(whole_number(1, UINT32_MAX))
      ->type_name("COUNT");
  verb.add_flag("--json", capture_.json, "a JSON object for each frame, its time in UTC")
      ->excludes("-w");
  finish(verb, [this]() -> Outcome<Command> {
    if (!capture_.device.empty()) {
      auto checked = service::check_device_spec(capture_.device);
      if (!checked) return std::unexpected(std::move(checked).error());
    }
    return capture_;
  });
}

void Verbs::add_doctor() {
  CLI::App& verb = add("doctor", "Say what this machine offers, and what to do about the rest.",
                       "strata doctor");
  verb.add_flag("--json", doctor_.json, "one JSON object");
  finish(verb, [this]() -> Outcome<Command> { return doctor_; });
}

void Verbs::add_status() {
  CLI::App& verb = add("status", "Show interfaces, routes, neighbours, sockets, counters, drops.",
                       "strata status --watch");
  verb.add_option("--control", status_.control, "control socket of the running stack")
      ->type_name("PATH");
  CLI::Option* watch = verb.add_option("--watch", watch_s_, "again every so many seconds");
  watch->type_name("[SECONDS]")->expected(0, 1)->check(seconds_from(0.1));
  verb.add_flag("--json", status_.json, "one JSON object per look");
  finish(verb, [this, watch]() -> Outcome<Command> {
    // CLI11 reads a flag without its value as zero.
    const double seconds = watch_s_ > 0 ? watch_s_ : 1;
    if (watch->count() != 0) {
      status_.watch = std::chrono::duration_cast<std::chrono::milliseconds>(duration_of(seconds));
    }
    return status_;
  });
}

// packetdrill's names and meanings: scripts set the same options in their first lines.
void Verbs::add_script() {
  struct Flag {
    const char* name;
    const char* what;
  };
  static constexpr Flag kValues[] = {
      {"ip_version", "ipv4, ipv4-mapped-ipv6 or ipv6"},
      {"tolerance_usecs", "how far from its time an event may happen (default 4000)"},
      {"tolerance_percent", "the same, as a part of the wait for it (default 12.5)"},
      {"mtu", "of the device (default 1500)"},
      {"local_ip", "where the stack lives"},
      {"remote_ip", "where its peer lives"},
      {"gateway_ip", "a router on the link"},
      {"netmask_ip", "of local_ip"},
      {"bind_port", "what `...` binds to (default 8080)"},
      {"connect_port", "what `...` connects to (default 8080)"},
      {"tcp_ts_tick_usecs", "check that timestamps tick so"},
      {"non_fatal", "packet, syscall: go on after these"},
      {"define", "NAME=VALUE, a word of the script and what it stands for"}};
  static constexpr Flag kSwitches[] = {
      {"tcp_ts_ecr_scaled", "send timestamp echoes that nothing asked for"},
      {"strict_segments", "segments are exactly as long as the script says"},
      {"dry_run", "only read the scripts"}};
  CLI::App& verb = add("script", "Run scripts in packetdrill's language on virtual time.",
                       "strata script tests/conformance/udp/*.pkt");
  verb.add_option("file", script_.files, "scripts")->required()->type_name("FILE.pkt...");
  for (const Flag& flag : kValues) {
    verb.add_option(std::string("--") + flag.name, script_options_[flag.name], flag.what)
        ->type_name("VALUE")
        ->allow_extra_args(false);
  }
  for (const Flag& flag : kSwitches) {
    verb.add_flag_callback(
        std::string("--") + flag.name, [this, flag] { script_options_[flag.name] = {""}; },
        flag.what);
  }
  verb.add_flag("-v,--verbose", script_.options.verbose, "print each packet and call");
  verb.add_flag("--json", script_.json, "one JSON object per script");
  finish(verb, [this]() -> Outcome<Command> {
    for (const auto& [name, values] : script_options_) {
      for (const std::string& value : values) {
        const auto applied = script::apply_option(script_.options, name, value);
        if (!applied) return failed("--" + name + ": " + applied.error());
      }
    }
    return script_;
  });
}

// What CLI11 found: help that was asked for, or a fault, told like all others.
EarlyEnd Verbs::end_of(const CLI::ParseError& error, std::span<const std::string> words) const {
  std::ostringstream out;
  std::ostringstream complaint;
  if (app_.exit(error, out, complaint) == 0) return {kOk, out.str()};
  for (const Verb& verb : verbs_) {
    if (!verb.app->parsed()) continue;
    const std::string name = verb.name();
    return {kUsage, fmt::format("strata {0}: {1}\n  strata {0} --help says what there is\n", name,
                                error.what())};
  }
  const std::string what = words.empty() ? "a verb is required" : error.what();
  return {kUsage, fmt::format("strata: {}\n  strata --help says what there is\n", what)};
}

std::expected<Command, EarlyEnd> Verbs::parse(std::span<const std::string> words) {
  const bool names_verb = !words.empty() && !words.front().starts_with('-');
  if (names_verb && std::ranges::find(verbs_, words.front(), &Verb::name) == verbs_.end()) {
    return std::unexpected(EarlyEnd{
        kUsage,
        fmt::format("strata: '{}' is not a verb\n  strata --help lists them\n", words.front())});
  }
  // CLI11 takes the words from the back.
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app_.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(end_of(error, words));
  }
  for (const Verb& verb : verbs_) {
    if (!verb.app->parsed()) continue;
    const std::string empty = flag_with_empty_value(*verb.app);
    auto command = empty.empty() ? verb.read() : failed(empty + ": an empty value");
    if (command) return *std::move(command);
    const service::Failure& failure = command.error();
    std::string text = fmt::format("strata {}: {}\n", verb.name(), failure.text);
    if (!failure.hint.empty()) text += fmt::format("  {}\n", failure.hint);
    return std::unexpected(EarlyEnd{kUsage, std::move(text)});
  }
  return std::unexpected(EarlyEnd{kUsage, app_.help()});
}

std::expected<Command, EarlyEnd> parse_command_line(std::span<const std::string> words) {
  Verbs verbs;
  return verbs.parse(words);
}

}  // namespace strata::app
