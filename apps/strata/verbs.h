// SPDX-License-Identifier: Apache-2.0
// The verbs as CLI11 knows them, and how each becomes a Command once the line is parsed.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "strata/command_line.h"
#include "strata/stack_flags.h"

namespace strata::app {

class Verbs {
 public:
  Verbs();
  Verbs(const Verbs&) = delete;
  Verbs& operator=(const Verbs&) = delete;

  [[nodiscard]] std::expected<Command, EarlyEnd> parse(std::span<const std::string> words);

 private:
  using Read = std::function<service::Outcome<Command>()>;
  struct Verb {
    CLI::App* app;
    Read read;
    [[nodiscard]] std::string name() const { return app->get_name(); }
  };

  CLI::App& add(const char* name, const char* description, const char* example);
  StackFlags& add_stack_flags(CLI::App& verb, const char* publish = "--publish");
  void add_families(CLI::App& verb);
  [[nodiscard]] Family family() const;
  void finish(CLI::App& verb, Read read) { verbs_.push_back({&verb, std::move(read)}); }
  [[nodiscard]] EarlyEnd end_of(const CLI::ParseError& error,
                                std::span<const std::string> words) const;
  void add_up();
  void add_run();
  void add_ping();
  void add_traceroute();
  [[nodiscard]] service::Outcome<void> set_trace_probe();
  void add_resolve();
  void add_capture();
  void add_doctor();
  void add_status();
  void add_script();

  CLI::App app_{"Strata: a network stack in user space.", "strata"};
  std::vector<Verb> verbs_;
  std::list<StackFlags> stack_flags_;  // a list, for the flags point into its entries
  UpCommand up_;
  RunCommand run_;
  PingCommand ping_;
  TracerouteCommand traceroute_;
  ResolveCommand resolve_;
  CaptureCommand capture_;
  DoctorCommand doctor_;
  StatusCommand status_;
  ScriptCommand script_;
  std::map<std::string, std::vector<std::string>> script_options_;  // as they were written

  std::vector<std::string> serve_;
  std::vector<std::string> joins_;
  std::string tier_;
  std::string record_type_;
  std::string host_;
  bool only_ipv4_ = false;
  bool only_ipv6_ = false;
  double interval_s_ = 1;
  double timeout_s_ = 0;
  double deadline_s_ = 0;
  unsigned hops_ = 0;
  unsigned first_hop_ = 1;
  bool traces_icmp_ = false;
  bool traces_tcp_ = false;
  unsigned trace_port_ = 0;  // 0: the probe's own
  unsigned hops_max_ = 30;
  double watch_s_ = 1;
};

}  // namespace strata::app
