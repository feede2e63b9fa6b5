// SPDX-License-Identifier: Apache-2.0
// Claims: an empty stack with one interface takes no more than 24 KB beside its pool; stacks come
// and go by the ten thousand and leave nothing behind.
#include <fmt/format.h>

#include "bench/harness/benchmark.h"
#include "bench/harness/stack_pair.h"
#include "bench/harness/timing.h"
#include "strata/check.h"

namespace strata::bench {
namespace {

constexpr std::uint64_t kStacks = 10'000;

PacketPoolConfig small_pool() {
  PacketPoolConfig config;
  config.small_buffers = 64;
  config.large_buffers = 1;
  config.extra_descriptors = 64;
  return config;
}

// A stack on a device, as a program makes it.
Stack make_stack(Memory& memory, PacketPool& pool, Device& device, bool ipv6) {
  auto made = Stack::create({.memory = &memory, .pool = &pool, .seed = 1, .secret = {2, 3}});
  STRATA_CHECK(made.has_value());
  InterfaceConfig config;
  config.name = "bench";
  config.ipv6 = ipv6;
  const auto interface = made->add_interface(device, config, now());
  STRATA_CHECK(interface.has_value());
  STRATA_CHECK(made->add_address(*interface, Prefix(kPairAddresses[0], 24), now()).has_value());
  return std::move(*made);
}

class EmptyStack final : public Contestant {
 public:
  explicit EmptyStack(bool ipv6) : ipv6_(ipv6) {}
  double measure(Seconds) override {
    CountingMemory pool_memory, memory;
    PacketPool pool(pool_memory, small_pool());
    const auto device = make_null_device({});
    const Stack stack = make_stack(memory, pool, *device, ipv6_);
    return static_cast<double>(memory.bytes_used());
  }

 private:
  bool ipv6_;
};

// One stack after another. The figure is the time of one; what is left afterwards is told.
class Churn final : public Contestant {
 public:
  double measure(Seconds) override {
    const auto device = make_null_device({});
    PacketPool pool(pool_memory_, small_pool());
    const Seconds begin = core_time();
    for (std::uint64_t i = 0; i < kStacks; ++i) {
      const Stack stack = make_stack(memory_, pool, *device, true);
      keep(&stack);
    }
    const Seconds took = core_time() - begin;
    packets_left_ = pool.descriptors_in_use();
    return took.count() * 1e6 / static_cast<double>(kStacks);
  }
  std::vector<Detail> details() const override {
    return {{"bytes left over", static_cast<double>(memory_.bytes_used())},
            {"packets left over", static_cast<double>(packets_left_)}};
  }

 private:
  CountingMemory pool_memory_, memory_;
  std::size_t packets_left_ = 0;
};

void add_all() {
  add({.name = "memory/empty_stack",
       .unit = "bytes",
       .better = Better::kLower,
       .claim = "what a stack with one Ethernet interface and one IPv4 address has taken from its "
                "Memory; its pool is apart, and may be shared",
       .contestants = {{"strata, IPv4 and IPv6",
                        []() -> Entry { return std::make_unique<EmptyStack>(true); }},
                       {"strata, IPv4 only",
                        []() -> Entry { return std::make_unique<EmptyStack>(false); }}},
       .goal = 24.0 * 1024});
  add({.name = "memory/churn",
       .unit = "us/stack",
       .better = Better::kLower,
       .claim = "10,000 stacks made, given an interface and an address, and ended",
       .contestants = {{"strata", []() -> Entry { return std::make_unique<Churn>(); }}}});
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
