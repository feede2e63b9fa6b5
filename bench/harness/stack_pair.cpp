// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/stack_pair.h"

#include <utility>

#include "bench/harness/timing.h"
#include "strata/check.h"

namespace strata::bench {
namespace {

Stack make_stack(Memory& memory, PacketPool& pool) {
  auto made = Stack::create({.memory = &memory, .pool = &pool, .seed = 1, .secret = {2, 3}});
  STRATA_CHECK(made.has_value());
  return std::move(*made);
}

}  // namespace

Host::Host(const PacketPoolConfig& pool)
    : pool_(memory_, pool), stack_(make_stack(memory_, pool_)) {}

InterfaceId Host::attach(Device& device, const Prefix& address, Time now) {
  InterfaceConfig config;
  config.name = "bench";
  config.ipv6 = false;
  config.detect_duplicates = false;
  const auto interface = stack_.add_interface(device, config, now);
  STRATA_CHECK(interface.has_value());
  STRATA_CHECK(stack_.add_address(*interface, address, now).has_value());
  return *interface;
}

StackPair::StackPair(const MemoryLinkOptions& link) : link_(link) {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    hosts_[i].attach(link_.end(i), Prefix(kPairAddresses[i], 24), now());
  }
}

}  // namespace strata::bench
