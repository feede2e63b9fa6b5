// SPDX-License-Identifier: Apache-2.0
#include "strata/target.h"

#include <fmt/format.h>

namespace strata::app {

using service::failed;
using service::Outcome;

Outcome<Target> parse_target(std::string_view text, Family family) {
  const std::size_t percent = text.find('%');
  const auto address = IpAddress::parse(text.substr(0, percent));
  if (!address) {
    return failed(fmt::format("'{}' is not an IP address", text),
                  "names are not looked up: give an address, as in 10.77.0.1 or fd77::1");
  }
  if (family != Family::kAny && address->is_v4() != (family == Family::kIpv4)) {
    return failed(
        fmt::format("'{}' is not an {} address", text, family == Family::kIpv4 ? "IPv4" : "IPv6"));
  }
  if (address->is_unspecified()) return failed(fmt::format("'{}' is nobody's address", text));
  Target target{.address = *address, .zone = {}};
  if (percent == std::string_view::npos) return target;
  target.zone = text.substr(percent + 1);
  if (!address->is_link_local() || address->is_v4() || target.zone.empty()) {
    return failed(fmt::format("'{}': only a link-local IPv6 address names its interface", text));
  }
  return target;
}

Outcome<InterfaceId> zone_of(const Target& target, const Stack& stack) {
  if (target.address.is_v4() || !target.address.is_link_local()) return kNoInterface;
  InterfaceId only = kNoInterface;
  std::size_t count = 0;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.name.view() == "lo") return;
    ++count;
    only = entry.id;
  });
  if (!target.zone.empty()) {
    if (const auto found = stack.find_interface(target.zone)) return *found;
    return failed(fmt::format("there is no interface '{}'", target.zone));
  }
  if (count == 1) return only;
  return failed("a link-local address needs its interface", "say it as in fe80::1%strata0");
}

bool is_on_own_link(const IpAddress& address, const Stack& stack) {
  bool is_on_link = address.is_loopback() || (address.is_v6() && address.is_link_local());
  stack.for_each_address([&](const AddressEntry& entry) {
    is_on_link = is_on_link || entry.prefix.contains(address);
  });
  return is_on_link && !address.is_multicast();
}

}  // namespace strata::app
