// SPDX-License-Identifier: Apache-2.0
#include "stack/core.h"

#include <memory>
#include <utility>

#include "stack/in/merge_tcp.h"
#include "stack/out/send_ip.h"

namespace strata::stack {
namespace {

// Each table hashes with a key of its own, so that what leaks from one tells nothing of another.
SipKey derive(const SipKey& secret, std::uint64_t purpose) {
  return {hash_words(secret, {purpose, 0}), hash_words(secret, {purpose, 1})};
}

enum Purpose : std::uint64_t {
  kLocalAddresses = 1,
  kPathMtus,
  kReassembly,
  kIdentifications,
  kIcmpLimit,
  kUdp,
  kEcho,
  kTcp,
  kFlowLabels,
};

ip::ReassemblyConfig reassembly_config(const StackConfig& config) {
  ip::ReassemblyConfig result;
  result.buffer_bytes_max = config.reassembly_bytes_max;
  result.datagrams_max = config.reassembly_datagrams_max;
  return result;
}

icmp::RateLimit::Config limit_config(const StackConfig& config) {
  return {.all = {config.icmp_errors_per_second, config.icmp_errors_burst},
          .each = {config.icmp_errors_per_second_each, config.icmp_errors_burst_each}};
}

template <typename T, typename... Args>
T* create(Memory& memory, Args&&... args) {
  void* const block = memory.allocate(sizeof(T), alignof(T));
  return block == nullptr ? nullptr : new (block) T(std::forward<Args>(args)...);
}

template <typename T>
void destroy(Memory& memory, T* object) {
  if (object == nullptr) return;
  std::destroy_at(object);
  memory.release(object, sizeof(T), alignof(T));
}

// What a connection that begins passively may send; a packet to us tells nothing of the way back.
std::uint32_t path_mtu(Core& core, const tcp::Flow& flow) {
  const auto departure = depart(core, {.destination = flow.remote_address,
                                       .source = flow.local_address,
                                       .interface = flow.interface,
                                       .fragment_policy = FragmentPolicy::kDontFragment});
  return departure ? static_cast<std::uint32_t>(departure->mtu) : 0;
}

}  // namespace

Core::Core(const StackConfig& stack_config)
    : config(stack_config),
      memory(*stack_config.memory),
      pool(*stack_config.pool),
      rng(stack_config.seed),
      secret{stack_config.secret[0], stack_config.secret[1]},
      interfaces(memory),
      vlans(memory),
      local(memory, derive(secret, kLocalAddresses)),
      routes(memory, stack_config.routes_max),
      route_cache(routes),
      redirects(memory, {.is_enabled = stack_config.accept_redirects}),
      path_mtus(memory, derive(secret, kPathMtus), {.entries_max = stack_config.path_mtus_max}),
      reassembly(memory, derive(secret, kReassembly), reassembly_config(stack_config)),
      identifications(derive(secret, kIdentifications)),
      flow_label_key(derive(secret, kFlowLabels)),
      icmp_limit(limit_config(stack_config), derive(secret, kIcmpLimit), rng.next()),
      udp(memory, stack_config.udp_sockets_max, derive(secret, kUdp)),
      echo(memory, stack_config.other_sockets_max, derive(secret, kEcho)),
      raw(memory, stack_config.other_sockets_max),
      ethertypes(memory),
      protocols(memory) {
  if (config.forward_ipv4 || config.forward_ipv6) route_cache.widen(memory);
}

tcp::Transport* Core::ensure_tcp() {
  if (tcp != nullptr) return tcp;
  if (tcp_merge == nullptr) tcp_merge = create<TcpMerge>(memory, *this);
  if (tcp_merge == nullptr) return nullptr;
  tcp = create<tcp::Transport>(memory, memory, pool, config.tcp, derive(secret, kTcp), rng.fork(),
                               ready,
                               [this](const tcp::Flow& flow) { return path_mtu(*this, flow); });
  if (tcp != nullptr) tcp->set_share(share);
  return tcp;
}

void Core::set_share(const FlowShare& own_share, WholeSteerer* steerer) {
  share = own_share;
  whole_steerer = steerer;
  udp.set_share(share);
  echo.set_share(share);
  if (tcp != nullptr) tcp->set_share(share);
  // Two cores that number their packets alike would have their fragments mixed up.
  identifications = ip::IdentificationSource(
      derive(secret, kIdentifications + (std::uint64_t{share.own} << 32U)));
}

PacketPtr copy_of(Core& core, const Packet& packet) {
  PacketPtr own = packet.copy(core.pool);
  if (own != nullptr && !core.drop_watchers.empty()) {
    core.drop_watchers.tell_copy(key_of(packet), key_of(*own));
  }
  return own;
}

Core::~Core() {
  loopback.clear();
  destroy(memory, tcp_merge);
  destroy(memory, tcp);
  for (Interface* interface : interfaces) destroy(memory, interface);
}

}  // namespace strata::stack
