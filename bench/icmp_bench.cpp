// SPDX-License-Identifier: Apache-2.0
// Claim: an echo request of the kernel is answered over TAP within 3.2 microseconds, about as fast
// as the kernel answers itself over a veth pair.
#include <atomic>
#include <cmath>
#include <functional>
#include <thread>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/machine.h"
#include "bench/harness/stack_pair.h"
#include "bench/harness/statistics.h"
#include "bench/harness/timing.h"
#include "bench/peers/icmp_client.h"
#include "bench/peers/lwip_host.h"
#include "bench/peers/network_namespace.h"
#include "strata/devices.h"

namespace strata::bench {
namespace {

constexpr auto kOurAddress = IpAddress::v4(10, 78, 0, 2);
constexpr std::size_t kVirtioHeader = 12;  // in front of each frame of a TAP device
constexpr std::size_t kClientCore = 0;
constexpr std::size_t kStackCore = 1;

// Median round trips, and what share of them was slow or lost.
class RoundTrips {
 public:
  template <typename RoundTrip>
  [[nodiscard]] double measure(Seconds duration, RoundTrip round_trip) {
    samples_.clear();
    lost_ = 0;
    const auto end = Wall::now() + std::chrono::duration_cast<Wall::duration>(duration);
    do {
      if (const std::optional<double> took = round_trip()) {
        samples_.push_back(*took);
      } else {
        ++lost_;
      }
    } while (Wall::now() < end);
    return samples_.empty() ? NAN : quantile(samples_, 0.5);
  }
  [[nodiscard]] std::vector<Detail> details() const {
    if (samples_.empty()) return {{"lost", static_cast<double>(lost_)}};
    return {{"us p99", quantile(samples_, 0.99)}, {"lost", static_cast<double>(lost_)}};
  }

 private:
  std::vector<double> samples_;
  std::size_t lost_ = 0;
};

// The kernel answers the kernel. The whole round trip runs in the client's system calls.
class KernelEcho final : public Contestant {
 public:
  KernelEcho(VethPair pair, IcmpClient client)
      : pair_(std::move(pair)), client_(std::move(client)) {}
  [[nodiscard]] static Entry make() {
    auto pair = VethPair::make();
    if (!pair) return std::unexpected(pair.error());
    auto client = IcmpClient::open(pair->first, IpAddress::v4(10, 79, 0, 2));
    if (!client) return std::unexpected(client.error());
    return std::make_unique<KernelEcho>(std::move(*pair), std::move(*client));
  }
  double measure(Seconds duration) override {
    const Pinned here(kClientCore);
    return trips_.measure(duration, [this] { return client_.round_trip([] {}); });
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  VethPair pair_;
  IcmpClient client_;
  RoundTrips trips_;
};

// A namespace with a TAP device whose host side is 10.78.0.1/24, and a client on that side.
struct TapWorld {
  NetworkNamespace host;
  std::unique_ptr<Device> device;
  IcmpClient client;

  [[nodiscard]] static std::expected<TapWorld, std::string> make(bool offloads) {
    auto host = NetworkNamespace::make();
    if (!host) return std::unexpected(host.error());
    std::unique_ptr<Device> device;
    {
      const NetworkNamespace::Visit inside(*host);
      TapOptions options;
      options.name = "bench";
      options.host_addresses = {Prefix(IpAddress::v4(10, 78, 0, 1), 24)};
      options.offloads = offloads;
      auto opened = open_tap(options);
      if (!opened) return std::unexpected(opened.error().text);
      device = std::move(opened->front());
    }
    auto client = IcmpClient::open(*host, kOurAddress);
    if (!client) return std::unexpected(client.error());
    return TapWorld{std::move(*host), std::move(device), std::move(*client)};
  }
};

// Our stack on the client's thread: while the client waits, the stack has its turns. Nothing
// sleeps and no core is woken, as in the kernel's case.
class StrataEcho final : public Contestant {
 public:
  explicit StrataEcho(TapWorld world) : world_(std::move(world)) {
    host_.attach(*world_.device, Prefix(kOurAddress, 24), now());
  }
  [[nodiscard]] static Entry make() {
    auto world = TapWorld::make(true);
    if (!world) return std::unexpected(world.error());
    return std::make_unique<StrataEcho>(std::move(*world));
  }
  double measure(Seconds duration) override {
    const Pinned here(kClientCore);
    return trips_.measure(
        duration, [this] { return world_.client.round_trip([this] { host_.turn(now()); }); });
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  TapWorld world_;
  Host host_;
  RoundTrips trips_;
};

// Our stack spins on a core of its own.
class StrataEchoTwoCores final : public Contestant {
 public:
  explicit StrataEchoTwoCores(TapWorld world) : world_(std::move(world)) {
    host_.attach(*world_.device, Prefix(kOurAddress, 24), now());
  }
  [[nodiscard]] static Entry make() {
    if (std::thread::hardware_concurrency() < 2) return std::unexpected("needs two cores");
    auto world = TapWorld::make(true);
    if (!world) return std::unexpected(world.error());
    return std::make_unique<StrataEchoTwoCores>(std::move(*world));
  }
  double measure(Seconds duration) override {
    const Pinned here(kClientCore);
    std::atomic<bool> stops = false;
    std::thread spinner([this, &stops] {
      const Pinned there(kStackCore);
      while (!stops.load(std::memory_order_relaxed)) host_.turn(now());
    });
    const double median =
        trips_.measure(duration, [this] { return world_.client.round_trip([] {}); });
    stops = true;
    spinner.join();
    return median;
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  TapWorld world_;
  Host host_;
  RoundTrips trips_;
};

// lwIP on the client's thread, which gets plain frames from a device without offloads.
class LwipEcho final : public Contestant {
 public:
  LwipEcho(TapWorld world, std::unique_ptr<LwipOnDescriptor> lwip)
      : world_(std::move(world)), lwip_(std::move(lwip)) {}
  [[nodiscard]] static Entry make() {
    auto world = TapWorld::make(false);
    if (!world) return std::unexpected(world.error());
    auto lwip = LwipOnDescriptor::attach(world->device->descriptor(), kVirtioHeader, "10.78.0.2");
    if (!lwip) return std::unexpected(lwip.error());
    return std::make_unique<LwipEcho>(std::move(*world), std::move(*lwip));
  }
  double measure(Seconds duration) override {
    const Pinned here(kClientCore);
    return trips_.measure(duration,
                          [this] { return world_.client.round_trip([this] { lwip_->turn(); }); });
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  TapWorld world_;
  std::unique_ptr<LwipOnDescriptor> lwip_;
  RoundTrips trips_;
};

void add_all() {
  add({.name = "icmp/echo",
       .unit = "us",
       .better = Better::kLower,
       .claim = "median round trip of a 56-byte echo from a raw socket of the kernel, all on one "
                "core and nothing asleep: our stack over TAP, the kernel over veth",
       .contestants = {{"strata, tap", StrataEcho::make},
                       {"kernel, veth", KernelEcho::make},
                       {"lwIP 2.1.3 (Debian), tap", LwipEcho::make}},
       .goal = 3.2,
       .ratio_goal = 1.2});
  add({.name = "icmp/two_cores",
       .unit = "us",
       .better = Better::kLower,
       .claim = "the same with our stack spinning on a second core; the kernel's answer still "
                "comes on the client's core, so this shows the price of the hop",
       .contestants = {{"strata, tap", StrataEchoTwoCores::make},
                       {"kernel, veth", KernelEcho::make}}});
}

}  // namespace
}  // namespace strata::bench

int main(int argc, char** argv) {
  strata::bench::add_all();
  return strata::bench::run_program(argc, argv);
}
