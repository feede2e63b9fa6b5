// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/lwip_tap.h"

#ifdef STRATA_HAVE_LWIP

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "bench/harness/machine.h"
#include "bench/harness/round_trips.h"
#include "bench/peers/kernel_stream.h"
#include "bench/peers/lwip_host.h"
#include "bench/peers/lwip_wire.h"
#include "bench/peers/tap_world.h"
#include "strata/check.h"

extern "C" {
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
}

namespace strata::bench {
namespace {

constexpr std::size_t kOurCore = 0;
constexpr std::size_t kKernelCore = 1;
constexpr std::size_t kChunk = 16U << 10U;
constexpr int kBurst = 64;  // frames taken in before the program has its turn

// One connection that a program of the kernel has made to lwIP.
class LwipConnection {
 public:
  [[nodiscard]] static std::expected<std::unique_ptr<LwipConnection>, std::string> make() {
    if (std::thread::hardware_concurrency() < 2) return std::unexpected("needs two cores");
    auto world = TapWorld::make(false);
    if (!world) return std::unexpected(world.error());
    auto host = LwipOnDescriptor::attach(world->device->descriptor(), kTapPrefix, "10.78.0.2");
    if (!host) return std::unexpected(host.error());
    auto made = std::make_unique<LwipConnection>(std::move(*world), std::move(*host));
    if (auto why = made->open()) return std::unexpected(*why);
    return made;
  }
  LwipConnection(TapWorld world, std::unique_ptr<LwipOnDescriptor> host)
      : world_(std::move(world)), host_(std::move(host)), chunk_(kChunk) {}
  ~LwipConnection() {
    if (ours_ != nullptr) tcp_abort(ours_);
    if (listener_ != nullptr) tcp_close(listener_);
  }
  LwipConnection(const LwipConnection&) = delete;
  LwipConnection& operator=(const LwipConnection&) = delete;

  [[nodiscard]] const KernelStream& theirs() const { return *theirs_; }
  [[nodiscard]] std::uint64_t arrived() const { return arrived_; }
  void echo() { echoes_ = true; }

  void take_in() {
    for (int i = 0; i < kBurst && host_->turn(); ++i) {
    }
    sys_check_timeouts();
  }
  void write() {
    while (const u16_t room = tcp_sndbuf(ours_)) {
      const auto count = static_cast<u16_t>(std::min<std::size_t>(room, chunk_.size()));
      if (tcp_write(ours_, chunk_.data(), count, TCP_WRITE_FLAG_COPY) != ERR_OK) break;
    }
    (void)tcp_output(ours_);
  }

 private:
  std::optional<std::string> open() {
    tcp_pcb* socket = tcp_new();
    STRATA_CHECK(tcp_bind(socket, IP_ADDR_ANY, KernelStream::kPort) == ERR_OK);
    listener_ = tcp_listen(socket);
    tcp_arg(listener_, this);
    tcp_accept(listener_, on_accept);
    auto made = KernelStream::connect(world_.host, kTapStack, [this] { take_in(); });
    if (!made) return made.error();
    theirs_ = std::move(*made);
    while (ours_ == nullptr) take_in();
    return std::nullopt;
  }

  static err_t on_accept(void* self, tcp_pcb* accepted, err_t) {
    static_cast<LwipConnection*>(self)->ours_ = accepted;
    tcp_arg(accepted, self);
    tcp_nagle_disable(accepted);
    tcp_recv(accepted, on_text);
    return ERR_OK;
  }
  static err_t on_text(void* self, tcp_pcb* socket, pbuf* text, err_t) {
    auto& connection = *static_cast<LwipConnection*>(self);
    if (text == nullptr) return ERR_OK;
    auto& chunk = connection.chunk_;
    for (u16_t at = 0; at < text->tot_len;) {
      const u16_t size =
          pbuf_copy_partial(text, chunk.data(), static_cast<u16_t>(chunk.size()), at);
      at = static_cast<u16_t>(at + size);
      if (connection.echoes_) (void)tcp_write(socket, chunk.data(), size, TCP_WRITE_FLAG_COPY);
    }
    tcp_recved(socket, text->tot_len);
    connection.arrived_ += text->tot_len;
    pbuf_free(text);
    if (connection.echoes_) (void)tcp_output(socket);
    return ERR_OK;
  }

  TapWorld world_;
  std::unique_ptr<LwipOnDescriptor> host_;
  std::optional<KernelStream> theirs_;
  std::vector<std::byte> chunk_;
  tcp_pcb* listener_ = nullptr;
  tcp_pcb* ours_ = nullptr;
  std::uint64_t arrived_ = 0;
  bool echoes_ = false;
};

class Bulk final : public Contestant {
 public:
  Bulk(std::unique_ptr<LwipConnection> connection, LwipSide side)
      : connection_(std::move(connection)), side_(side) {}

  double measure(Seconds duration) override {
    const Pinned here(kOurCore);
    const auto begin = Wall::now();
    const std::uint64_t before = connection_->arrived();
    std::uint64_t bytes = 0;
    {
      const bool sends = side_ == LwipSide::kSends;
      const KernelPump pump(connection_->theirs(),
                            sends ? KernelPump::Does::kRead : KernelPump::Does::kWrite,
                            kKernelCore);
      const auto end = begin + std::chrono::duration_cast<Wall::duration>(duration);
      while (Wall::now() < end) {
        if (sends) connection_->write();
        connection_->take_in();
      }
      bytes = sends ? pump.bytes() : connection_->arrived() - before;
    }
    const Seconds took = Wall::now() - begin;
    settle();
    return static_cast<double>(bytes) * 8 / took.count() / 1e9;
  }

 private:
  // Nothing may be under way while others have their turns.
  void settle() {
    std::vector<std::byte> rest(kChunk);
    const auto end = Wall::now() + std::chrono::milliseconds(100);
    while (Wall::now() < end) {
      connection_->take_in();
      while (connection_->theirs().read(rest) > 0) {
      }
    }
  }

  std::unique_ptr<LwipConnection> connection_;
  LwipSide side_;
};

class RoundTrip final : public Contestant {
 public:
  explicit RoundTrip(std::unique_ptr<LwipConnection> connection)
      : connection_(std::move(connection)) {
    connection_->echo();
  }

  double measure(Seconds duration) override {
    const Pinned here(kKernelCore);
    std::atomic<bool> stops = false;
    std::thread spinner([this, &stops] {
      const Pinned there(kOurCore);
      while (!stops.load(std::memory_order_relaxed)) connection_->take_in();
    });
    const double median =
        trips_.measure(duration, [&] { return connection_->theirs().round_trip([] {}); });
    stops = true;
    spinner.join();
    return median;
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  std::unique_ptr<LwipConnection> connection_;
  RoundTrips trips_;
};

}  // namespace

Entry lwip_tap_bulk(LwipSide side) {
  auto connection = LwipConnection::make();
  if (!connection) return std::unexpected(connection.error());
  return std::make_unique<Bulk>(std::move(*connection), side);
}

Entry lwip_tap_round_trip() {
  auto connection = LwipConnection::make();
  if (!connection) return std::unexpected(connection.error());
  return std::make_unique<RoundTrip>(std::move(*connection));
}

}  // namespace strata::bench

#else

namespace strata::bench {

Entry lwip_tap_bulk(LwipSide) { return std::unexpected("liblwip-dev is not installed"); }
Entry lwip_tap_round_trip() { return std::unexpected("liblwip-dev is not installed"); }

}  // namespace strata::bench

#endif
