// SPDX-License-Identifier: Apache-2.0
#include "strata/cli/verbs.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <list>
#include <sstream>
#include <utility>
#include <vector>

#include "strata/check.h"

namespace strata::app {
namespace {

struct Verb {
  CLI::App* app;
  Flags flags;
  Verbs::Read read;
  [[nodiscard]] std::string name() const { return app->get_name(); }
};

}  // namespace

using service::failed;

struct Verbs::Line {
  CLI::App app{"Strata: a network stack in user space.", "strata"};
  // Lists, for others point into their entries.
  std::list<Verb> verbs;
  std::list<StackFlags> stack_flags;

  [[nodiscard]] const Verb* chosen() const {
    const auto found =
        std::ranges::find_if(verbs, [](const Verb& verb) { return verb.app->parsed(); });
    return found == verbs.end() ? nullptr : &*found;
  }
  [[nodiscard]] EarlyEnd end_of(const CLI::ParseError& error,
                                std::span<const std::string> words) const;
};

Verbs::Verbs() : line_(std::make_unique<Line>()) {
  line_->app.require_subcommand(1);
  line_->app.set_version_flag("--version", version_text());
  line_->app.footer(
      "Example:\n  strata up        then, elsewhere: ping 10.77.0.2\n"
      "Exit status: 0 done, 1 failed, 2 the command line makes no sense.");
  add_up(*this);
  add_run(*this);
  add_ping(*this);
  add_traceroute(*this);
  add_resolve(*this);
  add_capture(*this);
  add_pktgen(*this);
  add_doctor(*this);
  add_status(*this);
  add_explain(*this);
  add_config(*this);
  add_reload(*this);
  add_device(*this);
  add_switch(*this);
  add_script(*this);
  add_sim(*this);
  add_bench(*this);
}

Verbs::~Verbs() = default;

Flags& Verbs::add(const char* name, const char* description, const char* example) {
  CLI::App* const verb = line_->app.add_subcommand(name, description);
  verb->footer(fmt::format("Example:\n  {}", example));
  return line_->verbs.emplace_back(Verb{verb, Flags(*verb), {}}).flags;
}

StackFlags& Verbs::add_stack_flags(Flags& verb, const char* publish) {
  StackFlags& flags = line_->stack_flags.emplace_back();
  flags.add_to(verb, publish);
  return flags;
}

void Verbs::finish(Flags& verb, Read read) {
  const auto found = std::ranges::find(line_->verbs, &verb, [](Verb& each) { return &each.flags; });
  STRATA_CHECK(found != line_->verbs.end());
  found->read = std::move(read);
}

// What CLI11 found: help that was asked for, or a fault, told like all others.
EarlyEnd Verbs::Line::end_of(const CLI::ParseError& error,
                             std::span<const std::string> words) const {
  std::ostringstream out;
  std::ostringstream complaint;
  if (app.exit(error, out, complaint) == 0) return {kOk, out.str()};
  if (const Verb* verb = chosen()) {
    return {kUsage, fmt::format("strata {0}: {1}\n  strata {0} --help says what there is\n",
                                verb->name(), error.what())};
  }
  // Before a verb there is nothing but --help and --version.
  const std::string what =
      words.empty() ? "a verb is required" : fmt::format("'{}' is no flag", words.front());
  return {kUsage, fmt::format("strata: {}\n  strata --help says what there is\n", what)};
}

std::expected<Command, EarlyEnd> Verbs::parse(std::span<const std::string> words) {
  const bool names_verb = !words.empty() && !words.front().starts_with('-');
  const auto& verbs = line_->verbs;
  if (names_verb && std::ranges::find(verbs, words.front(), &Verb::name) == verbs.end()) {
    return std::unexpected(EarlyEnd{
        kUsage,
        fmt::format("strata: '{}' is not a verb\n  strata --help lists them\n", words.front())});
  }
  try {
    // CLI11 takes the words from the back.
    line_->app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return std::unexpected(line_->end_of(error, words));
  }
  const Verb* const verb = line_->chosen();
  if (verb == nullptr) return std::unexpected(EarlyEnd{kUsage, line_->app.help()});
  const std::string empty = verb->flags.what_is_empty();
  auto command = empty.empty() ? verb->read() : failed(empty + ": an empty value");
  if (command) return *std::move(command);
  const service::Failure& failure = command.error();
  std::string text = fmt::format("strata {}: {}\n", verb->name(), failure.text);
  if (!failure.hint.empty()) text += fmt::format("  {}\n", failure.hint);
  return std::unexpected(EarlyEnd{kUsage, std::move(text)});
}

std::expected<Command, EarlyEnd> parse_command_line(std::span<const std::string> words) {
  Verbs verbs;
  auto command = verbs.parse(words);
  if (!command) return command;
  if (auto* const up = std::get_if<UpCommand>(&*command)) {
    up->words.assign(words.begin(), words.end());
  }
  return command;
}

}  // namespace strata::app
