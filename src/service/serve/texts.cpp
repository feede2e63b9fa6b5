// SPDX-License-Identifier: Apache-2.0
#include "service/serve/texts.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "strata/real_clock.h"

namespace strata::service {

std::string chargen_line(std::size_t count) {
  constexpr std::size_t kPrintable = 95;  // from space to tilde
  std::string line;
  for (std::size_t i = 0; i < 72; ++i) {
    line += static_cast<char>(' ' + (count + i) % kPrintable);
  }
  return line + "\r\n";
}

std::string daytime_text(Time now) {
  const auto wall = std::chrono::sys_time<Duration>((now + wall_clock_offset()).time_since_epoch());
  return fmt::format("{:%A, %B %d, %Y %H:%M:%S}-UTC\r\n",
                     std::chrono::floor<std::chrono::seconds>(wall));
}

std::string http_date(std::int64_t seconds) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                     std::chrono::sys_seconds(std::chrono::seconds(seconds)));
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994".
  static constexpr const char* kForms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                           "%a %b %e %H:%M:%S %Y"};
  const std::string copy(text);
  for (const char* const form : kForms) {
    std::tm parts{};
    const char* const end = ::strptime(copy.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    return static_cast<std::int64_t>(::timegm(&parts));
  }
  return std::nullopt;
}

}  // namespace strata::service
