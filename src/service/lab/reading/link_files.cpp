// SPDX-License-Identifier: Apache-2.0
#include "service/lab/reading/link_files.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "base/number_text.h"
#include "service/lab/quantity.h"
#include "service/text_file.h"

namespace strata::service {
namespace {

// A trace of a fast line has a dozen lines a millisecond: this is some twenty minutes of it.
constexpr std::size_t kLinkFileMax = std::size_t{64} << 20U;

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlank) - first + 1);
}

// read(line) -> a text that says what is wrong with it; empty: nothing.
template <typename Read>
Outcome<void> read_lines(const std::string& path, Read read) {
  const auto text = read_text_file(path, kLinkFileMax);
  if (!text) return std::unexpected(text.error());
  std::size_t number = 0;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string_view line = trimmed(std::string_view(*text).substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    const std::string wrong = read(line);
    if (!wrong.empty()) return failed(fmt::format("{}:{}: {}", path, number, wrong));
  }
  return {};
}

Outcome<Duration> parse_sample(std::string_view text) {
  constexpr double kMost = 1e12;
  const auto plain = number_in<double>(text);
  if (!plain) return parse_duration(text);
  if (!(*plain >= 0 && *plain < kMost)) return failed(fmt::format("'{}' is not a time", text));
  return Duration(static_cast<std::int64_t>(*plain * 1e6));
}

}  // namespace

Outcome<std::shared_ptr<const sim::RateTrace>> read_rate_trace(const std::string& path) {
  auto trace = std::make_shared<sim::RateTrace>();
  std::vector<std::uint32_t>& all = trace->opportunities_ms;
  const auto done = read_lines(path, [&](std::string_view line) -> std::string {
    const auto at = number_in<std::uint32_t>(line);
    if (!at) return fmt::format("'{}' is not a whole number of milliseconds", line);
    if (!all.empty() && *at < all.back()) return fmt::format("{} is before {}", *at, all.back());
    all.push_back(*at);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  if (all.empty() || all.back() == 0) {
    return failed(fmt::format("{}: it has no opportunity after 0 ms", path));
  }
  return trace;
}

Outcome<std::shared_ptr<const std::vector<Duration>>> read_jitter_samples(const std::string& path) {
  auto samples = std::make_shared<std::vector<Duration>>();
  const auto done = read_lines(path, [&](std::string_view line) -> std::string {
    const auto sample = parse_sample(line);
    if (!sample) return sample.error().text;
    samples->push_back(*sample);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  if (samples->empty()) return failed(fmt::format("{}: it has no samples", path));
  return samples;
}

}  // namespace strata::service
