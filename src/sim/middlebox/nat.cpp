// SPDX-License-Identifier: Apache-2.0
#include <tuple>
#include <utility>

#include "sim/middlebox/error_sight.h"
#include "sim/middlebox/flow_memory.h"
#include "sim/middlebox/sight.h"
#include "strata/check.h"
#include "strata/rewrite.h"
#include "strata/sim_middlebox.h"
#include "strata/wire/arp.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"

namespace strata::sim {
namespace {

// RFC 4787 4.1 and 5: mappings and what they let in depend on the inner end alone. ICMP errors go
// to whom they are about, and what they quote is what that one had sent (RFC 5508 4).
class Nat final : public MiddleboxRules {
 public:
  explicit Nat(const NatConfig& config)
      : config_(config),
        next_port_(config.first_port),
        by_inside_(config.idle, config.forgets, config.flows_max),
        by_outside_(config.idle, config.forgets, config.flows_max) {
    STRATA_CHECK(config.first_port <= config.last_port);
    STRATA_CHECK(config.outside.is_unspecified() || config.outside.is_v4());
  }

  void on_frame(Side from, PacketPtr frame, Time now, Ways& ways) override {
    if (from == Side::kOutside && answer_arp(*frame, ways)) return;
    if (const auto error = look_into_error(*frame)) {
      return from == Side::kInside ? translate_error_out(std::move(frame), *error, now, ways)
                                   : translate_error_in(std::move(frame), *error, now, ways);
    }
    const auto sight = look_into(*frame);
    if (!sight || !sight->is_v4) return ways.send(other(from), std::move(frame));
    from == Side::kInside ? translate_out(std::move(frame), *sight, now, ways)
                          : translate_in(std::move(frame), *sight, now, ways);
  }
  void forget() override {
    by_inside_.forget();
    by_outside_.forget();
  }

 private:
  using Key = std::tuple<std::uint8_t, Endpoint>;
  struct Inside {
    Endpoint end;
    MacAddress mac;
  };

  [[nodiscard]] bool has_address() const { return !config_.outside.is_unspecified(); }

  // Who asks outside for the address that stands for all inside gets ours.
  [[nodiscard]] bool answer_arp(const Packet& frame, Ways& ways) const {
    const auto ethernet = wire::EthernetView::parse(frame.bytes());
    if (!has_address() || !ethernet || ethernet->type() != wire::kEtherTypeArp) return false;
    const auto arp = wire::ArpView::parse(ethernet->payload());
    if (!arp || arp->operation() != wire::ArpOperation::kRequest ||
        arp->target_ip() != config_.outside) {
      return false;
    }
    constexpr std::size_t kHeader = wire::EthernetLayout::kSize;
    PacketPtr answer = ways.pool().allocate_for(kHeader + wire::ArpLayout::kSize);
    if (answer == nullptr) return true;
    const MutableBytes bytes = answer->append(kHeader + wire::ArpLayout::kSize);
    const MacAddress own = ways.mac(Side::kOutside);
    wire::write({ethernet->source(), own, wire::kEtherTypeArp}, bytes.first<kHeader>());
    wire::write({.operation = wire::ArpOperation::kReply,
                 .sender_mac = own,
                 .sender_ip = config_.outside,
                 .target_mac = arp->sender_mac(),
                 .target_ip = arp->sender_ip()},
                bytes.subspan<kHeader, wire::ArpLayout::kSize>());
    ways.send(Side::kOutside, std::move(answer));
    return true;
  }

  void translate_out(PacketPtr frame, const FlowSight& sight, Time now, Ways& ways) {
    const Key key{sight.protocol, sight.source};
    const std::uint16_t* port = by_inside_.find(key, now);
    const IpAddress address = has_address() ? config_.outside : sight.source.address;
    const auto mac = wire::EthernetView::parse(frame->bytes())->source();
    if (port == nullptr) {
      const auto free = find_free_port(sight.protocol, address, now);
      if (!free) return;
      port = &by_inside_.insert(key, *free, now);
    }
    const Key outer{sight.protocol, Endpoint{address, *port}};
    // Both tables hear of the flow, and the inner end may have another card by now.
    if (Inside* inside = by_outside_.find(outer, now)) {
      inside->mac = mac;
    } else {
      static_cast<void>(by_outside_.insert(outer, {sight.source, mac}, now));
    }
    Rewrite change{.source_port = *port};
    if (has_address()) {
      change.source = address;
      wire::EthernetLayout::Source::set(frame->mutable_bytes(), ways.mac(Side::kOutside));
    }
    send_changed(std::move(frame), sight.network, change, Side::kOutside, ways);
  }

  void translate_in(PacketPtr frame, const FlowSight& sight, Time now, Ways& ways) {
    const Inside* inside = by_outside_.find(Key{sight.protocol, sight.destination}, now);
    if (inside == nullptr) {
      if (!config_.resets || !sight.is_tcp()) return;
      if (PacketPtr reset = make_reset_to(*frame, sight, ways.pool())) {
        ways.send(Side::kOutside, std::move(reset));
      }
      return;
    }
    static_cast<void>(by_inside_.find(Key{sight.protocol, inside->end}, now));
    Rewrite change{.destination_port = inside->end.port};
    if (has_address()) {
      change.destination = inside->end.address;
      wire::EthernetLayout::Destination::set(frame->mutable_bytes(), inside->mac);
    }
    send_changed(std::move(frame), sight.network, change, Side::kInside, ways);
  }

  // RFC 5508 4.2: an error keeps no mapping alive and ends none; about no mapping it goes nowhere.
  void translate_error_out(PacketPtr frame, const ErrorSight& sight, Time now, Ways& ways) {
    const std::uint16_t* port = by_inside_.look_at(Key{sight.protocol, sight.destination}, now);
    if (port == nullptr) return;
    const IpAddress address = has_address() ? config_.outside : sight.destination.address;
    rewrite_quote(*frame, sight, QuotedEnd::kDestination, {address, *port});
    Rewrite change;
    if (has_address()) {
      change.source = address;
      wire::EthernetLayout::Source::set(frame->mutable_bytes(), ways.mac(Side::kOutside));
    }
    send_changed(std::move(frame), sight.network, change, Side::kOutside, ways);
  }

  void translate_error_in(PacketPtr frame, const ErrorSight& sight, Time now, Ways& ways) {
    const Inside* inside = by_outside_.look_at(Key{sight.protocol, sight.source}, now);
    if (inside == nullptr) return;
    rewrite_quote(*frame, sight, QuotedEnd::kSource, inside->end);
    Rewrite change;
    if (has_address()) {
      change.destination = inside->end.address;
      wire::EthernetLayout::Destination::set(frame->mutable_bytes(), inside->mac);
    }
    send_changed(std::move(frame), sight.network, change, Side::kInside, ways);
  }

  static void send_changed(PacketPtr frame, std::size_t network, const Rewrite& change, Side to,
                           Ways& ways) {
    // rewrite() wants the IP header in front; what stands before it stays where it is.
    frame->skip(network);
    const bool is_done = rewrite(*frame, change);
    static_cast<void>(frame->prepend(network));
    if (is_done) ways.send(to, std::move(frame));
  }

  // One after another, so that a flow that was forgotten comes from another port.
  [[nodiscard]] std::optional<std::uint16_t> find_free_port(std::uint8_t protocol,
                                                            const IpAddress& address, Time now) {
    const std::uint32_t count = config_.last_port - config_.first_port + 1U;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint16_t port = next_port_;
      next_port_ =
          port == config_.last_port ? config_.first_port : static_cast<std::uint16_t>(port + 1);
      if (by_outside_.look_at(Key{protocol, Endpoint{address, port}}, now) == nullptr) {
        return port;
      }
    }
    return std::nullopt;
  }

  NatConfig config_;
  std::uint16_t next_port_;
  FlowMemory<Key, std::uint16_t> by_inside_;
  FlowMemory<Key, Inside> by_outside_;
};

}  // namespace

std::unique_ptr<MiddleboxRules> make_nat(const NatConfig& config) {
  return std::make_unique<Nat>(config);
}

}  // namespace strata::sim
