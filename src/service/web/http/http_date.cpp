// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_date.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace strata::service {

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
