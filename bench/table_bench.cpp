// SPDX-License-Identifier: Apache-2.0
// Claim: ten thousand flows that a stranger chose to collide cost no more than ten thousand honest
// ones, because the hash has a key he does not know.
#include <unordered_map>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/timing.h"
#include "strata/check.h"
#include "strata/rng.h"
#include "udp/table.h"

namespace strata::bench {
namespace {

constexpr std::uint32_t kFlows = 10'000;
constexpr std::size_t kLookUpsATurn = 256;
constexpr std::uint16_t kLocalPort = 53;
constexpr std::uint16_t kCollision = 0x1234;
constexpr auto kLocalAddress = IpAddress::v4(10, 0, 0, 1);

// What many tables have used: the words of the tuple, folded together.
std::uint16_t folded(const Endpoint& remote) {
  const std::uint32_t address = remote.address.v4_value();
  return static_cast<std::uint16_t>(address ^ (address >> 16U) ^ remote.port);
}

// All of them fold to the same value, or they are what chance brings.
std::vector<Endpoint> remotes(bool collide) {
  Rng rng(7);
  std::vector<Endpoint> all;
  while (all.size() < kFlows) {
    const auto index = static_cast<std::uint32_t>(all.size());
    Endpoint remote{IpAddress::v4(0x0b00'0000U + index * 131), 0};
    const auto wanted = static_cast<std::uint16_t>(collide ? kCollision : rng.next());
    remote.port = folded(remote) ^ wanted;
    if (remote.port == 0) remote.port = 1;  // one in 65,536 flows keeps out of the collision
    all.push_back(remote);
  }
  return all;
}

// The order in which flows are asked for: the same for everybody, and not that of the table.
std::vector<std::uint32_t> order() {
  Rng rng(9);
  std::vector<std::uint32_t> all(1U << 16U);
  for (std::uint32_t& next : all) next = static_cast<std::uint32_t>(rng.below(kFlows));
  return all;
}

template <typename LookUp>
double nanoseconds_each(Seconds duration, const std::vector<std::uint32_t>& order, LookUp look_up) {
  std::size_t at = 0;
  return run_for(duration,
                 [&] {
                   for (std::size_t i = 0; i < kLookUpsATurn; ++i) {
                     look_up(order[at++ % order.size()]);
                   }
                   return kLookUpsATurn;
                 })
      .nanoseconds_each();
}

class KeyedTable final : public Contestant {
 public:
  explicit KeyedTable(bool collide)
      : remotes_(remotes(collide)), order_(order()), table_(memory_, kFlows, {1, 2}) {
    for (const Endpoint& remote : remotes_) {
      const auto handle = table_.open(AddressFamily::kIpv4);
      STRATA_CHECK(handle.has_value());
      udp::Socket& socket = *table_.find(*handle);
      socket.options.reuse_port = true;
      STRATA_CHECK(table_.bind(socket, {kLocalAddress, kLocalPort}).has_value());
      STRATA_CHECK(table_.connect(socket, remote, kLocalAddress).has_value());
    }
  }
  double measure(Seconds duration) override {
    return nanoseconds_each(duration, order_, [this](std::uint32_t flow) {
      const udp::Socket* found = table_.match(
          {.local = {kLocalAddress, kLocalPort}, .remote = remotes_[flow], .interface = 1});
      STRATA_CHECK(found != nullptr);
    });
  }

 private:
  std::vector<Endpoint> remotes_;
  std::vector<std::uint32_t> order_;
  HeapMemory memory_;
  udp::Table table_;
};

class UnkeyedTable final : public Contestant {
 public:
  UnkeyedTable() : remotes_(remotes(true)), order_(order()) {
    for (std::uint32_t i = 0; i < kFlows; ++i) table_.emplace(remotes_[i], i);
  }
  double measure(Seconds duration) override {
    return nanoseconds_each(duration, order_, [this](std::uint32_t flow) {
      STRATA_CHECK(table_.find(remotes_[flow]) != table_.end());
    });
  }

 private:
  struct Fold {
    std::size_t operator()(const Endpoint& remote) const { return folded(remote); }
  };
  std::vector<Endpoint> remotes_;
  std::vector<std::uint32_t> order_;
  std::unordered_map<Endpoint, std::uint32_t, Fold> table_;
};

void add_all() {
  add({.name = "table/colliding",
       .unit = "ns/look-up",
       .better = Better::kLower,
       .claim = "a connected UDP socket among 10,000 whose tuples collide under an unkeyed hash, "
                "beside 10,000 that do not",
       .contestants = {{"strata, colliding tuples",
                        []() -> Entry { return std::make_unique<KeyedTable>(true); }},
                       {"strata, honest tuples",
                        []() -> Entry { return std::make_unique<KeyedTable>(false); }},
                       {"unkeyed hash, colliding tuples",
                        []() -> Entry { return std::make_unique<UnkeyedTable>(); }}},
       .ratio_goal = 1.2});
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
