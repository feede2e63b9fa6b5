// SPDX-License-Identifier: Apache-2.0
// TcpRelay: connections from inside to the host's network, and from its published ports inside.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "service/gateway/places.h"
#include "service/gateway/tcp_flows.h"
#include "service/gateway/tcp_pipe.h"
#include "service/gateway/troubles.h"
#include "service/hosted_stack.h"
#include "strata/packet_batch.h"
#include "strata/tcp_listener.h"

//   SYN from inside      is kept, while the host connects to whom it is for
//     connected          the flow gets a port and a listener there, and the SYN comes again
//     refused            a reset; unreachable: an ICMP error, with what the host was told
//   accepted             the listener has done its work; a TcpPipe joins the two
//
// So a program inside sees a connection stand when it does, and the very error that the host saw.

namespace strata::service {

class TcpRelay {
 public:
  // `to_gateway` is the device's end at the stack behind the gateway.
  TcpRelay(HostedStack& gateway, Device& to_gateway, const HostPlaces& places, Troubles& troubles,
           const SipKey& key);

  // What a packet of the inside means. The packet begins with its IP header.
  enum class Fate : std::uint8_t {
    kGoesOn,  // its destination is the gateway's stack now
    kTaken,
    kUnwanted,  // of no flow
  };
  [[nodiscard]] Fate on_packet(Packet& packet, const GatewayFlow& flow, bool is_syn);
  // A packet of the gateway's stack: its source becomes whom the inside believes to speak to.
  [[nodiscard]] bool on_reply(Packet& packet, const Endpoint& source) const;
  // The inside does not want a connection any more that may be on its way.
  void hang_up(const GatewayFlow& flow);
  // A client of a published port. `inside` is who shall get it.
  void join(HostSocket client, const GatewayFlow& flow);
  // A client for which there was no descriptor.
  void on_turned_away();
  // Connections that stand, and those on the way there.
  [[nodiscard]] std::size_t flows() const { return calls_.size() + joined_.size(); }

 private:
  enum class Way : std::uint8_t { kOut, kIn };
  // On the way to a TcpPipe: first the host connects, then the inside.
  struct Call {
    GatewayFlow flow{};
    Way way = Way::kOut;
    HostSocket host{};
    PacketPtr syn{};  // from inside, while the host connects
    std::optional<TcpListener> listener{};
    std::optional<TcpStream> stream{};  // to a published port, until it stands
    std::uint16_t port = 0;             // once it has one
    Time until{};                       // when to give up
    bool is_over = false;               // it goes in the next turn
  };
  struct Load {
    std::size_t calls = 0;
    std::size_t joined = 0;
  };

  void call(PacketPtr syn, const GatewayFlow& flow);
  void connect_host(Call& call);
  void on_host(Call& call);
  void on_host_connected(Call& call);
  void on_accepted(Call& call);
  void on_inside(Call& call, Readiness news);
  void refuse(Call& call, int error);
  [[nodiscard]] bool is_full(Way way) const;
  [[nodiscard]] Load& load(Way way) { return loads_[static_cast<std::size_t>(way)]; }
  void send_again(PacketPtr syn);
  void make_pipe(Call& call, TcpStream stream);
  void end_pipe(std::uint16_t port, Way way);
  void forget(Call& call);
  void sweep_soon();
  void sweep();

  // Of each way, so that clients of published ports take nothing from those inside; both together
  // leave some ports of the gateway's stack to rest.
  static constexpr std::size_t kCallsMax = 4096;
  static constexpr std::size_t kJoinedMax = 24576;

  HostedStack& gateway_;
  Device& to_gateway_;
  const HostPlaces& places_;
  Troubles& troubles_;
  std::vector<std::byte> scratch_;
  TcpFlows flows_;
  std::unordered_map<GatewayFlow, Call, GatewayFlowHash> calls_;
  std::unordered_map<std::uint16_t, std::unique_ptr<TcpPipe>> joined_;  // by port
  std::array<Load, 2> loads_{};                                         // by way
  bool is_sweeping_ = false;
};

}  // namespace strata::service
