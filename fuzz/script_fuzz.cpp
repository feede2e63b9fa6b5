// SPDX-License-Identifier: Apache-2.0
// Scripts: any text is read to its end or to its first error, and so is what it says in other
// languages: its shell commands and its assertions. What can be read is run, and comes to an end.
#include <string_view>

#include "fuzz/law.h"
#include "script/language/code.h"
#include "script/language/parser.h"
#include "script/language/shell.h"
#include "script/run/runner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::script;
  const Bytes bytes = fuzz::as_input(data, size);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto script = parse_script(text, {});
  if (!script) {
    fuzz::require(!script.error().text.empty());
    static_cast<void>(split_commands(text));
    CodeNames names;
    static_cast<void>(run_code(text, names));
    return 0;
  }
  fuzz::require(!script->events.empty());
  constexpr std::size_t kEventsToRun = 64;
  if (script->events.size() <= kEventsToRun) {
    const script::Verdict verdict = run_script(*script, "fuzz", nullptr);
    fuzz::require(verdict.message.empty() == (verdict.kind == script::Verdict::Kind::kPassed));
  }
  for (const Event& event : script->events) {
    if (const auto* command = std::get_if<ShellCommand>(&event.action)) {
      static_cast<void>(split_commands(command->text));
    } else if (const auto* code = std::get_if<CodeBlock>(&event.action)) {
      CodeNames names;
      static_cast<void>(run_code(code->text, names));
    }
  }
  return 0;
}
