// SPDX-License-Identifier: Apache-2.0
// HostedStack: a stack with memory, a pool and a driver of its own, on a loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "service/failure.h"
#include "service/names/dhcp_service.h"
#include "service/names/dns_resolver.h"
#include "service/stack_driver.h"
#include "service/stack_options.h"
#include "strata/address.h"
#include "strata/device.h"
#include "strata/loop.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/stack.h"

namespace strata::service {

// A device and what its interface gets.
struct Port {
  std::string name;
  Device* device = nullptr;  // must outlive the stack
  Feeding feeding = Feeding::kDescriptor;
  std::vector<Prefix> addresses;
  std::size_t mtu = 0;  // 0: the device's
  bool detect_duplicates = true;
  std::vector<VlanOptions> vlans{};
  bool accept_router_advertisements = true;
};

// "strata0.10": an interface has at most 15 characters, of which the numbers are the better half.
[[nodiscard]] std::string name_of_vlan(std::string_view port, const VlanTags& tags);

// Why no default route leads there.
[[nodiscard]] Failure no_way_to(const IpAddress& gateway, Error error);

struct HostedStackOptions {
  std::string name;
  std::uint64_t seed = 0;
  std::array<std::uint64_t, 2> secret{};
  bool forward = false;
  TcpConfig tcp{};  // what all connections may use together is the host's to say
};

// Seed and secret drawn from a seed, or else from the operating system.
[[nodiscard]] HostedStackOptions with_chance(HostedStackOptions options,
                                             std::optional<std::uint64_t> seed);

class HostedStack {
 public:
  // On the loop from the start; both must be used by one thread, and the loop must outlive it.
  [[nodiscard]] static Outcome<std::unique_ptr<HostedStack>> create(
      Loop& loop, const HostedStackOptions& options, std::span<const Port> ports);
  ~HostedStack();
  HostedStack(const HostedStack&) = delete;
  HostedStack& operator=(const HostedStack&) = delete;

  // Without an interface, where the gateway is a neighbour.
  [[nodiscard]] Outcome<void> add_default_route(const IpAddress& gateway,
                                                InterfaceId interface = kNoInterface);
  // Answers for an address of another host; also when it does so already.
  [[nodiscard]] Outcome<void> add_proxy(std::string_view interface, const IpAddress& address);

  // While it runs, from outside its turns. A failure leaves everything as it was.
  [[nodiscard]] Outcome<void> plug(const Port& port);
  // Connections live on; what `former` still held has been taken in when this returns.
  [[nodiscard]] Outcome<void> replace_device(std::string_view interface, Device& former,
                                             Device& device, Feeding feeding);
  [[nodiscard]] Outcome<void> unplug(std::string_view interface, Device& device);
  // For connections that begin then. What all may use together stays as it is.
  void set_tcp(const TcpConfig& config);
  [[nodiscard]] bool has_interface(std::string_view name) const {
    return stack_->find_interface(name).has_value();
  }

  [[nodiscard]] Stack& stack() { return *stack_; }
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] StackDriver& driver() { return *driver_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // Asks for an address of the interface, and for what else the network tells.
  [[nodiscard]] Outcome<void> start_dhcp(std::string_view interface, const DhcpChoices& choices);
  // Gives leases back, but for those that are kept in a file. True when there were any: the loop
  // should turn a little longer for that to leave.
  bool stop_dhcp();
  [[nodiscard]] const std::vector<std::unique_ptr<DhcpService>>& leases() const { return leases_; }
  [[nodiscard]] bool has_leases() const;
  // Turns names into addresses with this stack's own sockets.
  [[nodiscard]] DnsResolver& resolver() { return *resolver_; }
  [[nodiscard]] const HeapMemory& memory() const { return memory_; }
  // Addresses that are still being checked for duplicates cannot be used yet.
  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] Time started() const { return started_; }

 private:
  HostedStack(Loop& loop, std::string name);
  [[nodiscard]] Outcome<void> start(const HostedStackOptions& options, std::span<const Port> ports);
  [[nodiscard]] Outcome<void> add_port(const Port& port);
  [[nodiscard]] Outcome<void> watch_devices();
  [[nodiscard]] Outcome<void> add_vlan(const Port& port, InterfaceId parent,
                                       const VlanOptions& vlan);
  [[nodiscard]] Outcome<void> add_addresses(std::string_view name, InterfaceId interface,
                                            std::span<const Prefix> addresses);

  [[nodiscard]] SipKey secret_for(std::uint64_t purpose) const;

  Loop& loop_;
  std::string name_;
  std::array<std::uint64_t, 2> secret_{};
  Time started_;
  HeapMemory memory_;
  PacketPool pool_;
  std::optional<Stack> stack_;
  std::optional<StackDriver> driver_;
  std::optional<DnsResolver> resolver_;  // goes before the stack that its sockets are of
  std::vector<std::unique_ptr<DhcpService>> leases_;
};

}  // namespace strata::service
