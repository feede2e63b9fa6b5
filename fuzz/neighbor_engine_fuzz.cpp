// SPDX-License-Identifier: Apache-2.0
// The neighbour cache under any events at any times: tables keep their limits, and every packet
// leaves exactly once.
#include <algorithm>
#include <optional>

#include "fuzz/input.h"
#include "fuzz/law.h"
#include "neighbor/cache.h"
#include "strata/packet_pool.h"

namespace strata::neighbor {
namespace {

class Input : public fuzz::Input {
 public:
  using fuzz::Input::Input;
  // A few addresses of every kind, so that events meet.
  IpAddress address() {
    const std::uint8_t value = byte();
    const unsigned number = value & 0x1fU;
    switch (value >> 5U) {
      case 0:
      case 1: return IpAddress::v4(0x0a00'0000 + number);
      case 2:
      case 3: return IpAddress::v6(0xfd77'0000'0000'0000, number);
      case 4: return IpAddress::v6(0xfe80'0000'0000'0000, number);
      case 5: return IpAddress::v6(0xff02'0000'0000'0000, 0x0000'0001'ff00'0000 | number);
      case 6: return number == 0 ? IpAddress::any_v4() : IpAddress::v4(0xe000'0000 + number);
      default: return number == 0 ? IpAddress::any_v6() : IpAddress::limited_broadcast();
    }
  }
  IpAddress address_v4() {
    const IpAddress made = address();
    return made.is_v4() ? made : IpAddress::v4(static_cast<std::uint32_t>(made.low()));
  }
  MacAddress mac() { return MacAddress::from_value(0x0200'0000'0000 + (byte() & 0x83U)); }
  std::optional<MacAddress> optional_mac() { return flag() ? std::optional(mac()) : std::nullopt; }
  Duration duration() { return std::chrono::milliseconds(1 << (byte() % 18)); }
};

class Harness {
 public:
  explicit Harness(Bytes bytes) : input_(bytes), cache_(memory_, rng_, {1, 2}, kMac, config()) {}

  void run() {
    while (!input_.empty()) {
      event();
      fuzz::require(cache_.size() <= 8);
      fuzz::require(cache_.packets_waiting() <= 6);
    }
    cache_.on_link_change(false, now_);
    cache_.flush();
    pull();
    fuzz::require(left_ == parked_);
    fuzz::require(pool_.small_free() == pool_.small_count());
  }

 private:
  static constexpr MacAddress kMac = MacAddress::from_value(0x0200'0000'0001);
  static Config config() {
    Config config;
    config.entries_max = 8;
    config.packets_max = 6;
    config.packets_per_entry_max = 2;
    config.own_addresses_max = 4;
    config.proxies_max = 2;
    config.proxy_replies_max = 2;
    return config;
  }

  void pull() {
    while (const auto output = cache_.next_output(now_)) {
      if (std::holds_alternative<Release>(*output)) ++left_;
      if (std::holds_alternative<Undeliverable>(*output)) ++left_;
      if (const auto* const sent = std::get_if<SendSolicitation>(&*output)) last_ = *sent;
    }
  }
  void pass_time() {
    const Time end = now_ + input_.duration();
    for (int wakes = 0; wakes < 4096; ++wakes) {
      const auto deadline = cache_.next_deadline();
      if (!deadline || *deadline > end) break;
      now_ = std::max(now_, *deadline);
      cache_.on_deadline(now_);
      pull();
      fuzz::require(wakes < 4095);
    }
    now_ = end;
  }
  void send() {
    const IpAddress next_hop = input_.address();
    if (cache_.resolve(next_hop, now_)) return;
    PacketPtr packet = pool_.allocate();
    fuzz::require(packet != nullptr);
    ++parked_;
    if (cache_.park(next_hop, std::move(packet), now_, input_.address())) ++left_;
  }
  void arp() {
    const wire::ArpHeader header{static_cast<wire::ArpOperation>(input_.byte() & 3U), input_.mac(),
                                 input_.address_v4(), input_.mac(), input_.address_v4()};
    (void)cache_.on_arp(header, now_);
    (void)cache_.reply_to(header);
  }
  void solicitation() {
    Solicitation message{
        input_.address(), input_.address(), input_.address(), input_.optional_mac(), {}};
    if (input_.flag()) message.destination = message.target.solicited_node_group();
    if (last_.nonce && input_.flag()) message.nonce = *last_.nonce;
    (void)cache_.on_neighbor_solicitation(message, now_);
    (void)cache_.reply_to(message);
  }
  void advertisement() {
    const std::uint8_t flags = input_.byte();
    (void)cache_.on_neighbor_advertisement({.source = input_.address(),
                                            .destination = input_.address(),
                                            .target = input_.address(),
                                            .is_router = (flags & 1U) != 0,
                                            .is_solicited = (flags & 2U) != 0,
                                            .is_override = (flags & 4U) != 0,
                                            .target_link_layer = input_.optional_mac()},
                                           now_);
  }
  void own_address() {
    const IpAddress address = input_.address();
    if (input_.flag()) {
      (void)cache_.remove_own_address(address);
      return;
    }
    const OwnAddressOptions options{
        .check_duplicates = input_.flag(),
        .conflict_policy = static_cast<ConflictPolicy>(input_.byte() % 3)};
    (void)cache_.add_own_address(address, options, now_);
  }
  void configure() {
    const IpAddress address = input_.address();
    switch (input_.byte() % 10) {
      case 0: (void)cache_.add_static(address, input_.mac(), now_); break;
      case 1: (void)cache_.remove_static(address); break;
      case 2: (void)cache_.add_router(address); break;
      case 3: (void)cache_.remove_router(address); break;
      case 4: (void)cache_.add_proxy(address); break;
      case 5: (void)cache_.remove_proxy(address); break;
      case 6: (void)cache_.remove(address); break;
      case 7: cache_.flush(); break;
      case 8: cache_.set_mac(input_.mac(), now_); break;
      default: cache_.on_link_change(input_.byte() % 4 != 0, now_); break;
    }
  }
  void event() {
    switch (input_.byte() % 12) {
      case 0: return arp();
      case 1: return solicitation();
      case 2: return advertisement();
      case 3: return cache_.on_router_link_layer(input_.address(), input_.optional_mac(), now_);
      case 4: return cache_.on_router_solicitation(input_.address(), input_.mac(), now_);
      case 5: return cache_.on_redirect(input_.address(), input_.mac(), input_.flag(), now_);
      case 6: return cache_.on_reachability_confirmed(input_.address(), now_);
      case 7: return own_address();
      case 8: return configure();
      case 9: return cache_.on_router_parameters(input_.duration(), input_.duration(), now_);
      case 10: return pass_time();
      default: return send();
    }
  }

  HeapMemory memory_;
  PacketPool pool_{memory_, {.small_buffers = 64, .large_buffers = 0, .extra_descriptors = 0}};
  Rng rng_{1};
  Input input_;
  Cache cache_;
  Time now_{std::chrono::seconds(1)};
  SendSolicitation last_;
  std::size_t parked_ = 0;
  std::size_t left_ = 0;
};

}  // namespace
}  // namespace strata::neighbor

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  strata::neighbor::Harness(strata::fuzz::as_input(data, size)).run();
  return 0;
}
