// SPDX-License-Identifier: Apache-2.0
// Host: a stack on a Loop with memory, devices and names, for programs that live in real time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "strata/address.h"
#include "strata/devices.h"
#include "strata/inline_function.h"
#include "strata/loop.h"
#include "strata/names.h"
#include "strata/resolver.h"
#include "strata/stack.h"

//   auto loop = *Loop::create();
//   auto host = *Host::create(*loop);
//   (void)host->add_device("tap:x,host=10.77.0.1/24", {"10.77.0.2/24"});
//   (void)host->add_gateway("10.77.0.1");
//   ...                       // sockets on host->stack(), coroutines and Asio on both
//   loop->run();
//
// What sim::Host is in a world of virtual time. Sockets go before their host, hosts before their
// loop, and all of it belongs to one thread. What a host wakes does not destroy it (a
// STRATA_CHECK), nor does it wait for it: it posts a task to the loop that does.

namespace strata {

struct HostOptions {
  std::string name = "strata";
  std::optional<std::uint64_t>
      seed{};            // the same seed, the same choices; none: the system's chance
  bool forward = false;  // route packets for others
  TcpConfig tcp{};
};

struct PortOptions {
  std::size_t mtu = 0;  // 0: the device's
  // RFC 4862 5.4 and RFC 5227: addresses may be used after a few seconds, when nobody objected.
  bool detect_duplicates = true;
  bool accept_router_advertisements = true;
  // attach(): the device's other end is a host on the same loop. Else a device without a descriptor
  // is asked every millisecond.
  bool is_fed_by_this_loop = false;
};

class Host {
 public:
  template <typename T>
  using Outcome = std::expected<T, DeviceError>;

  [[nodiscard]] static Outcome<std::unique_ptr<Host>> create(Loop& loop,
                                                             const HostOptions& options = {});
  // Gives leases back, closes devices. Connections that are left are forgotten, not ended.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Opens "KIND:NAME[,key=value...]" (strata/devices.h). The interface is called NAME; addresses
  // are as "10.77.0.2/24" or "fd77::2/64".
  [[nodiscard]] Outcome<InterfaceId> add_device(
      std::string_view spec, std::initializer_list<std::string_view> addresses = {},
      const PortOptions& options = {});
  // A device of the program's own, which outlives the host.
  [[nodiscard]] Outcome<InterfaceId> attach(Device& device, std::string_view name,
                                            std::initializer_list<std::string_view> addresses = {},
                                            const PortOptions& options = {});

  // A cable in memory between two hosts of one loop. On each the interface is called as the other
  // host is; nobody else can have these addresses.
  [[nodiscard]] static Outcome<void> join(Host& one, std::string_view its_address, Host& other,
                                          std::string_view the_others_address,
                                          const MemoryLinkOptions& options = {});

  // A gateway is a neighbour: there must be an address of its network.
  [[nodiscard]] Outcome<void> add_gateway(std::string_view gateway);
  // Asks the network for an address, a gateway and name servers (RFC 2131). A lease is kept in a
  // file from one start to the next when one is named.
  [[nodiscard]] Outcome<void> start_dhcp(std::string_view interface,
                                         const std::string& lease_file = {});
  // The machine has deleted the interface behind a device: told once for each.
  void on_device_lost(InlineFunction<void(InterfaceId)> tell);
  // Servers and search list; the network's are asked where these name none.
  void set_names(const NamesOptions& options);

  [[nodiscard]] Stack& stack();
  [[nodiscard]] Loop& loop();
  [[nodiscard]] Resolver& names();
  // No address waits for a lease, or for somebody to object to it.
  [[nodiscard]] bool is_ready() const;
  // Turns the loop until it is so, from outside of its turns. False: it took longer.
  [[nodiscard]] bool wait_until_ready(Duration at_most = std::chrono::seconds(15));

 private:
  struct Inside;
  explicit Host(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace strata
