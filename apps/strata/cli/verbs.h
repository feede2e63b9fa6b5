// SPDX-License-Identifier: Apache-2.0
// The verbs, and how each becomes a Command once the line is parsed.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "strata/cli/command_line.h"
#include "strata/cli/flags.h"
#include "strata/cli/stack_flags.h"

namespace strata::app {

class Verbs {
 public:
  using Read = std::function<service::Outcome<Command>()>;

  Verbs();
  ~Verbs();
  Verbs(const Verbs&) = delete;
  Verbs& operator=(const Verbs&) = delete;

  [[nodiscard]] std::expected<Command, EarlyEnd> parse(std::span<const std::string> words);

  // For the module of a verb. What its flags write to lives as long as its Read, which is asked
  // once the line is parsed.
  Flags& add(const char* name, const char* description, const char* example);
  // `publish` is how that flag is called: -p means something else to some.
  StackFlags& add_stack_flags(Flags& verb, const char* publish = "--publish");
  void finish(Flags& verb, Read read);

 private:
  struct Line;  // CLI11's
  std::unique_ptr<Line> line_;
};

// Each stands in the file of its verb, beside run_command().
void add_up(Verbs& verbs);
void add_run(Verbs& verbs);
void add_ping(Verbs& verbs);
void add_traceroute(Verbs& verbs);
void add_resolve(Verbs& verbs);
void add_capture(Verbs& verbs);
void add_pktgen(Verbs& verbs);
void add_config(Verbs& verbs);
void add_reload(Verbs& verbs);
void add_device(Verbs& verbs);
void add_switch(Verbs& verbs);
void add_doctor(Verbs& verbs);
void add_status(Verbs& verbs);
void add_explain(Verbs& verbs);
void add_script(Verbs& verbs);
void add_sim(Verbs& verbs);
void add_bench(Verbs& verbs);

}  // namespace strata::app
