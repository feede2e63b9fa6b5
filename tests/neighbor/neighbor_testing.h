// SPDX-License-Identifier: Apache-2.0
// A cache under virtual time, and short names for what comes out of it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "neighbor/cache.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"

namespace strata::neighbor {

using namespace std::chrono_literals;

inline const MacAddress kOurMac = MacAddress::from_value(0x0200'0000'0001);
inline const MacAddress kMacA = MacAddress::from_value(0x0200'0000'00aa);
inline const MacAddress kMacB = MacAddress::from_value(0x0200'0000'00bb);
inline const IpAddress kOur4 = IpAddress::v4(10, 0, 0, 1);
inline const IpAddress kPeer4 = IpAddress::v4(10, 0, 0, 2);
inline const IpAddress kOther4 = IpAddress::v4(10, 0, 0, 3);
inline const IpAddress kOur6 = IpAddress::v6(0xfd77'0000'0000'0000, 1);
inline const IpAddress kOurLinkLocal6 = IpAddress::v6(0xfe80'0000'0000'0000, 1);
inline const IpAddress kPeer6 = IpAddress::v6(0xfd77'0000'0000'0000, 2);
inline const IpAddress kOther6 = IpAddress::v6(0xfd77'0000'0000'0000, 3);

inline std::optional<MacAddress> mac_towards(Cache& cache, const IpAddress& next_hop, Time now) {
  const MacAddress* mac = cache.resolve(next_hop, now);
  return mac == nullptr ? std::nullopt : std::optional(*mac);
}

inline wire::ArpHeader arp_request(const MacAddress& mac, const IpAddress& from,
                                   const IpAddress& target) {
  return {wire::ArpOperation::kRequest, mac, from, {}, target};
}
inline wire::ArpHeader arp_reply(const MacAddress& mac, const IpAddress& from,
                                 const IpAddress& to = kOur4, const MacAddress& to_mac = kOurMac) {
  return {wire::ArpOperation::kReply, mac, from, to_mac, to};
}
inline Solicitation solicitation(const IpAddress& source, std::optional<MacAddress> mac,
                                 const IpAddress& target = kOur6) {
  return {source, target.solicited_node_group(), target, mac, {}};
}

struct Flags {
  bool is_solicited = false;
  bool is_override = false;
  bool is_router = false;
};
inline Advertisement advertisement(const IpAddress& target, std::optional<MacAddress> mac,
                                   Flags flags = {.is_solicited = true, .is_override = true}) {
  return {.source = target,
          .destination = flags.is_solicited ? kOur6 : IpAddress::all_nodes_v6(),
          .target = target,
          .is_router = flags.is_router,
          .is_solicited = flags.is_solicited,
          .is_override = flags.is_override,
          .target_link_layer = mac};
}

// One cache whose own addresses are ready, unless a test says otherwise.
class World {
 public:
  explicit World(const Config& config = {}, bool with_addresses = true, std::uint64_t seed = 1)
      : rng(seed), cache(memory, rng, SipKey{1, 2}, kOurMac, config) {
    if (!with_addresses) return;
    const OwnAddressOptions silent{.check_duplicates = false, .announce = false};
    for (const IpAddress& address : {kOur4, kOur6, kOurLinkLocal6}) {
      EXPECT_TRUE(cache.add_own_address(address, silent, now));
    }
    (void)pull();
  }

  // Everything the cache wants done now.
  std::vector<Output> pull() {
    std::vector<Output> outputs;
    while (auto output = cache.next_output(now)) outputs.push_back(std::move(*output));
    return outputs;
  }
  // Lets time pass, waking at every deadline, and collects what comes out.
  std::vector<Output> run(Duration duration) {
    const Time end = now + duration;
    std::vector<Output> outputs = pull();
    while (true) {
      const auto deadline = cache.next_deadline();
      if (!deadline || *deadline > end) break;
      now = std::max(now, *deadline);
      cache.on_deadline(now);
      for (Output& output : pull()) outputs.push_back(std::move(output));
    }
    now = end;
    return outputs;
  }

  PacketPtr packet() {
    PacketPtr made = pool.allocate();
    EXPECT_NE(made, nullptr);
    return made;
  }
  // Parks a packet that is expected to wait.
  void park(const IpAddress& next_hop) {
    EXPECT_FALSE(cache.park(next_hop, packet(), now).has_value());
  }
  State state(const IpAddress& address) {
    const auto entry = cache.find(address, now);
    EXPECT_TRUE(entry.has_value());
    return entry ? entry->state : State::kFailed;
  }
  MacAddress mac(const IpAddress& address) {
    const auto entry = cache.find(address, now);
    EXPECT_TRUE(entry.has_value());
    return entry ? entry->mac : MacAddress{};
  }
  // Asks for the address and lets this station answer.
  void resolve(const IpAddress& address, const MacAddress& mac, bool is_router = false) {
    park(address);
    (void)pull();
    answer(address, mac, is_router);
    (void)pull();
    EXPECT_EQ(state(address), State::kReachable);
  }
  void answer(const IpAddress& address, const MacAddress& mac, bool is_router = false) {
    if (address.is_v4()) {
      cache.on_arp(arp_reply(mac, address), now);
    } else {
      cache.on_neighbor_advertisement(
          advertisement(address, mac,
                        {.is_solicited = true, .is_override = true, .is_router = is_router}),
          now);
    }
  }
  // Brings a resolved neighbour into a state.
  void bring_to(const IpAddress& address, const MacAddress& mac, State state_wanted) {
    if (state_wanted == State::kIncomplete || state_wanted == State::kFailed) {
      park(address);
      (void)pull();
      if (state_wanted == State::kFailed) (void)run(3s);
    } else {
      resolve(address, mac);
      if (state_wanted != State::kReachable) now += 46s;
      if (state_wanted >= State::kDelay) {
        EXPECT_NE(cache.resolve(address, now), nullptr);
      }
      if (state_wanted >= State::kProbe) (void)run(5s);
      if (state_wanted >= State::kUnreachable) (void)run(3s);
    }
    EXPECT_EQ(state(address), state_wanted);
  }

  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 512, .large_buffers = 0, .extra_descriptors = 0}};
  Rng rng;
  Time now{100s};
  Cache cache;
};

template <typename T>
std::size_t count_of(const std::vector<Output>& outputs) {
  std::size_t count = 0;
  for (const Output& output : outputs) count += std::holds_alternative<T>(output) ? 1U : 0U;
  return count;
}

// The first output of a kind; the test fails when there is none.
template <typename T>
const T& first(const std::vector<Output>& outputs) {
  for (const Output& output : outputs) {
    if (const T* const found = std::get_if<T>(&output)) return *found;
  }
  ADD_FAILURE() << "no such output";
  static const T kNone{};
  return kNone;
}

inline std::size_t solicitations(const std::vector<Output>& outputs) {
  return count_of<SendArp>(outputs) + count_of<SendSolicitation>(outputs);
}

}  // namespace strata::neighbor
