// SPDX-License-Identifier: Apache-2.0
#include "strata/host.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "service/devices/device_rack.h"
#include "service/hosted_stack.h"
#include "service/names/resolv_conf.h"
#include "service/stack_options.h"

namespace strata {
namespace {

std::unexpected<DeviceError> refused(service::Failure failure) {
  return std::unexpected(DeviceError{std::move(failure.text), std::move(failure.hint)});
}

service::Outcome<std::vector<Prefix>> read_addresses(
    std::initializer_list<std::string_view> texts) {
  std::vector<Prefix> addresses;
  for (const std::string_view text : texts) {
    auto address = service::parse_interface_address(text);
    if (!address) return std::unexpected(std::move(address).error());
    addresses.push_back(*address);
  }
  return addresses;
}

}  // namespace

struct Host::Inside {
  // These outlive the stack.
  service::DeviceRack rack{};
  std::vector<std::shared_ptr<MemoryLink>> cables{};
  std::unique_ptr<service::HostedStack> stack{};

  [[nodiscard]] Outcome<InterfaceId> find(std::string_view name) const {
    const auto interface = stack->stack().find_interface(name);
    if (interface) return *interface;
    return refused({fmt::format("{}: there is no such interface", name)});
  }
};

Host::Host(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}

Host::~Host() {
  if (inside_->stack->stop_dhcp()) inside_->stack->stack().flush(loop().now());
  // What is under way lies in our packets.
  for (const auto& cable : inside_->cables) cable->clear();
}

Host::Outcome<std::unique_ptr<Host>> Host::create(Loop& loop, const HostOptions& options) {
  const auto hosted = service::with_chance(
      {.name = options.name, .forward = options.forward, .tcp = options.tcp}, options.seed);
  auto stack = service::HostedStack::create(loop, hosted, {});
  if (!stack) return refused(std::move(stack).error());
  auto inside = std::make_unique<Inside>();
  inside->stack = *std::move(stack);
  return std::unique_ptr<Host>(new Host(std::move(inside)));
}

Host::Outcome<InterfaceId> Host::add_device(std::string_view spec,
                                            std::initializer_list<std::string_view> addresses,
                                            const PortOptions& options) {
  auto prefixes = read_addresses(addresses);
  if (!prefixes) return refused(std::move(prefixes).error());
  const service::DeviceOptions device{
      .spec = std::string(spec), .addresses = *std::move(prefixes), .mtu = options.mtu};
  auto name = inside_->rack.add(*inside_->stack, device,
                                {options.detect_duplicates, options.accept_router_advertisements});
  if (!name) return refused(std::move(name).error());
  return inside_->find(*name);
}

Host::Outcome<InterfaceId> Host::attach(Device& device, std::string_view name,
                                        std::initializer_list<std::string_view> addresses,
                                        const PortOptions& options) {
  auto prefixes = read_addresses(addresses);
  if (!prefixes) return refused(std::move(prefixes).error());
  const auto feeding =
      options.is_fed_by_this_loop ? service::Feeding::kSameLoop : service::feeding_of(device);
  const service::Port port{.name = std::string(name),
                           .device = &device,
                           .feeding = feeding,
                           .addresses = *std::move(prefixes),
                           .mtu = options.mtu,
                           .detect_duplicates = options.detect_duplicates,
                           .accept_router_advertisements = options.accept_router_advertisements};
  if (auto plugged = inside_->stack->plug(port); !plugged) {
    return refused(std::move(plugged).error());
  }
  return inside_->find(name);
}

Host::Outcome<void> Host::join(Host& one, std::string_view its_address, Host& other,
                               std::string_view the_others_address,
                               const MemoryLinkOptions& options) {
  if (&one.loop() != &other.loop() || &one == &other) {
    return refused({"a cable in memory joins two hosts of one loop",
                    "between threads and processes there is the pipe device"});
  }
  const auto cable = std::make_shared<MemoryLink>(options);
  const PortOptions port{.detect_duplicates = false, .is_fed_by_this_loop = true};
  one.inside_->cables.push_back(cable);
  other.inside_->cables.push_back(cable);
  auto attached = one.attach(cable->end(0), other.inside_->stack->name(), {its_address}, port);
  if (attached) {
    attached = other.attach(cable->end(1), one.inside_->stack->name(), {the_others_address}, port);
  }
  if (!attached) return std::unexpected(std::move(attached).error());
  return {};
}

Host::Outcome<void> Host::add_gateway(std::string_view gateway) {
  const auto address = service::parse_gateway(gateway);
  if (!address) return refused(address.error());
  auto added = inside_->stack->add_default_route(*address);
  if (!added) return refused(std::move(added).error());
  return {};
}

Host::Outcome<void> Host::start_dhcp(std::string_view interface, const std::string& lease_file) {
  auto started = inside_->stack->start_dhcp(interface, {.host_name = {}, .lease_file = lease_file});
  if (!started) return refused(std::move(started).error());
  return {};
}

void Host::set_names(const NamesOptions& options) {
  (void)inside_->stack->resolver().configure(service::engine_options(options));
}

void Host::on_device_lost(InlineFunction<void(InterfaceId)> tell) {
  inside_->stack->driver().on_lost(std::move(tell));
}

Stack& Host::stack() { return inside_->stack->stack(); }
Loop& Host::loop() { return inside_->stack->loop(); }
Resolver& Host::names() { return inside_->stack->resolver(); }
bool Host::is_ready() const { return inside_->stack->is_ready(); }

bool Host::wait_until_ready(Duration at_most) {
  const Time end = loop().now() + at_most;
  while (!is_ready() && loop().now() < end && !loop().is_stopped()) {
    loop().run_once(std::chrono::milliseconds(10));
  }
  return is_ready();
}

}  // namespace strata
