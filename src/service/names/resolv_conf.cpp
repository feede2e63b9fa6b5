// SPDX-License-Identifier: Apache-2.0
#include "service/names/resolv_conf.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace strata::service {
namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";
constexpr unsigned kDotsMax = 15;
constexpr unsigned kTimeoutMaxS = 30;
constexpr unsigned kAttemptsMax = 5;

// Cuts the next word off; empty at the end of the line.
std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

// "ndots:2"; what is larger than it may be is cut.
std::optional<unsigned> value_of(std::string_view option, std::string_view key, unsigned most) {
  if (!option.starts_with(key) || !option.substr(key.size()).starts_with(':')) return std::nullopt;
  const std::string_view digits = option.substr(key.size() + 1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return most;
  return std::min(value, most);
}

void read_option(std::string_view option, strata::NamesOptions& into) {
  if (option == "rotate") into.rotate = true;
  if (const auto dots = value_of(option, "ndots", kDotsMax)) into.ndots = *dots;
  if (const auto seconds = value_of(option, "timeout", kTimeoutMaxS)) {
    into.timeout = std::chrono::seconds(std::max(*seconds, 1U));
  }
  if (const auto attempts = value_of(option, "attempts", kAttemptsMax)) {
    into.attempts = std::max(*attempts, 1U);
  }
}

void read_line(std::string_view line, strata::NamesOptions& into) {
  const std::string_view key = next_word(line);
  if (key == "nameserver") {
    // "fe80::1%eth0": the zone is of the machine that wrote it.
    const std::string_view server = next_word(line);
    const auto address = IpAddress::parse(server.substr(0, server.find('%')));
    if (address) into.servers.push_back(*address);
  } else if (key == "search" || key == "domain") {
    // The last of these lines counts.
    into.search.clear();
    for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
      into.search.emplace_back(word);
    }
  } else if (key == "options") {
    for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
      read_option(word, into);
    }
  }
}

}  // namespace

strata::NamesOptions read_resolv_conf(std::string_view text) {
  strata::NamesOptions options;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with('#') && !line.starts_with(';')) read_line(line, options);
  }
  return options;
}

NamesOptions engine_options(const strata::NamesOptions& options) {
  NamesOptions made{.servers = options.servers, .search = {}, .hosts = options.hosts};
  for (const std::string& domain : options.search) {
    // "search ." is the root: nothing is appended.
    const auto name = wire::DnsName::parse(domain);
    if (name && name->label_count() != 0) made.search.push_back(*name);
  }
  made.policy.timeout_first = std::max(options.timeout, Duration(std::chrono::milliseconds(1)));
  made.policy.rounds = static_cast<std::uint8_t>(std::clamp(options.attempts, 1U, 16U));
  made.policy.ndots = static_cast<std::uint8_t>(std::min(options.ndots, 127U));
  made.policy.rotate = options.rotate;
  return made;
}

}  // namespace strata::service
