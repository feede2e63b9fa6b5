// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/lwip_tcp.h"

#ifdef STRATA_HAVE_LWIP

#include <algorithm>
#include <array>
#include <vector>

#include "bench/harness/timing.h"
#include "bench/peers/lwip_wire.h"
#include "strata/check.h"

extern "C" {
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
}

namespace strata::bench {
namespace {

using lwip::End;
using lwip::init_once;

constexpr u16_t kPort = 5001;
constexpr std::size_t kChunk = 64U << 10U;

class TcpBulk final : public Contestant {
 public:
  TcpBulk() : out_(kChunk, std::byte{0x5a}), in_(kChunk) {
    init_once();
    for (std::size_t i = 0; i < 2; ++i) ends_[i].plug_in(ends_[1 - i], static_cast<u8_t>(i + 1));
    listen();
    connect();
    for (int i = 0; i < 1000 && !(is_connected_ && server_ != nullptr); ++i) exchange();
    STRATA_CHECK(is_connected_ && server_ != nullptr);
  }
  ~TcpBulk() override {
    tcp_abort(client_);
    tcp_abort(server_);
    tcp_close(listener_);
  }

  double measure(Seconds duration) override {
    return run_for(duration, [this] { return turn(); }).per_second() * 8 / 1e9;
  }

 private:
  void listen() {
    ip_addr_t local;
    ip_addr_copy_from_ip4(local, ends_[1].address);
    tcp_pcb* socket = tcp_new();
    STRATA_CHECK(tcp_bind(socket, &local, kPort) == ERR_OK);
    listener_ = tcp_listen(socket);
    tcp_arg(listener_, this);
    tcp_accept(listener_, [](void* self, tcp_pcb* accepted, err_t) -> err_t {
      auto& bulk = *static_cast<TcpBulk*>(self);
      bulk.server_ = accepted;
      tcp_arg(accepted, self);
      // Both interfaces are in one subnet and one lwIP: the socket says which one it means.
      tcp_bind_netif(accepted, &bulk.ends_[1].interface);
      tcp_recv(accepted, on_text);
      return ERR_OK;
    });
  }

  void connect() {
    client_ = tcp_new();
    tcp_arg(client_, this);
    tcp_bind_netif(client_, &ends_[0].interface);
    ip_addr_t remote;
    ip_addr_copy_from_ip4(remote, ends_[1].address);
    STRATA_CHECK(tcp_connect(client_, &remote, kPort, [](void* self, tcp_pcb*, err_t) -> err_t {
                   static_cast<TcpBulk*>(self)->is_connected_ = true;
                   return ERR_OK;
                 }) == ERR_OK);
  }

  static err_t on_text(void* self, tcp_pcb* socket, pbuf* text, err_t) {
    auto& bulk = *static_cast<TcpBulk*>(self);
    if (text == nullptr) return ERR_OK;
    const u16_t size = pbuf_copy_partial(text, bulk.in_.data(), text->tot_len, 0);
    tcp_recved(socket, size);
    pbuf_free(text);
    bulk.arrived_ += size;
    return ERR_OK;
  }

  void exchange() {
    ends_[1].take_in();
    ends_[0].take_in();
    sys_check_timeouts();
  }

  // Answers how many bytes arrived.
  std::uint64_t turn() {
    const std::uint64_t before = arrived_;
    while (const u16_t room = tcp_sndbuf(client_)) {
      const auto count = static_cast<u16_t>(std::min<std::size_t>(room, kChunk - 1));
      if (tcp_write(client_, out_.data(), count, TCP_WRITE_FLAG_COPY) != ERR_OK) break;
    }
    (void)tcp_output(client_);
    exchange();
    return arrived_ - before;
  }

  std::array<End, 2> ends_;
  std::vector<std::byte> out_, in_;
  tcp_pcb* listener_ = nullptr;
  tcp_pcb* client_ = nullptr;
  tcp_pcb* server_ = nullptr;
  bool is_connected_ = false;
  std::uint64_t arrived_ = 0;
};

}  // namespace

Entry lwip_tcp_bulk() { return std::make_unique<TcpBulk>(); }

}  // namespace strata::bench

#else

namespace strata::bench {

Entry lwip_tcp_bulk() { return std::unexpected("liblwip-dev is not installed"); }

}  // namespace strata::bench

#endif
