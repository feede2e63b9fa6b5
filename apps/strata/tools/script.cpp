// SPDX-License-Identifier: Apache-2.0
// strata script: packetdrill's scripts against our stack. Exit status and messages are
// packetdrill's, whatever the number of scripts.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "script/language/parser.h"
#include "script/run/runner.h"
#include "service/json_text.h"
#include "service/print.h"
#include "service/text_file.h"
#include "strata/cli/commands.h"
#include "strata/cli/verbs.h"

namespace strata::app {
namespace {

using script::Verdict;
using service::failed;
using service::json_string;
using service::Outcome;
using service::print;

// The first of several names of an option.
std::string first_name(std::string_view names) {
  return std::string(names.substr(0, names.find(',')));
}

// What the line says; options as they are written.
struct ScriptLine {
  ScriptCommand command;
  std::map<std::string, std::vector<std::string>> options;
};

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

// packetdrill's names and meanings: scripts set the same options in their first lines.
void add_script(Verbs& verbs) {
  auto line = std::make_shared<ScriptLine>();
  struct Option {
    const char* name;
    const char* what;
  };
  static constexpr Option kValues[] = {
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
      {"mss", "segments longer than this came merged from several"},
      {"tcp_ts_tick_usecs", "check that timestamps tick so"},
      {"non_fatal", "packet, syscall: go on after these"},
      {"define,-D", "NAME=VALUE, a word of the script and what it stands for"},
      {"speed,--psp_udp_port", "of packetdrill's own device: nothing depends on it here"},
      {"code_command,--code_format,--code_sockopt", "as packetdrill has them from the start"}};
  static constexpr Option kSwitches[] = {
      {"tcp_ts_ecr_scaled", "send timestamp echoes that nothing asked for"},
      {"strict_segments", "segments are exactly as long as the script says"},
      {"dry_run", "only read the scripts"},
      {"is_anyip,--send_omit_free,--debug", "of packetdrill's own work: nothing depends on it"}};
  Flags& verb = verbs.add("script", "Run scripts in packetdrill's language on virtual time.",
                          "strata script tests/conformance/udp/*.pkt");
  verb.add_option("file", line->command.files, "scripts")->required()->type_name("FILE.pkt...");
  for (const Option& flag : kValues) {
    verb.add_option(std::string("--") + flag.name, line->options[first_name(flag.name)], flag.what)
        ->type_name("VALUE")
        ->allow_extra_args(false);
  }
  for (const Option& flag : kSwitches) {
    verb.add_flag(
        std::string("--") + flag.name,
        [line, flag] { line->options[first_name(flag.name)] = {""}; }, flag.what);
  }
  verb.add_flag("-v,--verbose", line->command.options.verbose, "print each packet and call");
  verb.add_flag("--json", line->command.json, "one JSON object per script");
  verbs.finish(verb, [line]() -> Outcome<Command> {
    for (const auto& [name, values] : line->options) {
      for (const std::string& value : values) {
        const auto applied = script::apply_option(line->command.options, name, value);
        if (!applied) return failed("--" + name + ": " + applied.error());
      }
    }
    return line->command;
  });
}

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
