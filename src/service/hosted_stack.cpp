// SPDX-License-Identifier: Apache-2.0
#include "service/hosted_stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/siphash.h"
#include "strata/real_clock.h"
#include "strata/rng.h"

namespace strata::service {
namespace {

// Small packets for what devices have and what waits; large ones for super-segments and for what
// thousands of connections have not read or not seen acknowledged; headers for memory of devices
// that hand over frames where they lie. Pages that are never used are
// never touched: the free lists hand out again what was used last.
constexpr PacketPoolConfig kPool{.small_buffers = 16384,
                                 .large_buffers = 1024,
                                 .external_buffers = 4096,
                                 .extra_descriptors = 32768};
// The queues of all connections leave devices their share of the pool.
constexpr std::size_t kTcpBufferBytes = kPool.small_buffers / 4 * 3 * kSmallBufferBytes +
                                        kPool.large_buffers / 4 * 3 * kLargeBufferBytes;

std::string_view what_it_carries(Medium medium) {
  return medium == Medium::kEthernet ? "Ethernet frames" : "IP packets";
}

// The refusals of Stack::replace_device, in words.
Outcome<void> check_fit(std::string_view interface, const DeviceCapabilities& former,
                        const DeviceCapabilities& wanted) {
  constexpr std::size_t kIpv6MtuMin = 1280;
  if (former.medium != wanted.medium) {
    return failed(fmt::format("{}: the interface carries {}, and this device {}", interface,
                              what_it_carries(former.medium), what_it_carries(wanted.medium)),
                  "only a device of the same medium can take its place");
  }
  if (wanted.mtu < kIpv6MtuMin && former.mtu >= kIpv6MtuMin) {
    return failed(fmt::format("{}: the device carries {} bytes, and IPv6 needs {}", interface,
                              wanted.mtu, kIpv6MtuMin),
                  "give the device a larger MTU");
  }
  return {};
}

}  // namespace

std::string name_of_vlan(std::string_view port, const VlanTags& tags) {
  std::string numbers;
  for (std::size_t i = 0; i < tags.count; ++i) numbers += fmt::format(".{}", tags.tags[i].id);
  return std::string(port.substr(0, FixedText<15>{}.characters.size() - numbers.size())) + numbers;
}

HostedStackOptions with_chance(HostedStackOptions options, std::optional<std::uint64_t> seed) {
  if (seed) {
    Rng rng(*seed);
    options.seed = rng.next();
    options.secret = {rng.next(), rng.next()};
  } else {
    options.seed = random_seed();
    options.secret = {random_seed(), random_seed()};
  }
  return options;
}

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
  config.accept_router_advertisements = port.accept_router_advertisements;
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
  driver_->add(*port.device, *interface, port.feeding, port.mtu == 0 ? SIZE_MAX : port.mtu);
  if (auto added = add_addresses(port.name, *interface, port.addresses); !added) return added;
  for (const VlanOptions& vlan : port.vlans) {
    if (auto added = add_vlan(port, *interface, vlan); !added) return added;
  }
  return {};
}

Outcome<void> HostedStack::plug(const Port& port) {
  auto added = add_port(port);
  if (added) added = watch_devices();
  if (added) return {};
  // The name may be another interface's; what we made is known by its device.
  if (driver_->knows(*port.device)) (void)unplug(port.name, *port.device);
  return added;
}

Outcome<void> HostedStack::watch_devices() {
  const auto watched = loop_.update(*driver_);
  if (watched) return {};
  return failed(fmt::format("the loop cannot watch the devices: {}", to_text(watched.error())));
}

Outcome<void> HostedStack::replace_device(std::string_view interface, Device& former,
                                          Device& device, Feeding feeding) {
  // A device that is never empty (null: with a frame) must not hold up the new one.
  constexpr int kBatchesMax = 1024;
  const auto found = stack_->find_interface(interface);
  if (!found) return failed(fmt::format("{}: there is no such interface", interface));
  if (auto fits = check_fit(interface, former.capabilities(), device.capabilities()); !fits) {
    return fits;
  }
  const Time now = loop_.now();
  if (const auto replaced = stack_->replace_device(*found, device, now); !replaced) {
    return failed(fmt::format("{}: the stack does not take the device: {}", interface,
                              to_text(replaced.error())));
  }
  driver_->replace(former, device, feeding);
  if (auto watched = watch_devices(); !watched) {
    driver_->replace(device, former,
                     former.descriptor() < 0 ? Feeding::kMustAsk : Feeding::kDescriptor);
    (void)stack_->replace_device(*found, former, now);
    (void)watch_devices();
    return watched;
  }
  // First of all others hear where we are, so that nothing more comes the old way.
  stack_->flush(now);
  for (int i = 0; i < kBatchesMax && stack_->receive_from(*found, former, now); ++i) {
    stack_->flush(now);
  }
  return {};
}

Outcome<void> HostedStack::unplug(std::string_view interface, Device& device) {
  const auto found = stack_->find_interface(interface);
  if (!found) return failed(fmt::format("{}: there is no such interface", interface));
  std::erase_if(leases_, [&](const auto& lease) {
    if (lease->interface() != *found) return false;
    // Whether the address is given back is for the stack to send while it can.
    if (lease->stop()) stack_->flush(loop_.now());
    return true;
  });
  if (const auto removed = stack_->remove_interface(*found, loop_.now()); !removed) {
    return failed(fmt::format("{}: {}", interface, to_text(removed.error())));
  }
  driver_->remove(device);
  return watch_devices();
}

void HostedStack::set_tcp(const TcpConfig& config) {
  TcpConfig whole = config;
  whole.buffer_bytes_max = kTcpBufferBytes;
  whole.buffer_bytes_pressure = kTcpBufferBytes / 4 * 3;
  stack_->set_tcp_config(whole);
}

Outcome<void> HostedStack::add_vlan(const Port& port, InterfaceId parent, const VlanOptions& vlan) {
  InterfaceConfig config;
  const std::string name = name_of_vlan(port.name, vlan.tags);
  config.name = name;
  config.mtu = vlan.mtu;
  config.detect_duplicates = port.detect_duplicates;
  config.accept_router_advertisements = port.accept_router_advertisements;
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

Failure no_way_to(const IpAddress& gateway, Error error) {
  return {fmt::format("gateway {}: {}", strata::to_text(gateway).view(), to_text(error)),
          "a gateway is a neighbour: give an --address of its network first"};
}

Outcome<void> HostedStack::add_default_route(const IpAddress& gateway, InterfaceId interface) {
  const RouteEntry route{
      .destination = {gateway.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6(), 0},
      .gateway = gateway,
      .interface = interface};
  if (const auto added = stack_->add_route(route); !added) {
    return std::unexpected(no_way_to(gateway, added.error()));
  }
  return {};
}

Outcome<void> HostedStack::add_proxy(std::string_view interface, const IpAddress& address) {
  const auto found = stack_->find_interface(interface);
  if (!found) return failed(fmt::format("{}: there is no such interface", interface));
  const auto added = stack_->add_proxy(*found, address, loop_.now());
  if (added || added.error() == Error::kAlreadyExists) return {};
  const char* hint = "";
  if (added.error() == Error::kInvalidArgument) hint = "it is an address of this stack";
  if (added.error() == Error::kNotSupported) {
    hint = "only Ethernet devices answer for others, and of IPv6 those with an MTU of 1280 or more";
  }
  if (added.error() == Error::kOutOfMemory) hint = "an interface answers for 16 at most";
  return failed(fmt::format("{}: proxy {}: {}", interface, strata::to_text(address).view(),
                            to_text(added.error())),
                hint);
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
