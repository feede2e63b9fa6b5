// SPDX-License-Identifier: Apache-2.0
// Claim: an echo request of the kernel is answered over TAP within 3.2 microseconds, about as fast
// as the kernel answers itself over a veth pair.
#include <atomic>
#include <thread>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/machine.h"
#include "bench/harness/round_trips.h"
#include "bench/harness/stack_pair.h"
#include "bench/peers/icmp_client.h"
#include "bench/peers/lwip_host.h"
#include "bench/peers/network_namespace.h"
#include "bench/peers/tap_world.h"

namespace strata::bench {
namespace {

constexpr std::size_t kClientCore = 0;
constexpr std::size_t kStackCore = 1;

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

// The namespace's kernel, and a client on its side.
struct EchoWorld {
  TapWorld tap;
  IcmpClient client;

  [[nodiscard]] static std::expected<EchoWorld, std::string> make(bool offloads) {
    auto tap = TapWorld::make(offloads);
    if (!tap) return std::unexpected(tap.error());
    auto client = IcmpClient::open(tap->host, kTapStack);
    if (!client) return std::unexpected(client.error());
    return EchoWorld{std::move(*tap), std::move(*client)};
  }
};

// Our stack on the client's thread: while the client waits, the stack has its turns. Nothing
// sleeps and no core is woken, as in the kernel's case.
class StrataEcho final : public Contestant {
 public:
  explicit StrataEcho(EchoWorld world) : world_(std::move(world)) {
    host_.attach(*world_.tap.device, Prefix(kTapStack, 24), now());
  }
  [[nodiscard]] static Entry make() {
    auto world = EchoWorld::make(true);
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
  EchoWorld world_;
  Host host_;
  RoundTrips trips_;
};

// Our stack spins on a core of its own.
class StrataEchoTwoCores final : public Contestant {
 public:
  explicit StrataEchoTwoCores(EchoWorld world) : world_(std::move(world)) {
    host_.attach(*world_.tap.device, Prefix(kTapStack, 24), now());
  }
  [[nodiscard]] static Entry make() {
    if (std::thread::hardware_concurrency() < 2) return std::unexpected("needs two cores");
    auto world = EchoWorld::make(true);
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
  EchoWorld world_;
  Host host_;
  RoundTrips trips_;
};

// lwIP on the client's thread, which gets plain frames from a device without offloads.
class LwipEcho final : public Contestant {
 public:
  LwipEcho(EchoWorld world, std::unique_ptr<LwipOnDescriptor> lwip)
      : world_(std::move(world)), lwip_(std::move(lwip)) {}
  [[nodiscard]] static Entry make() {
    auto world = EchoWorld::make(false);
    if (!world) return std::unexpected(world.error());
    auto lwip = LwipOnDescriptor::attach(world->tap.device->descriptor(), kTapPrefix, "10.78.0.2");
    if (!lwip) return std::unexpected(lwip.error());
    return std::make_unique<LwipEcho>(std::move(*world), std::move(*lwip));
  }
  double measure(Seconds duration) override {
    const Pinned here(kClientCore);
    return trips_.measure(
        duration, [this] { return world_.client.round_trip([this] { (void)lwip_->turn(); }); });
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  EchoWorld world_;
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

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
