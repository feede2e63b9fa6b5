// SPDX-License-Identifier: Apache-2.0
#include "service/web/guard.h"

#include <algorithm>
#include <cstdint>

namespace strata::service {
namespace {

// RFC 3986 3.2.2: names of hosts have no case.
bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// "10.77.0.2:80", "[fd77::2]", "box.lan:8080" without the port.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view{} : host.substr(1, end - 1);
  }
  const std::size_t colon = host.find(':');
  // An IPv6 address without its brackets is none (RFC 3986 3.2.2).
  return host.find(':', colon == host.npos ? colon : colon + 1) == host.npos ? host.substr(0, colon)
                                                                             : std::string_view{};
}

}  // namespace

bool is_equal_in_constant_time(std::string_view a, std::string_view b) {
  // How long the right one is may be seen; what is in it may not.
  std::uint8_t difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ other));
  }
  volatile std::uint8_t seen = difference;  // not to be left early
  return seen == 0;
}

bool Guard::knows_host(std::string_view host, const Stack& stack) const {
  const std::string_view name = without_port(host);
  if (name.empty()) return false;
  if (const auto address = IpAddress::parse(name)) {
    return options_.is_published || stack.is_local(*address);
  }
  if (options_.is_published && is_same_name(name, "localhost")) return true;
  return std::ranges::any_of(options_.names,
                             [&](const std::string& known) { return is_same_name(known, name); });
}

bool Guard::is_same_origin(const HttpRequest& request, bool is_encrypted) const {
  if (request.origin.empty()) return true;  // not a browser, or one that asks its own origin
  const std::string_view scheme = is_encrypted ? "https://" : "http://";
  const std::string_view origin = request.origin;
  return origin.starts_with(scheme) && is_same_name(origin.substr(scheme.size()), request.host);
}

bool Guard::may_change(const HttpRequest& request) const {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given = request.authorization;
  if (!has_token() || given.size() < kScheme.size()) return false;
  if (!is_same_name(given.substr(0, kScheme.size()), kScheme)) return false;
  return is_equal_in_constant_time(given.substr(kScheme.size()), options_.token);
}

}  // namespace strata::service
