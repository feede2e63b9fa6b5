// SPDX-License-Identifier: Apache-2.0
// Runs a script: events in order, each at its time, until one does not come as it was written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "script/language/ast.h"
#include "script/run/commands.h"
#include "strata/time.h"

namespace strata::script {

struct Verdict {
  enum class Kind : std::uint8_t {
    kPassed,
    kFailed,
    kUnsupported,  // the script asks for what we do not have
  };
  Kind kind = Kind::kPassed;
  std::string message;             // why not; as packetdrill says it, without a line end
  std::vector<std::string> log;    // with the option verbose: each packet and call
  std::vector<std::string> notes;  // what included files asked for in vain
  Duration script_time{};          // how long the run took on its own clock
};

// `path` is for messages. The script outlives the call.
[[nodiscard]] Verdict run_script(const Script& script, std::string_view path, ReadFile read_file);

}  // namespace strata::script
