// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/address_table.h"
#include "sim/channel.h"
#include "sim/engine.h"
#include "sim/frame.h"
#include "sim/port.h"
#include "strata/check.h"
#include "strata/sim.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/vlan.h"

namespace strata::sim {
namespace {

constexpr std::uint16_t kDefaultVlan = 1;
constexpr std::uint16_t kVlanMax = 4094;

// IEEE 802.1Q 8.6.3: 01-80-C2-00-00-00 to -0F stay on their link (spanning tree, LACP, pause).
bool is_reserved(const MacAddress& group) {
  return group.bytes()[5] < std::byte{0x10} &&
         std::ranges::equal(group.bytes().first(5),
                            MacAddress::from_value(0x0180'c200'0000).bytes().first(5));
}

// What a port makes of VLANs.
struct PortVlans {
  std::uint16_t untagged = kDefaultVlan;  // of frames without a tag; 0: they are refused
  std::vector<std::uint16_t> tagged;      // ascending

  [[nodiscard]] bool is_tagged(std::uint16_t vlan) const {
    return std::ranges::binary_search(tagged, vlan);
  }
  [[nodiscard]] bool carries(std::uint16_t vlan) const {
    return vlan == untagged || is_tagged(vlan);
  }
};

}  // namespace

struct Switch::Bridge {
  // A frame as it came in: its LAN, and the control field of the tag it has or would have.
  struct Arrival {
    std::uint16_t vlan = kDefaultVlan;
    std::uint16_t control = kDefaultVlan;
    bool has_tag = false;
  };

  Bridge(Engine& world, const SwitchConfig& config)
      : engine(world), table(config.age_max, config.addresses_max) {}

  [[nodiscard]] PortVlans& vlans_of(std::size_t port) {
    if (port >= vlans.size()) vlans.resize(port + 1);
    return vlans[port];
  }
  [[nodiscard]] std::optional<Arrival> classify(std::size_t port, const Packet& frame);
  void forward(const std::vector<std::unique_ptr<Port>>& ports, std::size_t in,
               const Arrival& arrival, PacketPtr frame);
  void flood(const std::vector<std::unique_ptr<Port>>& ports, std::size_t in,
             const Arrival& arrival, PacketPtr frame);
  void emit(Port& port, const Arrival& arrival, PacketPtr frame);

  Engine& engine;
  AddressTable table;
  std::vector<PortVlans> vlans;
  bool knows_vlans = false;
  SwitchCounters counters;
};

Switch& World::add_switch(std::string_view name, const SwitchConfig& config) {
  STRATA_CHECK(config.age_max > Duration::zero());
  auto added = std::unique_ptr<Switch>(
      new Switch(*engine_, std::string(name), engine_->next_node_index(), config));
  return static_cast<Switch&>(engine_->add(std::move(added)));
}

Switch::Switch(Engine& engine, std::string name, std::uint32_t index, const SwitchConfig& config)
    : Node(engine, std::move(name), index), bridge_(std::make_unique<Bridge>(engine, config)) {}
Switch::~Switch() = default;

void Switch::set_access(std::size_t port, std::uint16_t vlan) {
  STRATA_CHECK(vlan >= 1 && vlan <= kVlanMax);
  bridge_->vlans_of(port) = {.untagged = vlan, .tagged = {}};
  bridge_->knows_vlans = true;
  bridge_->table.clear();
}

void Switch::set_trunk(std::size_t port, std::span<const std::uint16_t> vlans,
                       std::uint16_t native) {
  PortVlans trunk{.untagged = native, .tagged = {vlans.begin(), vlans.end()}};
  std::ranges::sort(trunk.tagged);
  STRATA_CHECK(native <= kVlanMax && !trunk.is_tagged(0) &&
               (trunk.tagged.empty() || trunk.tagged.back() <= kVlanMax));
  bridge_->vlans_of(port) = std::move(trunk);
  bridge_->knows_vlans = true;
  bridge_->table.clear();
}

std::optional<std::size_t> Switch::find(const MacAddress& mac, std::uint16_t vlan) const {
  return bridge_->table.find(vlan, mac, engine_.now());
}

const SwitchCounters& Switch::counters() const { return bridge_->counters; }

void Switch::on_link_change(Port& port) {
  if (!port.link().is_up()) bridge_->table.forget_port(port.number());
}

void Switch::on_frame(Port& port, PacketPtr frame) {
  const auto ethernet = wire::EthernetView::parse(frame->bytes());
  if (!ethernet || ethernet->source().is_multicast()) {
    ++bridge_->counters.malformed;
    return;
  }
  const std::optional<Bridge::Arrival> arrival = bridge_->classify(port.number(), *frame);
  if (!arrival) return;
  if (is_reserved(ethernet->destination())) {
    ++bridge_->counters.reserved;
    return;
  }
  if (!bridge_->table.learn(arrival->vlan, ethernet->source(), port.number(), engine_.now())) {
    ++bridge_->counters.not_learnt;
  }
  bridge_->forward(ports_, port.number(), *arrival, std::move(frame));
}

// IEEE 802.1Q 6.9: which VLAN a frame belongs to, or none that this port takes.
std::optional<Switch::Bridge::Arrival> Switch::Bridge::classify(std::size_t port,
                                                                const Packet& frame) {
  if (!knows_vlans) return Arrival{};
  const PortVlans& here = vlans_of(port);
  Arrival arrival{.vlan = here.untagged, .control = here.untagged};
  const Bytes bytes = frame.bytes();
  if (wire::EthernetLayout::Type::get(bytes) == wire::kEtherTypeVlan) {
    const auto tag = wire::VlanView::parse(bytes.subspan(wire::EthernetLayout::kSize));
    if (!tag) {
      ++counters.malformed;
      return std::nullopt;
    }
    arrival.has_tag = true;
    arrival.control = wire::VlanLayout::Control::get(bytes.subspan(wire::EthernetLayout::kSize));
    if (tag->id() == wire::VlanLayout::kIdPriorityOnly) {
      arrival.control = static_cast<std::uint16_t>(arrival.control | here.untagged);
    } else {
      arrival.vlan = here.is_tagged(tag->id()) ? tag->id() : std::uint16_t{0};
    }
  }
  if (arrival.vlan == 0) {
    ++counters.wrong_vlan;
    return std::nullopt;
  }
  return arrival;
}

void Switch::Bridge::forward(const std::vector<std::unique_ptr<Port>>& ports, std::size_t in,
                             const Arrival& arrival, PacketPtr frame) {
  const MacAddress destination = wire::EthernetLayout::Destination::get(frame->bytes());
  std::optional<std::size_t> out;
  if (!destination.is_multicast()) out = table.find(arrival.vlan, destination, engine.now());
  if (!out) {
    ++counters.flooded;
    flood(ports, in, arrival, std::move(frame));
  } else if (*out == in) {
    ++counters.filtered;
  } else {
    ++counters.forwarded;
    emit(*ports[*out], arrival, std::move(frame));
  }
}

void Switch::Bridge::flood(const std::vector<std::unique_ptr<Port>>& ports, std::size_t in,
                           const Arrival& arrival, PacketPtr frame) {
  Port* last = nullptr;
  const auto emit_copy = [&](Port& port) {
    PacketPtr copy = frame->copy(engine.pool());
    if (copy == nullptr) {
      ++counters.pool_empty;
      return;
    }
    emit(port, arrival, std::move(copy));
  };
  for (const auto& port : ports) {
    const bool carries = !knows_vlans || vlans_of(port->number()).carries(arrival.vlan);
    if (port->number() == in || !carries || !port->link().is_up()) continue;
    if (last != nullptr) emit_copy(*last);
    last = port.get();
  }
  if (last == nullptr) {
    ++counters.nowhere;
    return;
  }
  emit(*last, arrival, std::move(frame));
}

void Switch::Bridge::emit(Port& port, const Arrival& arrival, PacketPtr frame) {
  if (knows_vlans) {
    const bool wants_tag = vlans_of(port.number()).untagged != arrival.vlan;
    if (arrival.has_tag) remove_tag(*frame);
    if (wants_tag) frame = insert_tag(std::move(frame), arrival.control, engine.pool());
    if (frame == nullptr) {
      ++counters.pool_empty;
      return;
    }
  }
  port.out().send(std::move(frame));
}

}  // namespace strata::sim
