// SPDX-License-Identifier: Apache-2.0
// strata bench: how fast this machine is, Strata beside its peers.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "runtime/companion.h"
#include "service/failure.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/verbs.h"

namespace strata::app {

void add_bench(Verbs& verbs) {
  auto line = std::make_shared<BenchCommand>();
  Flags& verb = verbs.add("bench", "Measure this machine, Strata beside its peers.",
                          "strata bench udp --rounds 9");
  verb.leave_all_to_another_program();  // to strata-bench, which has the help, too
  verbs.finish(verb, [line, &verb]() -> service::Outcome<Command> {
    line->words = verb.words_left();
    return *line;
  });
}

// Becomes strata-bench, which is a program of its own because of its peers.
int run_command(const BenchCommand& command) {
  const std::string program = runtime::find_companion("strata-bench", STRATA_PROGRAM_FOLDER);
  if (program.empty()) {
    service::print(stderr,
                   "strata bench: strata-bench is not beside this program\n"
                   "`./dev install` installs it, `./dev bench` runs it in the source tree\n");
    return kFailed;
  }
  std::vector<std::string> words{"strata bench"};
  words.insert(words.end(), command.words.begin(), command.words.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv(program.c_str(), arguments.data());
  service::print(stderr, "strata bench: {}: {}\n", program, std::strerror(errno));
  return kFailed;
}

}  // namespace strata::app
