// SPDX-License-Identifier: Apache-2.0
#include "service/serve/texts.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

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

}  // namespace strata::service
