// SPDX-License-Identifier: Apache-2.0
#include "strata/switch.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "bridge/relay.h"
#include "bridge/tags.h"
#include "driver/frame.h"
#include "stack/out/fit_device.h"
#include "strata/packet_batch.h"

namespace strata {
namespace {

constexpr Duration kAskEvery = std::chrono::milliseconds(1);
constexpr Duration kLookAtDownLinksEvery = std::chrono::milliseconds(500);

struct SwitchPort {
  std::size_t number = 0;
  std::string name;
  Device* device = nullptr;
  bool is_up = true;
  std::optional<SwitchVlans> vlans;
  PacketQueue queue;
  SwitchCounters counters;
};

bool are_vlans(const SwitchVlans& vlans) {
  return vlans.untagged <= bridge::kVlanMax &&
         std::ranges::all_of(vlans.tagged, [&](std::uint16_t vlan) {
           return vlan >= 1 && vlan <= bridge::kVlanMax && vlan != vlans.untagged;
         });
}

bridge::PortVlans to_bridge(const SwitchVlans& vlans) {
  bridge::PortVlans made = bridge::PortVlans::trunk(vlans.untagged);
  for (const std::uint16_t vlan : vlans.tagged) made.add(vlan);
  return made;
}

// The header in front of a segment's text; where the text begins is TCP's to say, and its shortest
// header stands for it here.
std::size_t least_header(const PacketNotes& notes) {
  constexpr std::size_t kTcp = 20;
  constexpr std::size_t kUdp = 8;
  return notes.segment_kind == SegmentKind::kTcp ? kTcp : kUdp;
}

std::size_t text_at_most(const Packet& frame) {
  const PacketNotes& notes = frame.notes();
  const std::size_t headers = notes.transport_offset + least_header(notes);
  return frame.size() - std::min(frame.size(), headers);
}

// What the notes of a device say must be sound before anything leans on it.
bool has_sound_notes(const Packet& frame) {
  const PacketNotes& notes = frame.notes();
  if (notes.checksum == ChecksumState::kPartial &&
      (notes.transport_offset <= notes.network_offset ||
       !driver::has_sound_partial_checksum(frame))) {
    return false;
  }
  if (notes.segment_kind == SegmentKind::kNone) return true;
  return notes.segment_size != 0 && notes.transport_offset > notes.network_offset &&
         notes.transport_offset < frame.size() &&
         text_at_most(frame) <= std::size_t{notes.segment_size} * stack::kSegmentsMax;
}

// The longest IP packet that becomes of a frame.
std::size_t longest_ip(const Packet& frame) {
  const PacketNotes& notes = frame.notes();
  const std::size_t ip = frame.size() - std::min<std::size_t>(frame.size(), notes.network_offset);
  if (notes.segment_kind == SegmentKind::kNone) return ip;
  const std::size_t header = notes.transport_offset - notes.network_offset + least_header(notes);
  return std::min(ip, header + notes.segment_size);
}

}  // namespace

struct Switch::Ports {
  Ports(Memory& memory, PacketPool& packets, const SwitchOptions& chosen)
      : pool(packets),
        options(chosen),
        relay(memory, SipKey{chosen.secret[0], chosen.secret[1]},
              {.age_max = chosen.age_max, .addresses_max = chosen.addresses_max}) {}

  void follow_links();
  bool receive(SwitchPort& port, Time now);
  void relay_frame(SwitchPort& in, PacketPtr frame, Time now);
  void send_to_all(const SwitchPort& in, const bridge::Decision& decision, PacketPtr frame);
  void send(SwitchPort& out, const bridge::Decision& decision, PacketPtr frame);
  void fit(SwitchPort& out, PacketPtr frame);
  bool transmit(SwitchPort& port);
  void note_descriptors();
  [[nodiscard]] SwitchPort* find(std::size_t number);

  PacketPool& pool;
  SwitchOptions options;
  bridge::Relay relay;
  std::vector<std::unique_ptr<SwitchPort>> list;
  std::vector<int> descriptors;
  bool must_ask = false;
  bool is_link_down = false;
  bool is_waiting = false;  // a queue could not be emptied
  Time last_turn{};
};

Switch::Switch(Memory& memory, PacketPool& pool, const SwitchOptions& options)
    : ports_(std::make_unique<Ports>(memory, pool, options)) {}
Switch::~Switch() = default;

Result<std::size_t> Switch::add_port(std::string_view name, Device& device,
                                     const std::optional<SwitchVlans>& vlans) {
  if (device.capabilities().medium != Medium::kEthernet) {
    return std::unexpected(Error::kNotSupported);
  }
  if (vlans && !are_vlans(*vlans)) return std::unexpected(Error::kInvalidArgument);
  std::size_t number = 0;
  for (const auto& port : ports_->list) {
    if (port->name == name || port->device == &device) {
      return std::unexpected(Error::kAlreadyExists);
    }
  }
  while (ports_->find(number) != nullptr) ++number;
  if (number == kPortsMax) return std::unexpected(Error::kOutOfMemory);
  auto port = std::make_unique<SwitchPort>();
  port->number = number;
  port->name = name;
  port->device = &device;
  port->is_up = device.is_up();
  port->vlans = vlans;
  ports_->list.push_back(std::move(port));
  ports_->relay.set_up(number, device.is_up());
  if (vlans) ports_->relay.set_vlans(number, to_bridge(*vlans));
  ports_->note_descriptors();
  return number;
}

Result<void> Switch::remove_port(std::size_t port) {
  if (ports_->find(port) == nullptr) return std::unexpected(Error::kNotFound);
  ports_->relay.remove(port);
  std::erase_if(ports_->list, [&](const auto& each) { return each->number == port; });
  ports_->note_descriptors();
  return {};
}

SwitchPort* Switch::Ports::find(std::size_t number) {
  const auto found = std::ranges::find(list, number, [](const auto& port) { return port->number; });
  return found == list.end() ? nullptr : found->get();
}

void Switch::Ports::note_descriptors() {
  descriptors.clear();
  must_ask = false;
  for (const auto& port : list) {
    descriptors.push_back(port->device->descriptor());
    must_ask = must_ask || descriptors.back() < 0;
  }
}

void Switch::Ports::follow_links() {
  is_link_down = false;
  for (const auto& port : list) {
    const bool is_up = port->device->is_up();
    is_link_down = is_link_down || !is_up;
    if (is_up == std::exchange(port->is_up, is_up)) continue;
    relay.set_up(port->number, is_up);
    if (is_up) continue;
    port->counters.link_down += port->queue.size();
    port->queue.clear();
  }
}

bool Switch::prepare_to_sleep() {
  bool may_sleep = true;
  for (const auto& port : ports_->list) may_sleep = port->device->prepare_to_sleep() && may_sleep;
  return may_sleep;
}

bool Switch::turn(Time now) {
  Ports& ports = *ports_;
  ports.last_turn = now;
  ports.follow_links();
  bool worked = false;
  for (const auto& port : ports.list) worked = ports.receive(*port, now) || worked;
  ports.is_waiting = false;
  for (const auto& port : ports.list) {
    worked = ports.transmit(*port) || worked;
    ports.is_waiting = ports.is_waiting || !port->queue.empty();
  }
  return worked;
}

bool Switch::Ports::receive(SwitchPort& port, Time now) {
  PacketBatch batch;
  port.device->receive(pool, batch);
  const std::size_t count = batch.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (PacketPtr frame = batch.take(i)) relay_frame(port, std::move(frame), now);
  }
  batch.clear();
  return count != 0;
}

void Switch::Ports::relay_frame(SwitchPort& in, PacketPtr frame, Time now) {
  SwitchCounters& counters = in.counters;
  ++counters.received_packets;
  counters.received_bytes += frame->size();
  const std::size_t link = driver::link_header_bytes(Medium::kEthernet, *frame);
  frame->notes().network_offset = static_cast<std::uint8_t>(link);
  if (frame->slice_size() < std::min(link, frame->size()) || !has_sound_notes(*frame)) {
    ++counters.malformed;
    return;
  }
  const bridge::Decision decision = relay.decide(in.number, frame->bytes(), now);
  counters.moved += decision.has_moved ? 1 : 0;
  counters.not_learnt += decision.is_unknown ? 1 : 0;
  switch (decision.verdict) {
    case bridge::Verdict::kForward: ++counters.forwarded; break;
    case bridge::Verdict::kFlood: ++counters.flooded; break;
    case bridge::Verdict::kFiltered: ++counters.filtered; return;
    case bridge::Verdict::kReserved: ++counters.reserved; return;
    case bridge::Verdict::kWrongVlan: ++counters.wrong_vlan; return;
    case bridge::Verdict::kMalformed: ++counters.malformed; return;
  }
  send_to_all(in, decision, std::move(frame));
}

// Others look at the same bytes; the last one gets the frame itself.
void Switch::Ports::send_to_all(const SwitchPort& in, const bridge::Decision& decision,
                                PacketPtr frame) {
  bridge::PortSet left = decision.ports;
  for (const auto& port : list) {
    const bridge::PortSet bit = bridge::PortSet{1} << port->number;
    if ((left & bit) == 0 || port->number == in.number) continue;
    left &= ~bit;
    if (left == 0) return send(*port, decision, std::move(frame));
    PacketPtr shared = frame->share(0, frame->size());
    if (shared == nullptr) {
      ++port->counters.pool_empty;
      continue;
    }
    shared->notes() = frame->notes();
    send(*port, decision, std::move(shared));
  }
}

void Switch::Ports::send(SwitchPort& out, const bridge::Decision& decision, PacketPtr frame) {
  // Many ports may have sent to this one in the same turn: it is given a chance to keep up.
  const std::size_t limit = options.queue_packets_max;
  if (out.queue.size() >= limit && (!transmit(out) || out.queue.size() >= limit)) {
    ++out.counters.queue_full;
    return;
  }
  switch (relay.tag_change(decision, out.number)) {
    case bridge::TagChange::kNone: break;
    case bridge::TagChange::kInsert:
      frame = bridge::insert_tag(std::move(frame), decision.control, pool);
      break;
    case bridge::TagChange::kRemove: frame = bridge::remove_tag(std::move(frame), pool); break;
    case bridge::TagChange::kRewrite:
      frame = bridge::rewrite_tag(std::move(frame), decision.control, pool);
      break;
  }
  if (frame == nullptr) {
    ++out.counters.pool_empty;
    return;
  }
  if (longest_ip(*frame) > out.device->capabilities().mtu) {
    ++out.counters.too_long;
    return;
  }
  fit(out, std::move(frame));
}

void Switch::Ports::fit(SwitchPort& out, PacketPtr frame) {
  if (stack::fits_every_device(*frame)) return out.queue.push(std::move(frame));
  if (!frame->is_writable()) {
    frame = frame->copy(pool);
    if (frame == nullptr) {
      ++out.counters.pool_empty;
      return;
    }
  }
  const DropReason why =
      stack::fit_frame(pool, out.device->capabilities(), std::move(frame), out.queue);
  if (why == DropReason::kPoolEmpty) {
    ++out.counters.pool_empty;
  } else if (why != DropReason::kNone) {
    ++out.counters.unfit;
  }
}

// True when the device took anything.
bool Switch::Ports::transmit(SwitchPort& port) {
  const std::size_t before = port.queue.size();
  while (!port.queue.empty()) {
    const std::size_t count = std::min(port.device->room(), PacketBatch::kCapacity);
    if (count == 0) break;
    PacketBatch batch;
    std::size_t bytes = 0;
    while (batch.size() < count && !port.queue.empty()) {
      bytes += port.queue.front()->size();
      batch.push(port.queue.pop());
    }
    const std::size_t offered = batch.size();
    port.device->transmit(batch);
    PacketQueue left;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      PacketPtr frame = batch.take(i);
      if (frame == nullptr) continue;
      bytes -= frame->size();
      left.push(std::move(frame));
    }
    batch.clear();
    port.counters.sent_packets += offered - left.size();
    port.counters.sent_bytes += bytes;
    if (left.empty()) continue;
    while (PacketPtr frame = port.queue.pop()) left.push(std::move(frame));
    port.queue = std::move(left);
    break;
  }
  return port.queue.size() != before;
}

std::optional<Time> Switch::next_deadline() const {
  std::optional<Time> deadline;
  if (ports_->must_ask || ports_->is_waiting) deadline = ports_->last_turn + kAskEvery;
  if (ports_->is_link_down) deadline = earlier(deadline, ports_->last_turn + kLookAtDownLinksEvery);
  return deadline;
}

std::span<const int> Switch::descriptors() const { return ports_->descriptors; }

void Switch::on_descriptor_lost(int descriptor) {
  for (int& each : ports_->descriptors) {
    if (each == descriptor) each = -1;
  }
}

void Switch::for_each_port(InlineFunction<void(const PortView&)> visit) const {
  for (const auto& port : ports_->list) {
    PortView view{.number = port->number,
                  .name = port->name,
                  .device = port->device,
                  .is_up = port->is_up,
                  .vlans = port->vlans,
                  .counters = port->counters};
    if (!view.vlans && ports_->relay.knows_vlans()) view.vlans.emplace();
    visit(view);
  }
}

void Switch::for_each_address(InlineFunction<void(const SwitchAddress&)> visit) const {
  const Time now = ports_->last_turn;
  ports_->relay.addresses().for_each(now, [&](const bridge::AddressEntry& entry) {
    visit({.mac = entry.mac, .vlan = entry.vlan, .port = entry.port, .age = now - entry.seen});
  });
}

std::uint64_t Switch::addresses_shed() const { return ports_->relay.addresses().shed(); }

}  // namespace strata
