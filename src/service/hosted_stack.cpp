// SPDX-License-Identifier: Apache-2.0
#include "service/hosted_stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/siphash.h"

namespace strata::service {
namespace {

// Small packets for what devices have and what waits; large ones for super-segments and for what
// thousands of connections have not read or not seen acknowledged. Pages that are never used are
// never touched: the free lists hand out again what was used last.
constexpr PacketPoolConfig kPool{.small_buffers = 16384,
                                 .large_buffers = 1024,
                                 .external_buffers = 0,
                                 .extra_descriptors = 32768};
// The queues of all connections leave devices their share of the pool.
constexpr std::size_t kTcpBufferBytes = kPool.small_buffers / 4 * 3 * kSmallBufferBytes +
                                        kPool.large_buffers / 4 * 3 * kLargeBufferBytes;

// "strata0.10": an interface has at most 15 characters, of which the numbers are the better half.
std::string name_of_vlan(std::string_view port, const VlanTags& tags) {
  std::string numbers;
  for (std::size_t i = 0; i < tags.count; ++i) numbers += fmt::format(".{}", tags.tags[i].id);
  return std::string(port.substr(0, FixedText<15>{}.characters.size() - numbers.size())) + numbers;
}

}  // namespace

HostedStack::HostedStack(Loop& loop, std::string name)
    : loop_(loop), name_(std::move(name)), started_(loop.now()), pool_(memory_, kPool) {}

HostedStack::~HostedStack() {
  if (driver_) loop_.remove(*driver_);
}

Outcome<std::unique_ptr<HostedStack>> HostedStack::create(Loop& loop,
                                                          const HostedStackOptions& options,
                                                          std::span<const Port> ports) {
  std::unique_ptr<HostedStack> made(new HostedStack(loop, options.name));
  if (auto started = made->start(options, ports); !started) {
    return std::unexpected(std::move(started).error());
  }
  return made;
}

Outcome<void> HostedStack::start(const HostedStackOptions& options, std::span<const Port> ports) {
  if (!pool_.is_usable()) return failed("there is no memory for the packet pool");
  StackConfig config;
  config.memory = &memory_;
  config.pool = &pool_;
  config.seed = options.seed;
  config.secret = options.secret;
  config.tcp = options.tcp;
  config.tcp.buffer_bytes_max = kTcpBufferBytes;
  config.tcp.buffer_bytes_pressure = kTcpBufferBytes / 4 * 3;
  config.forward_ipv4 = options.forward;
  config.forward_ipv6 = options.forward;
  auto stack = Stack::create(config);
  if (!stack) return failed(fmt::format("no stack: {}", to_text(stack.error())));
  stack_.emplace(std::move(*stack));
  driver_.emplace(*stack_);
  secret_ = config.secret;
  resolver_.emplace(*stack_, loop_, secret_for(0));
  for (const Port& port : ports) {
    if (auto added = add_port(port); !added) return added;
  }
  if (const auto added = loop_.add(*driver_); !added) {
    return failed(fmt::format("the loop cannot watch the devices: {}", to_text(added.error())));
  }
  return {};
}

Outcome<void> HostedStack::add_port(const Port& port) {
  InterfaceConfig config;
  config.name = port.name;
  config.mtu = port.mtu;
  config.detect_duplicates = port.detect_duplicates;
  const std::size_t device_mtu = port.device->capabilities().mtu;
  if (port.mtu > device_mtu) {
    return failed(fmt::format("{}: an MTU of {} is more than the device carries, which is {}",
                              port.name, port.mtu, device_mtu),
                  fmt::format("say mtu={} in the device's name", port.mtu));
  }
  const auto interface = stack_->add_interface(*port.device, config, loop_.now());
  if (!interface) {
    return failed(fmt::format("{}: no interface: {}", port.name, to_text(interface.error())));
  }
  driver_->add(*port.device, *interface, port.feeding);
  if (auto added = add_addresses(port.name, *interface, port.addresses); !added) return added;
  for (const VlanOptions& vlan : port.vlans) {
    if (auto added = add_vlan(port, *interface, vlan); !added) return added;
  }
  return {};
}

Outcome<void> HostedStack::add_vlan(const Port& port, InterfaceId parent, const VlanOptions& vlan) {
  InterfaceConfig config;
  const std::string name = name_of_vlan(port.name, vlan.tags);
  config.name = name;
  config.mtu = vlan.mtu;
  config.detect_duplicates = port.detect_duplicates;
  const auto interface = stack_->add_vlan(parent, vlan.tags, config, loop_.now());
  if (!interface) {
    return failed(fmt::format("{}: no VLAN: {}", name, to_text(interface.error())));
  }
  return add_addresses(name, *interface, vlan.addresses);
}

Outcome<void> HostedStack::add_addresses(std::string_view name, InterfaceId interface,
                                         std::span<const Prefix> addresses) {
  for (const Prefix& address : addresses) {
    if (const auto added = stack_->add_address(interface, address, loop_.now()); !added) {
      return failed(fmt::format("{}: address {}: {}", name, strata::to_text(address).view(),
                                to_text(added.error())));
    }
  }
  return {};
}

Outcome<void> HostedStack::add_default_route(const IpAddress& gateway) {
  const RouteEntry route{
      .destination = {gateway.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6(), 0},
      .gateway = gateway};
  if (const auto added = stack_->add_route(route); !added) {
    return failed(
        fmt::format("gateway {}: {}", strata::to_text(gateway).view(), to_text(added.error())),
        "a gateway is a neighbour: give an --address of its network first");
  }
  return {};
}

// Not the stack's own secret: ids that strangers see must tell nothing about its hashes.
SipKey HostedStack::secret_for(std::uint64_t purpose) const {
  const SipKey own{secret_[0], secret_[1]};
  return {hash_words(own, {purpose, 1}), hash_words(own, {purpose, 2})};
}

Outcome<void> HostedStack::start_dhcp(std::string_view interface, const DhcpChoices& choices) {
  const auto found = stack_->find_interface(interface);
  if (!found) return failed(fmt::format("{}: there is no such interface", interface));
  auto started =
      DhcpService::start(*stack_, loop_, *resolver_, *found, secret_for(*found), choices);
  if (!started) return std::unexpected(std::move(started).error());
  leases_.push_back(std::move(*started));
  return {};
}

bool HostedStack::stop_dhcp() {
  bool has_any = false;
  for (const auto& lease : leases_) has_any = lease->stop() || has_any;
  return has_any;
}

bool HostedStack::has_leases() const {
  return std::ranges::all_of(leases_, [](const auto& lease) { return lease->is_bound(); });
}

bool HostedStack::is_ready() const {
  bool is_ready = has_leases();
  stack_->for_each_address([&](const AddressEntry& entry) {
    is_ready = is_ready && entry.state != AddressState::kTentative;
  });
  return is_ready;
}

}  // namespace strata::service
