// SPDX-License-Identifier: Apache-2.0
#include "strata/cli/flags.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <utility>

namespace strata::app {

Flag Flag::required() { return Flag(option_->required()); }
Flag Flag::type_name(const std::string& name) { return Flag(option_->type_name(name)); }
Flag Flag::group(const char* name) { return Flag(option_->group(name)); }
Flag Flag::check(const ValueCheck& check) { return Flag(option_->transform({check, ""})); }
Flag Flag::excludes(Flag other) { return Flag(option_->excludes(other.option_)); }
Flag Flag::excludes(const char* other) { return Flag(option_->excludes(std::string(other))); }
Flag Flag::needs(Flag other) { return Flag(option_->needs(other.option_)); }
Flag Flag::delimiter(char delimiter) { return Flag(option_->delimiter(delimiter)); }
Flag Flag::allow_extra_args(bool allowed) { return Flag(option_->allow_extra_args(allowed)); }
Flag Flag::expected(int least, int most) { return Flag(option_->expected(least, most)); }
std::size_t Flag::count() const { return option_->count(); }

Flag Flags::add_option(const std::string& names, FlagTarget target, const std::string& what) {
  return std::visit([&](auto* value) { return Flag(verb_->add_option(names, *value, what)); },
                    target.any());
}

Flag Flags::add_flag(const std::string& names, bool& target, const std::string& what) {
  return Flag(verb_->add_flag(names, target, what));
}

Flag Flags::add_flag(const std::string& names, std::function<void()> on_given,
                     const std::string& what) {
  return Flag(verb_->add_flag_callback(names, std::move(on_given), what));
}

Flags& Flags::add_subcommand(const char* name, const char* what, std::function<void()> on_given) {
  verb_->require_subcommand(1);
  CLI::App* const inner = verb_->add_subcommand(name, what);
  inner->callback(std::move(on_given));
  return inner_.emplace_back(*inner);
}

void Flags::leave_all_to_another_program() {
  verb_->set_help_flag();
  verb_->prefix_command();
}

std::vector<std::string> Flags::words_left() const { return verb_->remaining(); }

std::size_t Flags::count(const char* flag) const { return verb_->count(flag); }

std::vector<std::string> Flags::in_order() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb_->parse_order()) {
    const auto& all = option->get_lnames();
    names.push_back(all.empty() ? option->get_name() : all.front());
  }
  return names;
}

std::string Flags::what_is_empty() const {
  for (const CLI::Option* option : verb_->get_options()) {
    if (option->get_items_expected_min() == 0) continue;
    const auto& values = option->results();
    // Of many words, as of a program and its arguments, the first says what it is about.
    const bool is_many = option->get_positional() && option->get_items_expected_max() > 1;
    const auto end = is_many && !values.empty() ? values.begin() + 1 : values.end();
    if (std::find(values.begin(), end, std::string()) != end) return option->get_name();
  }
  for (const Flags& inner : inner_) {
    if (std::string name = inner.what_is_empty(); !name.empty()) return name;
  }
  return {};
}

}  // namespace strata::app
