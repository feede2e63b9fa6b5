// SPDX-License-Identifier: Apache-2.0
#include "script/run/machine.h"

#include <algorithm>
#include <utility>

#include "strata/check.h"
#include "strata/wire/ip_protocol.h"

namespace strata::script {
namespace {

constexpr PacketPoolConfig kPackets = {
    .small_buffers = 8192, .large_buffers = 512, .external_buffers = 0, .extra_descriptors = 16384};

// build_packet() puts nothing between the headers of IPv6 and TCP.
bool is_tcp(Bytes packet) {
  const bool is_v4 = std::to_integer<unsigned>(packet[0]) >> 4U == 4;
  return packet[is_v4 ? 9 : 6] == std::byte{wire::kIpProtocolTcp};
}

}  // namespace

void ScriptDevice::receive(PacketPool& pool, PacketBatch& batch) {
  while (!inbound_.empty() && batch.room() != 0) {
    const std::vector<std::byte> bytes = std::move(inbound_.front());
    inbound_.pop_front();
    PacketPtr packet = pool.allocate_for(bytes.size());
    if (packet == nullptr) {
      ++counters_.pool_empty_drops;
      continue;
    }
    copy_bytes(bytes, packet->append(bytes.size()));
    packet->notes().arrival = now_;
    if (inbound_mss_ != 0 && is_tcp(bytes)) {
      packet->notes().segment_size = inbound_mss_;
      packet->notes().segment_kind = SegmentKind::kTcp;
    }
    ++counters_.received_packets;
    counters_.received_bytes += bytes.size();
    batch.push(std::move(packet));
  }
}

void ScriptDevice::transmit(PacketBatch& batch) {
  for (const Packet* packet : batch.packets()) {
    if (captured_.size() == kCapturedMax) {
      ++counters_.failed_sends;
      continue;
    }
    Captured captured{now_, std::vector<std::byte>(packet->size())};
    packet->copy_out(0, captured.bytes);
    ++counters_.sent_packets;
    counters_.sent_bytes += packet->size();
    captured_.push_back(std::move(captured));
  }
  batch.clear();
}

Machine::Machine(const Options& options, const StackConfig& settings)
    : pool_(memory_, kPackets), device_(now_, options.mtu, options.inbound_mss) {
  StackConfig config = settings;
  config.memory = &memory_;
  config.pool = &pool_;
  config.seed = 1;
  config.secret = {0x7061'636b'6574'6472, 0x696c'6c73'6372'6970};
  auto stack = Stack::create(config);
  STRATA_CHECK(stack.has_value());
  stack_.emplace(*std::move(stack));
  InterfaceConfig interface_config;
  interface_config.name = "tun0";
  interface_config.ipv6 = !options.is_wire_v4();
  interface_config.accept_router_advertisements = false;
  interface_config.detect_duplicates = false;
  const auto interface = stack_->add_interface(device_, interface_config, now_);
  STRATA_CHECK(interface.has_value());
  has_address_ = stack_->add_address(*interface, options.local_prefix(), now_).has_value();
  RouteEntry route;
  route.destination = Prefix(options.is_wire_v4() ? IpAddress::any_v4() : IpAddress::any_v6(), 0);
  route.interface = *interface;
  STRATA_CHECK(stack_->add_route(route).has_value());
  calls_.emplace(*stack_);
  settle();
  captured().clear();  // how it greets the link is not what scripts are about
}

void Machine::settle() {
  bool goes_on = true;
  while (goes_on && !is_exhausted()) {
    ++turns_;
    const std::size_t before = captured().size();
    const bool has_more = stack_->poll(now_);
    stack_->flush(now_);
    const std::optional<Time> next = stack_->next_deadline();
    goes_on =
        has_more || device_.has_inbound() || captured().size() != before || (next && *next <= now_);
  }
}

void Machine::step(Time limit) {
  const std::optional<Time> next = stack_->next_deadline();
  const Time to = next && *next < limit ? *next : limit;
  now_ = std::max(now_, to);
  settle();
}

}  // namespace strata::script
