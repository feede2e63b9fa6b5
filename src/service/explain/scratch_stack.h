// SPDX-License-Identifier: Apache-2.0
// ScratchStack: a copy of a running stack on devices of memory, to try a packet on.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/failure.h"
#include "strata/bytes.h"
#include "strata/device.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/stack.h"
#include "strata/tcp_listener.h"
#include "strata/time.h"
#include "strata/udp_socket.h"

namespace strata::service {

// Hands over what is pushed, and keeps what is sent.
class ScratchDevice final : public Device {
 public:
  ScratchDevice(std::string name, const DeviceCapabilities& offers);

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return offers_; }
  void receive(PacketPool& pool, PacketBatch& batch) override;
  [[nodiscard]] std::size_t room() const override { return SIZE_MAX; }
  void transmit(PacketBatch& batch) override;

  void push(Bytes packet) { arriving_.emplace_back(packet.begin(), packet.end()); }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<std::vector<std::byte>>& sent() const { return sent_; }
  void forget_sent() { sent_.clear(); }

 private:
  std::string name_;
  DeviceCapabilities offers_;
  std::deque<std::vector<std::byte>> arriving_;
  std::vector<std::vector<std::byte>> sent_;
};

class ScratchStack {
 public:
  // A failure says what there was no room for.
  [[nodiscard]] static Outcome<std::unique_ptr<ScratchStack>> copy_of(Stack& live, Time now);
  ~ScratchStack();
  ScratchStack(const ScratchStack&) = delete;
  ScratchStack& operator=(const ScratchStack&) = delete;

  [[nodiscard]] Stack& stack() { return *stack_; }
  [[nodiscard]] ScratchDevice* device(std::string_view interface);
  [[nodiscard]] const std::vector<std::unique_ptr<ScratchDevice>>& devices() const {
    return devices_;
  }
  // The connection of the running stack between these endpoints. True: it is here now, too.
  bool copy_connection(const Endpoint& local, const Endpoint& remote, Time now);
  // The fragments of one datagram that wait in the running stack.
  struct Datagram {
    IpAddress source;
    IpAddress destination;
    std::uint32_t identification = 0;
    std::uint8_t protocol = 0;
  };
  struct Fragments {
    std::size_t count = 0;
    std::vector<std::byte> beginning;  // of what the datagram carries; empty: that is not here
  };
  Fragments copy_fragments(const Datagram& datagram, Time now);

 private:
  explicit ScratchStack(Stack& live) : live_(live), pool_(memory_, {}) {}
  [[nodiscard]] Outcome<void> copy_interfaces(Time now);
  [[nodiscard]] Outcome<void> copy_addresses(Time now);
  void copy_routes();
  void copy_neighbors(Time now);
  void copy_groups(Time now);
  void copy_sockets();
  void copy_echo_sockets();
  void copy_raw_sockets();
  void copy_packet_sockets();
  // The same interface here; none for none, and nothing for one that is gone.
  [[nodiscard]] std::optional<InterfaceId> copied(InterfaceId interface) const;

  Stack& live_;
  HeapMemory memory_;
  PacketPool pool_;
  std::vector<std::unique_ptr<ScratchDevice>> devices_;
  std::optional<Stack> stack_;
  std::vector<UdpSocket> udp_;
  std::vector<TcpListener> listeners_;
};

}  // namespace strata::service
