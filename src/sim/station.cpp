// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>

#include "sim/channel.h"
#include "sim/engine.h"
#include "sim/port.h"
#include "strata/check.h"
#include "strata/sim.h"

namespace strata::sim {

Station& World::add_station(std::string_view name) {
  auto station = std::unique_ptr<Station>(
      new Station(*engine_, std::string(name), engine_->next_node_index()));
  return static_cast<Station&>(engine_->add(std::move(station)));
}

Station::Station(Engine& engine, std::string name, std::uint32_t index)
    : Node(engine, std::move(name), index) {}
Station::~Station() = default;

bool Station::send(Bytes frame, std::size_t port) {
  PacketPtr packet = engine_.pool().allocate_for(frame.size());
  if (packet == nullptr) return false;
  copy_bytes(frame, packet->append(frame.size()));
  send(std::move(packet), port);
  return true;
}

void Station::send(PacketPtr frame, std::size_t port) {
  STRATA_CHECK(frame != nullptr && port < ports_.size());
  ports_[port]->out().send(std::move(frame));
}

void Station::on_frame(Port& port, PacketPtr frame) {
  if (on_frame_) {
    on_frame_(std::move(frame), port.number(), engine_.now());
    return;
  }
  const Bytes bytes = frame->bytes();
  received_.push_back(
      {engine_.now(), port.number(), {bytes.begin(), bytes.end()}, frame->notes().checksum});
}

}  // namespace strata::sim
