// SPDX-License-Identifier: Apache-2.0
// Claims: among a million connections a batch is looked up with its cache misses overlapped;
// half-open connections take 96 bytes and TIME-WAITs 64, all told; a SYN against a full backlog
// costs well under a microsecond, and a port beside 60,000 others is found in a few.
#include <array>
#include <utility>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/timing.h"
#include "strata/check.h"
#include "strata/rng.h"
#include "tcp/demux.h"
#include "tcp/ports.h"

namespace strata::bench {
namespace {

using tcp::Flow;

constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::size_t kBatch = 64;
constexpr Time kStart{std::chrono::seconds(1000)};
constexpr tcp::Secrets kSecrets = tcp::Secrets::derive({1, 2});

Flow flow_of(std::uint32_t client) {
  return {.local_address = IpAddress::v4(10, 0, 0, 1),
          .remote_address = IpAddress::v4(0x0b00'0000U + client),
          .local_port = 80,
          .remote_port = static_cast<std::uint16_t>(1024 + client % 60'000),
          .interface = kNoInterface};
}

// All tables of a server whose listener takes whatever comes.
struct Tables {
  static TcpConfig config_for(std::uint32_t half_open_max) {
    TcpConfig config;
    config.half_open_max = half_open_max;
    return config;
  }
  explicit Tables(std::uint32_t half_open_max) : config(config_for(half_open_max)) {
    const auto handle = listeners.open({IpAddress::any_v4(), 80, kNoInterface}, half_open_max, {});
    STRATA_CHECK(handle.has_value());
    listener = listeners.find(*handle);
  }

  HeapMemory memory;
  TcpConfig config;
  tcp::Listeners listeners{memory, 4, {1, 2}};
  tcp::ReplyBudgets budgets{1000, 1000, 1};
  tcp::HalfOpens half_opens{memory, config, kSecrets, listeners, budgets};
  tcp::TimeWaits time_waits{memory, config, kSecrets};
  tcp::Demux demux{memory, kMillion, kSecrets, half_opens, time_waits};
  tcp::Listener* listener = nullptr;
};

tcp::Segment syn_from(std::uint32_t client) {
  tcp::Segment syn;
  syn.flow = flow_of(client);
  syn.flags = wire::kTcpSyn;
  syn.seq = tcp::SequenceNumber(client);
  syn.options.maximum_segment_size = 1460;
  syn.options.timestamps = wire::TcpTimestamps{client, 0};
  return syn;
}

class LookUp final : public Contestant {
  // As large as the hot part of a connection.
  struct alignas(64) Hot {
    Flow flow;
    std::array<std::byte, 128> rest{};
  };
  auto by_index() const {
    return [this](Index index) -> const Flow& { return connections_[index].flow; };
  }

 public:
  explicit LookUp(bool batched) : batched_(batched), connections_(kMillion), tables_(16) {
    for (std::uint32_t i = 0; i < kMillion; ++i) {
      connections_[i].flow = flow_of(i);
      STRATA_CHECK(tables_.demux.insert(tables_.demux.hash(flow_of(i)), i, by_index()));
    }
  }
  double measure(Seconds duration) override {
    return run_for(duration, [this] { return turn(); }).nanoseconds_each();
  }
  std::vector<Detail> details() const override {
    return {{"index bytes a connection",
             static_cast<double>(tables_.demux.bytes_used()) / static_cast<double>(kMillion)}};
  }

 private:
  std::size_t turn() {
    std::array<Flow, kBatch> flows;
    std::array<std::uint32_t, kBatch> hashes{};
    for (Flow& flow : flows) flow = flow_of(static_cast<std::uint32_t>(rng_.below(kMillion)));
    if (batched_) {
      tables_.demux.prepare(flows, hashes,
                            [&](Index index) { __builtin_prefetch(&connections_[index]); });
    }
    for (std::size_t i = 0; i < kBatch; ++i) {
      const std::uint32_t hash = batched_ ? hashes[i] : tables_.demux.hash(flows[i]);
      const auto found = tables_.demux.find(flows[i], hash, by_index());
      STRATA_CHECK(found.kind == tcp::Demux::Kind::kConnection);
      keep(found);
    }
    return kBatch;
  }

  bool batched_;
  std::vector<Hot> connections_;
  Tables tables_;
  Rng rng_{5};
};

class HalfOpenBytes final : public Contestant {
 public:
  double measure(Seconds) override {
    Tables tables(kMillion);
    const std::size_t before = tables.memory.bytes_used();
    for (std::uint32_t i = 0; i < kMillion; ++i) {
      const tcp::Segment syn = syn_from(i);
      (void)tables.half_opens.on_listen(*tables.listener, syn, tables.demux.hash(syn.flow), 1500,
                                        {}, kStart);
    }
    STRATA_CHECK(tables.half_opens.size() == kMillion);
    return static_cast<double>(tables.memory.bytes_used() - before) / kMillion;
  }
};

class TimeWaitBytes final : public Contestant {
 public:
  double measure(Seconds) override {
    Tables tables(16);
    const std::size_t before = tables.memory.bytes_used();
    for (std::uint32_t i = 0; i < kMillion; ++i) {
      STRATA_CHECK(
          tables.time_waits.add({.flow = flow_of(i)}, tables.demux.hash(flow_of(i)), kStart));
    }
    return static_cast<double>(tables.memory.bytes_used() - before) / kMillion;
  }
};

// SYNs of ever new clients to a listener whose backlog is full.
class Flood final : public Contestant {
 public:
  explicit Flood() : tables_(4096) {}
  double measure(Seconds duration) override {
    const auto turn = [this] {
      for (std::size_t i = 0; i < kBatch; ++i) {
        const tcp::Segment syn = syn_from(client_++);
        keep(tables_.half_opens.on_listen(*tables_.listener, syn, tables_.demux.hash(syn.flow),
                                          1500, {}, kStart));
      }
      return kBatch;
    };
    return run_for(duration, turn).nanoseconds_each();
  }

 private:
  Tables tables_;
  std::uint32_t client_ = 0;
};

// A connection ends and another begins in a table that is full of TIME-WAITs.
class TimeWaitChurn final : public Contestant {
 public:
  TimeWaitChurn() : tables_(16) {
    for (; client_ < (1U << 20U); ++client_) add();
  }
  double measure(Seconds duration) override {
    const auto turn = [this] {
      for (std::size_t i = 0; i < kBatch; ++i, ++client_) add();
      return kBatch;
    };
    return run_for(duration, turn).nanoseconds_each();
  }

 private:
  void add() {
    const Flow flow = flow_of(client_);
    STRATA_CHECK(tables_.time_waits.add({.flow = flow}, tables_.demux.hash(flow), kStart));
  }
  Tables tables_;
  std::uint32_t client_ = 0;
};

// The port of the next connection to a place that has 60,000 already.
class PortSearch final : public Contestant {
 public:
  PortSearch() : ports_(memory_, 4, {1, 2}), taken_(65536) {
    for (int i = 0; i < 60'000; ++i) take(next());
  }
  double measure(Seconds duration) override {
    const auto turn = [this] {
      const std::uint16_t port = next();
      std::swap(held_[static_cast<std::size_t>(rng_.below(held_.size()))], held_.back());
      ports_.drop_use(held_.back());
      taken_[held_.back()] = false;
      held_.pop_back();
      take(port);
      return std::size_t{1};
    };
    return run_for(duration, turn).nanoseconds_each();
  }

 private:
  std::uint16_t next() {
    const auto port =
        ports_.choose(flow_of(1), [this](const Flow& flow) { return !taken_[flow.local_port]; });
    STRATA_CHECK(port.has_value());
    return *port;
  }
  void take(std::uint16_t port) {
    STRATA_CHECK(ports_.add_use(port));
    taken_[port] = true;
    held_.push_back(port);
  }
  HeapMemory memory_;
  tcp::Ports ports_;
  std::vector<bool> taken_;
  std::vector<std::uint16_t> held_;
  Rng rng_{3};
};

template <typename Made, typename... Args>
ContestantSpec contestant(const char* name, Args... args) {
  return {name, [=]() -> Entry { return std::make_unique<Made>(args...); }};
}

void add_all() {
  add({.name = "tcp_tables/look_up",
       .unit = "ns/look-up",
       .better = Better::kLower,
       .claim = "a segment's connection among 1,000,000 at random, flow hashed and compared",
       .contestants = {contestant<LookUp>("strata, batches of 64", true),
                       contestant<LookUp>("strata, one by one", false)},
       .ratio_goal = 0.7});
  add({.name = "tcp_tables/half_open_bytes",
       .unit = "bytes",
       .better = Better::kLower,
       .claim = "memory of each of 1,000,000 half-open connections, index and timers counted",
       .contestants = {contestant<HalfOpenBytes>("strata")},
       .goal = 96});
  add({.name = "tcp_tables/time_wait_bytes",
       .unit = "bytes",
       .better = Better::kLower,
       .claim = "memory of each of 1,000,000 TIME-WAITs, index and timers counted",
       .contestants = {contestant<TimeWaitBytes>("strata")},
       .goal = 64});
  add({.name = "tcp_tables/syn_flood",
       .unit = "ns/SYN",
       .better = Better::kLower,
       .claim = "a SYN to a listener whose backlog is full, answered by a SYN cookie",
       .contestants = {contestant<Flood>("strata")},
       .goal = 500});
  add({.name = "tcp_tables/time_wait",
       .unit = "ns",
       .better = Better::kLower,
       .claim = "a connection's end in a table full of 1,048,576 TIME-WAITs; the oldest is shed",
       .contestants = {contestant<TimeWaitChurn>("strata")},
       .goal = 1000});
  add({.name = "tcp_tables/port",
       .unit = "ns",
       .better = Better::kLower,
       .claim = "a free local port for one more connection to a place that has 60,000",
       .contestants = {contestant<PortSearch>("strata")},
       .goal = 5000});
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
