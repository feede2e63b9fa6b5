// SPDX-License-Identifier: Apache-2.0
// Gateway: a way to the host's network that needs no privilege.
#pragma once

#include <memory>
#include <string>

#include "service/gateway/datagram_relay.h"
#include "service/gateway/echo_relay.h"
#include "service/gateway/fragments.h"
#include "service/gateway/host_resolver.h"
#include "service/gateway/intake.h"
#include "service/gateway/places.h"
#include "service/gateway/published_datagrams.h"
#include "service/gateway/published_ports.h"
#include "service/gateway/tcp_relay.h"
#include "service/gateway/troubles.h"
#include "service/hosted_stack.h"
#include "strata/devices.h"

//   stack ── memory link ── the gateway's own stack ── ordinary sockets of the host
//                             hooks: Intake
//
// 1. What the stack sends, whomever it is for, arrives at the gateway's stack. TCP ends there, in
//    connections of our own, and goes on as connections of the host's kernel; UDP and echo
//    requests go on as datagrams of its sockets.
// 2. To the host all of this is traffic of one program of this user.
// 3. The link carries packets of 64 KB and vouches for them: no checksum and no segment between.
//    What a smaller MTU inside has cut is put together first.

namespace strata::service {

struct GatewayOptions {
  bool reaches_loopback = true;  // 10.0.2.2 is the host itself
  std::uint64_t seed = 0;
  std::array<std::uint64_t, 2> secret{};
  std::vector<Prefix> inside{kInside4, kInside6};  // of the stack behind it
  std::string resolver_file = "/etc/resolv.conf";  // read again when it has changed
  // What keeps it from serving somebody, and what to do about it: once for each kind.
  TellTrouble tell = nullptr;
};

// Tasks of its relays wait in the loop: it may go only when the loop turns no more.
class Gateway {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<Gateway>> create(Loop& loop,
                                                                const GatewayOptions& options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // For the stack behind it, which must be gone before the gateway is.
  [[nodiscard]] Device& device() { return link_.end(0); }
  // What is under way is lost: before the stack behind it goes.
  void clear() { link_.clear(); }
  [[nodiscard]] Outcome<void> publish(const PublishOptions& options) {
    return published_->publish(options);
  }
  [[nodiscard]] Outcome<void> publish_only(const std::vector<PublishOptions>& wanted) {
    return published_->publish_only(wanted);
  }
  // What is not published any more closes: after publish_only(), before the loop turns.
  void settle_published() { published_->settle(); }
  // What the host's resolver stands under, for a stack with these addresses; empty when the host
  // has none.
  [[nodiscard]] std::vector<IpAddress> dns(const Stack& inside) const;
  // For those who look at what it does: its counts of what it dropped.
  [[nodiscard]] HostedStack& stack() { return *stack_; }
  struct Flows {
    std::size_t connections = 0;        // and those on the way to one
    std::size_t datagrams = 0;          // of UDP and of echo requests, begun inside
    std::size_t published_clients = 0;  // of published UDP ports
  };
  [[nodiscard]] Flows flows() const {
    return {tcp_->flows(), datagrams_->flows() + echo_->flows(), published_datagrams_->clients()};
  }

 private:
  explicit Gateway(const GatewayOptions& options);
  [[nodiscard]] Outcome<void> start(Loop& loop, const GatewayOptions& options);

  HostResolver resolver_;
  HostPlaces places_;
  Troubles troubles_;
  MemoryLink link_;
  std::unique_ptr<HostedStack> stack_;
  std::optional<TcpRelay> tcp_;
  std::optional<DatagramRelay> datagrams_;
  std::optional<EchoRelay> echo_;
  std::optional<PublishedDatagrams> published_datagrams_;
  std::optional<PublishedPorts> published_;
  std::optional<Fragments> fragments_;
  std::optional<Intake> intake_;
};

}  // namespace strata::service
