// SPDX-License-Identifier: Apache-2.0
// A stack behind VLAN tags, for vlan_test.py: one device, three interfaces on it.
#include <csignal>
#include <cstdio>
#include <string>

#include "service/hosted_stack.h"
#include "service/serve/udp_services.h"
#include "strata/devices.h"
#include "strata/real_clock.h"

using namespace strata;

namespace {

constexpr VlanTags kTagged{.tags = {{{.id = 10, .priority = 3}}}, .count = 1};
// IEEE 802.1ad: a service tag outside, a customer tag inside.
constexpr VlanTags kDoubleTagged{.tags = {{{.tpid = 0x88a8, .id = 100}, {.id = 20}}}, .count = 2};

int complain(const char* what, const std::string& text) {
  std::fprintf(stderr, "vlan_peer: %s: %s\n", what, text.c_str());
  return 1;
}

bool add_vlan(service::HostedStack& host, Time now, std::string_view name, const VlanTags& tags,
              std::string_view v4, std::string_view v6) {
  const auto parent = host.stack().find_interface("tap");
  if (!parent) return false;
  InterfaceConfig config;
  config.name = name;
  config.detect_duplicates = false;
  const auto vlan = host.stack().add_vlan(*parent, tags, config, now);
  return vlan && host.stack().add_address(*vlan, *Prefix::parse(v4), now) &&
         host.stack().add_address(*vlan, *Prefix::parse(v6), now);
}

// What was dropped, a line for each reason.
void tell(const Stack& stack) {
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    const auto count = static_cast<unsigned long long>(stack.drops(reason));
    if (count != 0) std::printf("%s %llu\n", std::string(name_of(reason)).c_str(), count);
  }
}

}  // namespace

// vlan_peer DEVICE: runs until SIGTERM.
int main(int argc, char** argv) {
  if (argc != 2) return complain("usage", "vlan_peer DEVICE");
  auto loop = Loop::create({.policy = LoopPolicy::kSleep});
  if (!loop || !(*loop)->stop_on_signals({SIGINT, SIGTERM})) return complain("loop", "none");
  auto device = open_device(argv[1]);
  if (!device) return complain("device", device.error().text);
  const service::Port port{.name = "tap",
                           .device = device->get(),
                           .addresses = {*Prefix::parse("10.77.0.2/24")},
                           .detect_duplicates = false};
  const service::HostedStackOptions options{
      .name = "vlan", .seed = random_seed(), .secret = {random_seed(), random_seed()}};
  auto host = service::HostedStack::create(**loop, options, {&port, 1});
  if (!host) return complain("stack", host.error().text);
  const Time now = (*loop)->now();
  if (!add_vlan(**host, now, "one", kTagged, "10.77.10.2/24", "fd77:10::2/64") ||
      !add_vlan(**host, now, "two", kDoubleTagged, "10.77.20.2/24", "fd77:20::2/64")) {
    return complain("vlan", "an interface or address was refused");
  }
  auto services =
      service::UdpServices::open((*host)->stack(), **loop, {{service::Service::kEcho, 7}});
  if (!services) return complain("echo", services.error().text);
  std::puts("up");
  std::fflush(stdout);
  (*loop)->run();
  tell((*host)->stack());
  return 0;
}
