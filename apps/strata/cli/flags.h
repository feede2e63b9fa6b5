// SPDX-License-Identifier: Apache-2.0
// The flags and arguments of a verb. They are CLI11's, whose headers take a compiler ten seconds:
// only the files behind this one and behind `verbs` include them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "strata/cli/value_checks.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace strata::app {

// What a flag writes to; it must live until the line has been read.
class FlagTarget {
 public:
  using Any = std::variant<std::string*, std::vector<std::string>*, bool*, double*, std::uint16_t*,
                           std::uint32_t*, std::uint64_t*, std::int64_t*,
                           std::vector<std::int64_t>*, int*, std::optional<std::uint64_t>*>;
  template <typename Value>
  FlagTarget(Value& value)
      : any_(&value) {}  // NOLINT(google-explicit-constructor): that is its use

  [[nodiscard]] const Any& any() const { return any_; }

 private:
  Any any_;
};

// One flag or argument: a handle, with what CLI11 knows to say of it.
class Flag {
 public:
  explicit Flag(CLI::Option* option) : option_(option) {}
  Flag* operator->() { return this; }

  Flag required();
  Flag type_name(const std::string& name);
  Flag group(const char* name);
  Flag check(const ValueCheck& check);
  Flag excludes(Flag other);
  Flag excludes(const char* other);
  Flag needs(Flag other);
  Flag delimiter(char delimiter);
  Flag allow_extra_args(bool allowed);
  Flag expected(int least, int most);

  [[nodiscard]] std::size_t count() const;

 private:
  CLI::Option* option_;
};

class Flags {
 public:
  explicit Flags(CLI::App& verb) : verb_(&verb) {}

  Flag add_option(const std::string& names, FlagTarget target, const std::string& what);
  Flag add_flag(const std::string& names, bool& target, const std::string& what);
  Flag add_flag(const std::string& names, std::function<void()> on_given, const std::string& what);
  // A verb behind the verb, of which one must be given; `on_given` is called when it is.
  Flags& add_subcommand(const char* name, const char* what, std::function<void()> on_given);
  // What stands behind the verb is another program's, --help as well.
  void leave_all_to_another_program();
  [[nodiscard]] std::vector<std::string> words_left() const;

  // Once the line is parsed: how often a flag was given, and all that were given, in their order,
  // each by its long name without dashes.
  [[nodiscard]] std::size_t count(const char* flag) const;
  [[nodiscard]] std::vector<std::string> in_order() const;
  // The first that was given an empty value; empty when there is none.
  [[nodiscard]] std::string what_is_empty() const;

 private:
  CLI::App* verb_;
  std::list<Flags> inner_;
};

}  // namespace strata::app
