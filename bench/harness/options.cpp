// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/options.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "base/number_text.h"

namespace strata::bench {
namespace {

constexpr std::size_t kSmokeRounds = 2;
constexpr Seconds kSmokeSeconds{0.2};

// The value of an option that needs one.
class Arguments {
 public:
  explicit Arguments(std::span<char* const> rest) : rest_(rest) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view next() {
    const std::string_view text = rest_.front();
    rest_ = rest_.subspan(1);
    return text;
  }

 private:
  std::span<char* const> rest_;
};

std::optional<std::string> set_rounds(Options& options, std::string_view value) {
  const auto rounds = number_in<std::size_t>(value);
  if (!rounds || *rounds == 0 || *rounds > 1000) {
    return fmt::format("--rounds: '{}' is not a number from 1 to 1000", value);
  }
  options.rounds = *rounds;
  return std::nullopt;
}

std::optional<std::string> set_seconds(Options& options, std::string_view value) {
  const auto seconds = number_in<double>(value);
  if (!seconds || !std::isfinite(*seconds) || *seconds <= 0 || *seconds > 3600) {
    return fmt::format("--seconds: '{}' is not a number above 0 and up to 3600", value);
  }
  options.seconds = Seconds(*seconds);
  return std::nullopt;
}

std::optional<std::string> set_count(Options& options, std::string_view value) {
  const auto count = number_in<std::uint64_t>(value);
  if (!count) return fmt::format("--count: '{}' is not a number", value);
  options.work_count = *count;
  return std::nullopt;
}

// What was wrong, if anything was.
std::optional<std::string> set_value(Options& options, std::string_view option,
                                     std::string_view value) {
  if (option == "--rounds") return set_rounds(options, value);
  if (option == "--seconds") return set_seconds(options, value);
  if (option == "--count") return set_count(options, value);
  if (value.empty()) return fmt::format("{}: an empty value", option);
  if (option == "--json") options.json_path = value;
  if (option == "--work") options.work = value;
  return std::nullopt;
}

bool takes_value(std::string_view option) {
  for (const char* known : {"--rounds", "--seconds", "--json", "--work", "--count"}) {
    if (option == known) return true;
  }
  return false;
}

bool set_switch(Options& options, std::string_view option) {
  if (option == "--smoke") {
    options.is_smoke = true;
    options.rounds = kSmokeRounds;
    options.seconds = kSmokeSeconds;
  } else if (option == "--full") {
    options.is_full = true;
  } else if (option == "--list") {
    options.lists = true;
  } else if (option == "--help" || option == "-h") {
    options.wants_help = true;
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::expected<Options, std::string> parse_options(std::span<char* const> arguments) {
  Options options;
  Arguments rest(arguments);
  while (!rest.empty()) {
    const std::string_view option = rest.next();
    if (!option.starts_with('-')) {
      if (!options.filter.empty()) {
        return std::unexpected(fmt::format("'{}': one NAME is enough", option));
      }
      options.filter = option;
    } else if (takes_value(option)) {
      if (rest.empty()) return std::unexpected(fmt::format("{} needs a value", option));
      if (auto wrong = set_value(options, option, rest.next())) {
        return std::unexpected(std::move(*wrong));
      }
    } else if (!set_switch(options, option)) {
      return std::unexpected(fmt::format("unknown option '{}'", option));
    }
  }
  return options;
}

std::string usage(std::string_view program) {
  return fmt::format(
      "Usage: {} [NAME] [options]\n"
      "Runs the benchmarks whose name contains NAME, each beside its peers.\n"
      "  --list            name them, and say what they claim\n"
      "  --rounds N        measure each contestant N times, in turns (default 5)\n"
      "  --seconds S       for this long in all rounds together (default 5)\n"
      "  --full            also what takes minutes or gigabytes: the ends of growth curves\n"
      "  --smoke           2 rounds of 0.1 s: does it run at all?\n"
      "  --json FILE       write the results as JSON too ('-': to standard output)\n"
      "  --work NAME --count N   do N units of this work and print nothing: for valgrind\n"
      "Example: {} udp --rounds 9 --seconds 18\n",
      program, program);
}

}  // namespace strata::bench
