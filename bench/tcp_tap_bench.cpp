// SPDX-License-Identifier: Apache-2.0
// Claims: TCP to and from the kernel over a TAP device is no slower than the kernel's own over a
// veth pair, and answers a message within 4.5 microseconds.
#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/machine.h"
#include "bench/harness/round_trips.h"
#include "bench/harness/stack_pair.h"
#include "bench/peers/kernel_stream.h"
#include "bench/peers/lwip_tap.h"
#include "bench/peers/tap_world.h"
#include "strata/check.h"
#include "strata/tcp_listener.h"

namespace strata::bench {
namespace {

constexpr std::size_t kOurCore = 0;
constexpr std::size_t kKernelCore = 1;
constexpr std::size_t kChunk = 64U << 10U;

enum class Who : std::uint8_t { kWeSend, kKernelSends };

[[nodiscard]] std::optional<std::string> lacks_cores() {
  if (std::thread::hardware_concurrency() >= 2) return std::nullopt;
  return "needs two cores";
}

// Our stack on a TAP device, with one connection to a program of the kernel beyond it.
class TapConnection {
 public:
  [[nodiscard]] static std::expected<std::unique_ptr<TapConnection>, std::string> make(
      bool offloads, Line line) {
    if (auto why = lacks_cores()) return std::unexpected(*why);
    auto world = TapWorld::make(offloads, line);
    if (!world) return std::unexpected(world.error());
    auto made = std::make_unique<TapConnection>(std::move(*world));
    if (auto why = made->open()) return std::unexpected(*why);
    return made;
  }
  explicit TapConnection(TapWorld world)
      : world_(std::move(world)), host_({.external_buffers = 4096}) {
    host_.attach(*world_.device, Prefix(kTapStack, 24), now());
  }

  [[nodiscard]] Host& host() { return host_; }
  [[nodiscard]] TcpStream& ours() { return *ours_; }
  [[nodiscard]] const KernelStream& theirs() const { return *theirs_; }

 private:
  std::optional<std::string> open() {
    auto listener = TcpListener::listen(host_.stack(), {IpAddress::any_v4(), KernelStream::kPort},
                                        {.options = {.no_delay = true}});
    STRATA_CHECK(listener.has_value());
    auto made = KernelStream::connect(world_.host, kTapStack, [this] { host_.turn(now()); });
    if (!made) return made.error();
    theirs_ = std::move(*made);
    while (!ours_) {
      host_.turn(now());
      if (auto accepted = listener->accept(now())) ours_ = std::move(*accepted);
    }
    return std::nullopt;
  }

  TapWorld world_;
  Host host_;
  std::optional<TcpStream> ours_;
  std::optional<KernelStream> theirs_;
};

// Our stack and its program spin on one core, the kernel's program sleeps and wakes on the other.
class TapBulk final : public Contestant {
 public:
  TapBulk(std::unique_ptr<TapConnection> connection, Who who)
      : connection_(std::move(connection)), who_(who), chunk_(kChunk) {}
  [[nodiscard]] static Entry make(Who who, bool offloads, Line line) {
    auto connection = TapConnection::make(offloads, line);
    if (!connection) return std::unexpected(connection.error());
    return std::make_unique<TapBulk>(std::move(*connection), who);
  }

  double measure(Seconds duration) override {
    const Pinned here(kOurCore);
    const auto begin = Wall::now();
    std::uint64_t bytes = 0;
    {
      const KernelPump pump(
          connection_->theirs(),
          who_ == Who::kWeSend ? KernelPump::Does::kRead : KernelPump::Does::kWrite, kKernelCore);
      const auto end = begin + std::chrono::duration_cast<Wall::duration>(duration);
      while (Wall::now() < end) bytes += turn();
      if (who_ == Who::kWeSend) bytes = pump.bytes();
    }
    const Seconds took = Wall::now() - begin;
    settle();
    return static_cast<double>(bytes) * 8 / took.count() / 1e9;
  }

 private:
  // Answers how many bytes our program got.
  std::uint64_t turn() {
    const Time time = now();
    std::uint64_t arrived = 0;
    if (who_ == Who::kWeSend) {
      while (connection_->ours().write(chunk_, time)) {
      }
    } else {
      while (const auto count = connection_->ours().read(chunk_, time)) arrived += *count;
    }
    connection_->host().turn(time);
    return arrived;
  }

  // Nothing may be under way while others have their turns: it would be taken for lost.
  void settle() {
    std::vector<std::byte> rest(kChunk);
    const auto end = Wall::now() + std::chrono::milliseconds(100);
    while (Wall::now() < end) {
      const Time time = now();
      connection_->host().turn(time);
      while (connection_->ours().read(rest, time)) {
      }
      while (connection_->theirs().read(rest) > 0) {
      }
    }
  }

  std::unique_ptr<TapConnection> connection_;
  Who who_;
  std::vector<std::byte> chunk_;
};

struct VethConnection {
  VethPair pair;
  KernelStream first, second;

  [[nodiscard]] static std::expected<VethConnection, std::string> make() {
    if (auto why = lacks_cores()) return std::unexpected(*why);
    auto pair = VethPair::make();
    if (!pair) return std::unexpected(pair.error());
    std::optional<KernelStream> first;
    auto second = KernelStream::accept(pair->second, [&] {
      if (first) return;
      auto made = KernelStream::connect(pair->first, IpAddress::v4(10, 79, 0, 2), [] {});
      if (made) first = std::move(*made);
    });
    if (!second) return std::unexpected(second.error());
    STRATA_CHECK(first.has_value());
    return VethConnection{std::move(*pair), std::move(*first), std::move(*second)};
  }
};

// The kernel to itself, a program on each core.
class VethBulk final : public Contestant {
 public:
  explicit VethBulk(VethConnection connection) : connection_(std::move(connection)) {}
  [[nodiscard]] static Entry make(bool offloads) {
    auto made = VethConnection::make();
    if (!made) return std::unexpected(made.error());
    if (!offloads) {
      for (const auto& [where, device] :
           {std::pair(&made->pair.first, "veth0"), std::pair(&made->pair.second, "veth1")}) {
        if (!where->run(std::string("ethtool -K ") + device +
                        " tso off gso off gro off tx off rx off")) {
          return std::unexpected("ethtool is missing or failed");
        }
      }
    }
    return std::make_unique<VethBulk>(std::move(*made));
  }

  double measure(Seconds duration) override {
    const KernelPump writer(connection_.first, KernelPump::Does::kWrite, kOurCore);
    const KernelPump reader(connection_.second, KernelPump::Does::kRead, kKernelCore);
    const auto begin = Wall::now();
    std::this_thread::sleep_for(duration);
    const Seconds took = Wall::now() - begin;
    return static_cast<double>(reader.bytes()) * 8 / took.count() / 1e9;
  }

 private:
  VethConnection connection_;
};

// Our stack echoes while the kernel's client asks: on the client's core, or spinning on another.
class TapRoundTrip final : public Contestant {
 public:
  TapRoundTrip(std::unique_ptr<TapConnection> connection, bool has_own_core)
      : connection_(std::move(connection)), has_own_core_(has_own_core) {}
  [[nodiscard]] static Entry make(bool has_own_core, Line line) {
    auto connection = TapConnection::make(line != Line::kXdp, line);
    if (!connection) return std::unexpected(connection.error());
    return std::make_unique<TapRoundTrip>(std::move(*connection), has_own_core);
  }

  double measure(Seconds duration) override {
    const Pinned here(kKernelCore);
    const KernelStream& client = connection_->theirs();
    if (!has_own_core_) {
      return trips_.measure(duration, [&] { return client.round_trip([this] { echo(); }); });
    }
    std::atomic<bool> stops = false;
    std::thread spinner([this, &stops] {
      const Pinned there(kOurCore);
      while (!stops.load(std::memory_order_relaxed)) echo();
    });
    const double median = trips_.measure(duration, [&] { return client.round_trip([] {}); });
    stops = true;
    spinner.join();
    return median;
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  void echo() {
    const Time time = now();
    connection_->host().stack().poll(time);
    while (const auto count = connection_->ours().read(message_, time)) {
      STRATA_CHECK(connection_->ours().write(Bytes(message_).first(*count), time) == *count);
    }
    connection_->host().stack().flush(time);
  }

  std::unique_ptr<TapConnection> connection_;
  bool has_own_core_;
  std::array<std::byte, 64> message_{};
  RoundTrips trips_;
};

class VethRoundTrip final : public Contestant {
 public:
  explicit VethRoundTrip(VethConnection connection) : connection_(std::move(connection)) {}
  [[nodiscard]] static Entry make() {
    auto made = VethConnection::make();
    if (!made) return std::unexpected(made.error());
    return std::make_unique<VethRoundTrip>(std::move(*made));
  }

  double measure(Seconds duration) override {
    const Pinned here(kKernelCore);
    const KernelPump server(connection_.second, KernelPump::Does::kEcho, kOurCore);
    return trips_.measure(duration, [this] { return connection_.first.round_trip([] {}); });
  }
  std::vector<Detail> details() const override { return trips_.details(); }

 private:
  VethConnection connection_;
  RoundTrips trips_;
};

void add_bulk(const char* name, Who who, bool offloads, double goal) {
  const char* direction = who == Who::kWeSend ? "to" : "from";
  const char* frames = offloads ? "super-segments and checksums left to the device"
                                : "plain frames of 1500 bytes, every checksum computed";
  std::vector<ContestantSpec> contestants{
      {"strata, tap", [=] { return TapBulk::make(who, offloads, Line::kTap); }}};
  if (!offloads) {
    const LwipSide side = who == Who::kWeSend ? LwipSide::kSends : LwipSide::kReceives;
    contestants.push_back({"lwIP 2.1.3 (Debian), tap", [=] { return lwip_tap_bulk(side); }});
  }
  contestants.push_back({"kernel, veth", [=] { return VethBulk::make(offloads); }});
  add({.name = name,
       .unit = "Gbit/s",
       .claim = std::string("one connection ") + direction + " the kernel over TAP, " + frames +
                "; a core for each end",
       .contestants = std::move(contestants),
       .goal = goal,
       .ratio_goal = 1.0});
}

// The same over a veth pair, where the peer is the kernel in the same setting.
void add_veth(const char* name, Who who, bool offloads) {
  const char* direction = who == Who::kWeSend ? "to" : "from";
  add({.name = name,
       .unit = "Gbit/s",
       .claim =
           std::string("one connection ") + direction + " the kernel over veth, " +
           (offloads ? "super-segments" : "plain frames of 1500 bytes, every checksum computed") +
           "; a core for each end",
       .contestants = {{"strata, xdp", [=] { return TapBulk::make(who, offloads, Line::kXdp); }},
                       {"kernel, veth", [=] { return VethBulk::make(offloads); }},
                       {"strata, packet",
                        [=] { return TapBulk::make(who, offloads, Line::kPacket); }}},
       .ratio_goal = offloads ? std::nullopt : std::optional(1.0)});
}

void add_all() {
  add_bulk("tcp/tap-send", Who::kWeSend, true, 20);
  add_bulk("tcp/tap-receive", Who::kKernelSends, true, 20);
  add_bulk("tcp/tap-send-plain", Who::kWeSend, false, 5.8);
  add_bulk("tcp/tap-receive-plain", Who::kKernelSends, false, 7.5);
  add_veth("tcp/veth-send-plain", Who::kWeSend, false);
  add_veth("tcp/veth-receive-plain", Who::kKernelSends, false);
  add_veth("tcp/veth-send", Who::kWeSend, true);
  add_veth("tcp/veth-receive", Who::kKernelSends, true);
  add({.name = "tcp/veth-round-trip",
       .unit = "us",
       .better = Better::kLower,
       .claim = "median of 64 bytes there and back from a socket of the kernel over veth, nothing "
                "asleep, a core for each end",
       .contestants = {
           {"strata, xdp", [] { return TapRoundTrip::make(true, Line::kXdp); }},
           {"kernel, veth", VethRoundTrip::make},
           {"strata, packet", [] { return TapRoundTrip::make(true, Line::kPacket); }}}});
  add({.name = "tcp/tap-round-trip",
       .unit = "us",
       .better = Better::kLower,
       .claim = "median of 64 bytes there and back from a socket of the kernel, nothing asleep, a "
                "core for each end: our stack over TAP, the kernel over veth",
       .contestants = {{"strata, tap", [] { return TapRoundTrip::make(true, Line::kTap); }},
                       {"kernel, veth", VethRoundTrip::make},
                       {"lwIP 2.1.3 (Debian), tap", lwip_tap_round_trip},
                       {"strata, tap, all on one core",
                        [] { return TapRoundTrip::make(false, Line::kTap); }}},
       .goal = 4.5});
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
