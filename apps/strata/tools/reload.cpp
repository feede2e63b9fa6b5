// SPDX-License-Identifier: Apache-2.0
// strata reload: a running stack reads its configuration again.
#include <cstdio>
#include <memory>
#include <string>

#include "service/control/answers.h"
#include "service/control/client.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/verbs.h"

namespace strata::app {

using service::Outcome;

void add_reload(Verbs& verbs) {
  auto line = std::make_shared<ReloadCommand>();
  Flags& verb = verbs.add("reload", "Have a running strata up --config FILE read the file again.",
                          "strata reload        says what has changed, and what needs a restart");
  verb.add_option("--control", line->control, "control socket of the running stack")
      ->type_name("PATH");
  verb.add_flag("--json", line->json, "one JSON object");
  verbs.finish(verb, [line]() -> Outcome<Command> { return *line; });
}

int run_command(const ReloadCommand& command) {
  const auto client = service::ControlClient::connect_to_running(command.control);
  if (!client) return complain("reload", client.error());
  const auto line = (*client)->ask({.command = service::ControlCommand::kReload});
  if (!line) return complain("reload", line.error());
  const auto text = service::render_reload(*line, command.json);
  if (!text) return complain("reload", text.error());
  service::print("{}", *text);
  return kOk;
}

}  // namespace strata::app
