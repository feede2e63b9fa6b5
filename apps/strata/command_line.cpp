// SPDX-License-Identifier: Apache-2.0
#include "strata/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <utility>
#include <vector>

#include "strata/stack_flags.h"

namespace strata::app {
namespace {

using service::Outcome;

// A verb on the line: its flags, and how they become a command once the line is parsed.
struct Verb {
  CLI::App* app = nullptr;
  std::function<Outcome<Command>()> read;
};

class Verbs {
 public:
  Verbs();
  CLI::App app{"Strata: a network stack in user space.", "strata"};
  std::vector<Verb> all;

 private:
  CLI::App& add(const char* name, const char* description, const char* example,
                std::function<Outcome<Command>()> read);
  void add_up();

  StackFlags stack_;
  UpCommand up_;
  std::vector<std::string> serve_;
};

CLI::App& Verbs::add(const char* name, const char* description, const char* example,
                     std::function<Outcome<Command>()> read) {
  CLI::App* verb = app.add_subcommand(name, description);
  verb->footer(fmt::format("Example:\n  {}", example));
  all.push_back({verb, std::move(read)});
  return *verb;
}

Verbs::Verbs() {
  app.require_subcommand(1);
  app.set_version_flag("--version", STRATA_VERSION);
  add_up();
}

void Verbs::add_up() {
  CLI::App& verb = add(
      "up", "Bring a stack up and keep it running until Ctrl-C.",
      "strata up --serve echo,daytime      then, elsewhere: ping 10.77.0.2", [this] {
        auto options = stack_.read(*all[0].app);
        if (!options) return Outcome<Command>(std::unexpected(std::move(options).error()));
        up_.stack = std::move(*options);
        if (!serve_.empty()) up_.stack.serve.clear();
        for (const std::string& text : serve_) {
          auto serve = service::parse_serve(text);
          if (!serve) return Outcome<Command>(std::unexpected(std::move(serve).error()));
          up_.stack.serve.push_back(*serve);
        }
        return Outcome<Command>(up_);
      });
  stack_.add_to(verb);
  verb.add_option("--serve", serve_, "UDP services: echo, discard, chargen, daytime")
      ->delimiter(',')->type_name("NAME[:PORT],...");
}

}  // namespace

std::expected<Command, EarlyEnd> parse_command_line(std::span<const std::string> words) {
  Verbs verbs;
  // CLI11 takes the words from the back.
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    verbs.app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream complaint;
    const int status = verbs.app.exit(error, out, complaint);
    return std::unexpected(EarlyEnd{status == 0 ? kOk : kUsage, out.str() + complaint.str()});
  }
  for (const Verb& verb : verbs.all) {
    if (!verb.app->parsed()) continue;
    auto command = verb.read();
    if (command) return *std::move(command);
    service::Failure failure = std::move(command).error();
    std::string text = fmt::format("strata {}: {}\n", verb.app->get_name(), failure.text);
    if (!failure.hint.empty()) text += fmt::format("  {}\n", failure.hint);
    return std::unexpected(EarlyEnd{kUsage, std::move(text)});
  }
  return std::unexpected(EarlyEnd{kUsage, verbs.app.help()});
}

int run(int argc, const char* const* argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  auto command = parse_command_line(words);
  if (!command) {
    fmt::print(command.error().status == kOk ? stdout : stderr, "{}", command.error().text);
    return command.error().status;
  }
  return std::visit([](const auto& which) { return run_command(which); }, *command);
}

}  // namespace strata::app
