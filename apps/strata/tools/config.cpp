// SPDX-License-Identifier: Apache-2.0
// strata config: what is wrong with configuration files, and what may stand in them.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "service/config/config_file.h"
#include "service/config/config_reference.h"
#include "service/config/config_schema.h"
#include "service/json_text.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/verbs.h"

namespace strata::app {
namespace {

using service::ConfigFault;
using service::ConfigReading;
using service::json_string;
using service::Outcome;
using service::print;
using Deed = ConfigCommand::Deed;

std::string json_of(const std::string& file, const std::vector<ConfigFault>& faults) {
  std::string list;
  for (const ConfigFault& fault : faults) {
    list += fmt::format("{}{{\"line\":{},\"column\":{},\"key\":{},\"what\":{}}}",
                        list.empty() ? "" : ",", fault.line, fault.column, json_string(fault.key),
                        json_string(fault.what));
  }
  return fmt::format("{{\"file\":{},\"ok\":{},\"faults\":[{}]}}\n", json_string(file),
                     faults.empty(), list);
}

// Faults are what was asked for: to standard output, so that editors and pipes have them.
int check(const ConfigCommand& command) {
  int status = kOk;
  for (const std::string& file : command.files) {
    const ConfigReading reading = service::check_config_file(file);
    if (!reading.faults.empty()) status = kFailed;
    if (command.json) {
      print("{}", json_of(file, reading.faults));
      continue;
    }
    for (const ConfigFault& fault : reading.faults) print("{}\n", to_text(fault, file));
    if (reading.faults.empty()) print("{}: ok\n", file);
  }
  return status;
}

}  // namespace

void add_config(Verbs& verbs) {
  auto line = std::make_shared<ConfigCommand>();
  Flags& verb = verbs.add("config", "Check configuration files, and say what may stand in them.",
                          "strata config check /etc/strata/strata.toml");
  const auto deed = [&](const char* name, Deed which, const char* what) -> Flags& {
    return verb.add_subcommand(name, what, [line, which] { line->deed = which; });
  };
  Flags& checks = deed("check", Deed::kCheck, "every fault of files, with line and column");
  checks.add_option("file", line->files, "as --config of strata up takes it")
      ->required()
      ->type_name("FILE");
  checks.add_flag("--json", line->json, "one JSON object a file");
  deed("schema", Deed::kSchema, "a JSON schema of all keys, for editors");
  deed("reference", Deed::kReference, "docs/configuration.md: every key, and what a reload does");
  verbs.finish(verb, [line]() -> Outcome<Command> { return *line; });
}

int run_command(const ConfigCommand& command) {
  switch (command.deed) {
    case Deed::kCheck: return check(command);
    case Deed::kSchema: print("{}", service::config_schema()); break;
    case Deed::kReference: print("{}", service::config_reference()); break;
  }
  return kOk;
}

}  // namespace strata::app
