// SPDX-License-Identifier: Apache-2.0
// strata script: packetdrill's scripts against our stack. Exit status and messages are
// packetdrill's, whatever the number of scripts.
#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "script/language/parser.h"
#include "script/run/runner.h"
#include "service/json_text.h"
#include "service/print.h"
#include "service/text_file.h"
#include "strata/commands.h"

namespace strata::app {
namespace {

using script::Verdict;
using service::json_string;
using service::print;

std::optional<std::string> read_file(const std::filesystem::path& path) {
  auto text = service::read_text_file(path.string());
  if (!text) return std::nullopt;
  return *std::move(text);
}

Verdict run_file(const std::string& path, const script::Options& options) {
  const auto text = service::read_text_file(path);
  if (!text) return {Verdict::Kind::kFailed, text.error().text, {}, {}, {}};
  const auto script = script::parse_script(*text, options);
  if (!script) {
    const script::SyntaxError& error = script.error();
    return {Verdict::Kind::kFailed,
            fmt::format("{}:{}: parse error at '{}': {}", path, error.line, error.at, error.text),
            {},
            {},
            {}};
  }
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return script::run_script(*script, path,
                            [folder](std::string_view name) { return read_file(folder / name); });
}

std::string_view name_of(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::kPassed: return "passed";
    case Verdict::Kind::kFailed: return "failed";
    case Verdict::Kind::kUnsupported: return "unsupported";
  }
  return "";
}

void print_text(const std::string& path, const Verdict& verdict, bool verbose) {
  for (const std::string& line : verdict.log) print("{}\n", line);
  if (verbose) {
    for (const std::string& note : verdict.notes) {
      print(stderr, "{}: note: not set: {}\n", path, note);
    }
  }
  if (!verdict.message.empty()) print(stderr, "{}\n", verdict.message);
}

void print_json(const std::string& path, const Verdict& verdict) {
  std::string notes;
  for (const std::string& note : verdict.notes) {
    notes += (notes.empty() ? "" : ",") + json_string(note);
  }
  const double seconds = std::chrono::duration<double>(verdict.script_time).count();
  print(R"({{"script":{},"result":"{}","message":{},"notes":[{}],"script_seconds":{:.6f}}})",
        json_string(path), name_of(verdict.kind), json_string(verdict.message), notes, seconds);
  print("\n");
}

}  // namespace

int run_command(const ScriptCommand& command) {
  std::size_t counts[3] = {};
  for (const std::string& path : command.files) {
    const Verdict verdict = run_file(path, command.options);
    ++counts[static_cast<std::size_t>(verdict.kind)];
    if (command.json) {
      print_json(path, verdict);
    } else {
      print_text(path, verdict, command.options.verbose);
    }
  }
  const std::size_t passed = counts[static_cast<std::size_t>(Verdict::Kind::kPassed)];
  if (!command.json && command.files.size() > 1) {
    print("{} scripts: {} passed, {} failed, {} unsupported\n", command.files.size(), passed,
          counts[1], counts[2]);
  }
  return passed == command.files.size() ? kOk : kFailed;
}

}  // namespace strata::app
