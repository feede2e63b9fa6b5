// SPDX-License-Identifier: Apache-2.0
// UdpPort: a UDP socket of a stack's table, for tests below the rank of the public sockets.
#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "stack/core.h"
#include "stack/out/send_udp.h"
#include "support/bench.h"

namespace strata::support {

class UdpPort {
 public:
  UdpPort(Bench& bench, const Endpoint& local, AddressFamily family = AddressFamily::kIpv6)
      : bench_(bench), handle_(*core().udp.open(family)) {
    EXPECT_TRUE(local.port == 0 || core().udp.bind(socket(), local));
  }
  ~UdpPort() {
    core().ready.remove(socket().ready);
    core().udp.close(handle_);
  }
  UdpPort(const UdpPort&) = delete;
  UdpPort& operator=(const UdpPort&) = delete;

  [[nodiscard]] stack::Core& core() { return bench_.stack.core(); }
  [[nodiscard]] udp::Socket& socket() { return *core().udp.find(handle_); }
  [[nodiscard]] SocketOptions& options() { return socket().options; }
  [[nodiscard]] Handle handle() const { return handle_; }

  Result<std::size_t> send(const Endpoint& to, const Frame& payload, SendChoices choices = {}) {
    const Bytes part = payload.all();
    choices.destination = to;
    return stack::send_udp(core(), socket(), {&part, 1}, choices, bench_.now);
  }
  Result<void> connect(const Endpoint& remote) {
    const auto source = stack::source_towards(core(), remote, kNoInterface);
    if (!source) return std::unexpected(source.error());
    return core().udp.connect(socket(), remote, *source);
  }
  // The payload of the next datagram; empty when there is none.
  Frame receive() {
    const PacketPtr packet = socket().queue.pop();
    if (packet == nullptr) return {};
    const std::size_t headers = packet->notes().transport_offset + wire::UdpLayout::kSize;
    Frame payload(packet->size() - headers);
    packet->copy_out(headers, payload.writable());
    return payload;
  }
  [[nodiscard]] std::size_t waiting() { return socket().queue.size(); }

 private:
  Bench& bench_;
  Handle handle_;
};

}  // namespace strata::support
