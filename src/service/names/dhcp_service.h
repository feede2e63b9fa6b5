// SPDX-License-Identifier: Apache-2.0
// DhcpService: a DHCP client that gives an interface of a stack its address, routes and MTU, and
// the resolver its servers.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dhcp/client.h"
#include "service/failure.h"
#include "service/names/dns_resolver.h"
#include "strata/executor.h"
#include "strata/raw_socket.h"
#include "strata/stack.h"
#include "strata/udp_socket.h"

// 1. Without an address it speaks through a packet socket: nobody else could receive what is sent
//    to an address that we do not have yet. With one it speaks over UDP, like everybody.
// 2. An address is used by others only after the stack has looked for duplicates; if somebody has
//    it, then or later, the server is told and another one asked for.
// 3. Whatever a lease brought goes with it.

namespace strata::service {

struct DhcpChoices {
  std::string host_name;   // empty: none is told
  std::string lease_file;  // kept from one start to the next; empty: nowhere
};

class DhcpService {
 public:
  // The stack and the rest must outlive it. Fails for what is no Ethernet.
  [[nodiscard]] static Outcome<std::unique_ptr<DhcpService>> start(Stack& stack, Executor& executor,
                                                                   DnsResolver& resolver,
                                                                   InterfaceId interface,
                                                                   const SipKey& secret,
                                                                   const DhcpChoices& choices);
  ~DhcpService();
  DhcpService(const DhcpService&) = delete;
  DhcpService& operator=(const DhcpService&) = delete;

  // Gives the address back, if there is one that is not kept in a file, and says so; the stack
  // should be turned a little longer for that to leave. What the lease brought stays until the end
  // of the service.
  bool stop();
  [[nodiscard]] const dhcp::Client& client() const { return client_; }
  [[nodiscard]] InterfaceId interface() const { return interface_; }
  // Its address may be used.
  [[nodiscard]] bool is_bound() const;

 private:
  DhcpService(Stack& stack, Executor& executor, DnsResolver& resolver, InterfaceId interface,
              const dhcp::Config& config, std::size_t device_mtu, const DhcpChoices& choices);

  [[nodiscard]] Result<void> open_packets();
  [[nodiscard]] Result<void> open_datagrams();
  void receive_frames();
  void receive_datagrams();
  void pump();
  void wake();
  void act(const dhcp::SendMessage& send);
  void act(const dhcp::Bind& bind);
  void act(const dhcp::Unbind& unbind);
  void configure(const dhcp::Lease& lease);
  void withdraw();
  void look_at_link();
  void look_at_address();

  Stack& stack_;
  Executor& executor_;
  DnsResolver& resolver_;
  InterfaceId interface_;
  MacAddress mac_;
  std::size_t device_mtu_;
  std::string lease_file_;
  dhcp::Client client_;
  std::optional<PacketSocket> packets_;
  std::optional<UdpSocket> datagrams_;
  std::optional<Prefix> address_;   // that the stack was given
  std::vector<RouteEntry> routes_;  // likewise
  bool was_up_ = true;
  std::vector<std::byte> buffer_;
  std::optional<TimerId> timer_;
};

}  // namespace strata::service
