// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/lwip_host.h"

#ifdef STRATA_HAVE_LWIP

#include <unistd.h>

#include <array>
#include <vector>

#include "bench/harness/allocations.h"
#include "bench/harness/timing.h"
#include "bench/peers/lwip_wire.h"
#include "strata/check.h"

extern "C" {
#include <lwip/inet_chksum.h>
#include <lwip/udp.h>
}

namespace strata::bench {
namespace {

using lwip::add_interface;
using lwip::End;
using lwip::init_once;

constexpr u16_t kEchoPort = 7;

bool send_datagram(udp_pcb* socket, const std::byte* bytes, std::size_t size, const ip_addr_t& to,
                   u16_t port) {
  pbuf* datagram = pbuf_alloc(PBUF_TRANSPORT, static_cast<u16_t>(size), PBUF_RAM);
  if (datagram == nullptr) return false;
  pbuf_take(datagram, bytes, static_cast<u16_t>(size));
  const err_t sent = udp_sendto(socket, datagram, &to, port);
  pbuf_free(datagram);
  return sent == ERR_OK;
}

class UdpEcho final : public Contestant {
 public:
  UdpEcho(std::size_t payload, std::size_t burst) : payload_(payload), burst_(burst) {
    init_once();
    for (std::size_t i = 0; i < 2; ++i) {
      End& end = ends_[i];
      end.plug_in(ends_[1 - i], static_cast<u8_t>(i + 1));
      sockets_[i] = udp_new();
      ip_addr_t local;
      ip_addr_copy_from_ip4(local, end.address);
      STRATA_CHECK(udp_bind(sockets_[i], &local, i == 0 ? 4000 : kEchoPort) == ERR_OK);
      // Both interfaces are in one subnet and one lwIP: the socket says which one it means.
      udp_bind_netif(sockets_[i], &end.interface);
    }
    udp_recv(sockets_[0], on_reply, this);
    udp_recv(sockets_[1], on_request, this);
    // The first datagrams wait for ARP; wait until one comes back.
    for (int i = 0; i < 10 && replies_ == 0; ++i) (void)turn();
    STRATA_CHECK(replies_ != 0);
  }
  ~UdpEcho() override {
    for (udp_pcb* socket : sockets_) udp_remove(socket);
  }

  double measure(Seconds duration) override {
    const std::uint64_t before = heap_allocations();
    const Throughput done = run_for(duration, [this] { return 4 * turn(); });
    allocations_ =
        static_cast<double>(heap_allocations() - before) / static_cast<double>(done.count);
    return done.per_second() / 1e6;
  }
  std::vector<Detail> details() const override {
    return {{"heap allocations/packet", allocations_}};
  }

 private:
  // One burst there and back. Answers how many came back.
  std::uint64_t turn() {
    const std::uint64_t before = replies_;
    ip_addr_t to;
    ip_addr_copy_from_ip4(to, ends_[1].address);
    for (std::size_t i = 0; i < burst_; ++i) {
      (void)send_datagram(sockets_[0], out_.data(), payload_, to, kEchoPort);
    }
    while (!ends_[0].arrived.empty() || !ends_[1].arrived.empty()) {
      ends_[1].take_in();
      ends_[0].take_in();
    }
    return replies_ - before;
  }

  static void on_request(void* self, udp_pcb*, pbuf* datagram, const ip_addr_t* from, u16_t port) {
    auto& echo = *static_cast<UdpEcho*>(self);
    const u16_t size =
        pbuf_copy_partial(datagram, echo.in_.data(), static_cast<u16_t>(echo.in_.size()), 0);
    pbuf_free(datagram);
    (void)send_datagram(echo.sockets_[1], echo.in_.data(), size, *from, port);
  }
  static void on_reply(void* self, udp_pcb*, pbuf* datagram, const ip_addr_t*, u16_t) {
    auto& echo = *static_cast<UdpEcho*>(self);
    (void)pbuf_copy_partial(datagram, echo.in_.data(), static_cast<u16_t>(echo.in_.size()), 0);
    pbuf_free(datagram);
    ++echo.replies_;
  }

  std::size_t payload_, burst_;
  std::array<End, 2> ends_;
  std::array<udp_pcb*, 2> sockets_{};
  std::array<std::byte, 2048> out_{}, in_{};
  std::uint64_t replies_ = 0;
  double allocations_ = 0;
};

class OnDescriptor final : public LwipOnDescriptor {
 public:
  OnDescriptor(int descriptor, std::size_t prefix, const ip4_addr_t& address)
      : descriptor_(descriptor), prefix_(prefix) {
    init_once();
    STRATA_CHECK(prefix < frame_.size() / 2);
    STRATA_CHECK(add_interface(interface_, address, this, transmit));
  }
  ~OnDescriptor() override { netif_remove(&interface_); }

  bool turn() override {
    const ssize_t size = read(descriptor_, frame_.data(), frame_.size());
    if (size <= static_cast<ssize_t>(prefix_)) return false;
    const auto length = static_cast<u16_t>(static_cast<std::size_t>(size) - prefix_);
    // In one piece: 2.1.3 writes a full frame past the end of a chain's first, smaller one.
    pbuf* arrived = pbuf_alloc(PBUF_RAW, length, PBUF_RAM);
    if (arrived == nullptr) return true;
    pbuf_take(arrived, frame_.data() + prefix_, length);
    if (interface_.input(arrived, &interface_) != ERR_OK) pbuf_free(arrived);
    return true;
  }

 private:
  static err_t transmit(netif* interface, pbuf* frame) {
    auto& self = *static_cast<OnDescriptor*>(interface->state);
    // The prefix stays zero: a plain frame with its checksums done.
    const auto room = static_cast<u16_t>(self.out_.size() - self.prefix_);
    const std::size_t size =
        self.prefix_ + pbuf_copy_partial(frame, self.out_.data() + self.prefix_, room, 0);
    const ssize_t written = write(self.descriptor_, self.out_.data(), size);
    return written == static_cast<ssize_t>(size) ? ERR_OK : ERR_IF;
  }

  int descriptor_;
  std::size_t prefix_;
  netif interface_{};
  std::array<std::byte, 2048> frame_{}, out_{};
};

}  // namespace

Entry lwip_udp_echo(std::size_t payload, std::size_t burst) {
  return std::make_unique<UdpEcho>(payload, burst);
}

std::expected<std::unique_ptr<LwipOnDescriptor>, std::string> LwipOnDescriptor::attach(
    int descriptor, std::size_t prefix, const std::string& address) {
  ip4_addr_t parsed;
  if (ip4addr_aton(address.c_str(), &parsed) == 0) {
    return std::unexpected("'" + address + "' is not an IPv4 address");
  }
  return std::make_unique<OnDescriptor>(descriptor, prefix, parsed);
}

std::uint16_t lwip_checksum(const void* bytes, int size) {
  return inet_chksum(bytes, static_cast<u16_t>(size));
}

bool has_lwip() { return true; }

}  // namespace strata::bench

#else

namespace strata::bench {
namespace {

constexpr const char* kMissing = "liblwip-dev is not installed";

}  // namespace

Entry lwip_udp_echo(std::size_t, std::size_t) { return std::unexpected(kMissing); }

std::expected<std::unique_ptr<LwipOnDescriptor>, std::string> LwipOnDescriptor::attach(
    int, std::size_t, const std::string&) {
  return std::unexpected(kMissing);
}

std::uint16_t lwip_checksum(const void*, int) { return 0; }

bool has_lwip() { return false; }

}  // namespace strata::bench

#endif
