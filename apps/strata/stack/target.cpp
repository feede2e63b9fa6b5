// SPDX-License-Identifier: Apache-2.0
#include "strata/stack/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace strata::app {

using service::failed;
using service::Outcome;

namespace {

// What ends in a number is an address with a slip of the finger (RFC 1123 2.1).
bool is_host_name(std::string_view text) {
  if (!wire::DnsName::parse(text)) return false;
  const std::string_view last = text.substr(text.rfind('.') + 1);
  return !std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; }) || last.empty();
}

Outcome<Target> parse_target(std::string_view text, Family family) {
  const std::size_t percent = text.find('%');
  const auto address = IpAddress::parse(text.substr(0, percent));
  if (!address && percent == std::string_view::npos && is_host_name(text)) {
    return Target{.address = {}, .zone = {}, .name = std::string(text), .family = family};
  }
  if (!address) {
    return failed(fmt::format("'{}' is neither an IP address nor a name", text),
                  "give one as in 10.77.0.1, fd77::1 or www.example.org");
  }
  if (family != Family::kAny && address->is_v4() != (family == Family::kIpv4)) {
    return failed(
        fmt::format("'{}' is not an {} address", text, family == Family::kIpv4 ? "IPv4" : "IPv6"));
  }
  if (address->is_unspecified()) return failed(fmt::format("'{}' is nobody's address", text));
  Target target{.address = *address, .zone = {}, .name = {}, .family = family};
  if (percent == std::string_view::npos) return target;
  target.zone = text.substr(percent + 1);
  if (!address->is_link_local() || address->is_v4() || target.zone.empty()) {
    return failed(fmt::format("'{}': only a link-local IPv6 address names its interface", text));
  }
  return target;
}

}  // namespace

void TargetFlags::add_to(Flags& verb) {
  verb.add_option("host", host_, "an IPv4 or IPv6 address, or a name")
      ->required()
      ->type_name("HOST");
  Flag v4 = verb.add_flag("-4", family_.only_ipv4, "IPv4 only");
  verb.add_flag("-6", family_.only_ipv6, "IPv6 only")->excludes(v4);
}

Outcome<Target> TargetFlags::read() const { return parse_target(host_, family_.chosen()); }

Outcome<void> look_up(Target& target, service::Node& node) {
  if (auto waited = node.wait_for_leases(); !waited) return waited;
  if (target.name.empty()) return {};
  const dns::Family family = target.family == Family::kIpv4   ? dns::Family::kIpv4
                             : target.family == Family::kIpv6 ? dns::Family::kIpv6
                                                              : dns::Family::kBoth;
  struct {
    bool is_done = false;
    dns::Failure failure = dns::Failure::kNone;
    IpAddress address{};
  } answer;
  node.main().resolver().lookup(
      target.name, family, [&answer](dns::Failure failure, std::span<const IpAddress> addresses) {
        answer = {true, failure, addresses.empty() ? IpAddress{} : addresses.front()};
      });
  while (!answer.is_done && !node.loop().is_stopped()) {
    node.loop().run_once(std::chrono::milliseconds(100));
  }
  if (!answer.is_done) return failed(fmt::format("'{}': stopped before it was found", target.name));
  if (answer.failure == dns::Failure::kNone) {
    target.address = answer.address;
    return {};
  }
  const bool lacks_server = answer.failure == dns::Failure::kNoServers;
  return failed(fmt::format("'{}': {}", target.name, service::to_text(answer.failure)),
                lacks_server ? "say which with --dns IP" : "");
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
