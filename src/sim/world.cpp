// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sim/channel.h"
#include "sim/engine.h"
#include "sim/frame.h"
#include "sim/port.h"
#include "strata/check.h"
#include "strata/sim.h"

namespace strata::sim {

// ── Node ────────────────────────────────────────────────────────────────────────────────────

Node::Node(Engine& engine, std::string name, std::uint32_t index)
    : engine_(engine), name_(std::move(name)), index_(index) {}
Node::~Node() = default;

Link& Node::link(std::size_t port) const {
  STRATA_CHECK(port < ports_.size());
  return ports_[port]->link();
}

// Locally administered, and readable in a capture: 02, the port beyond 256, the node from 1, the
// port.
MacAddress Node::mac(std::size_t port) const {
  STRATA_CHECK(port < 65'536 && index_ < 0xff'ffff);
  return MacAddress::from_value(0x0200'0000'0000 | (std::uint64_t{port >> 8U} << 32U) |
                                (std::uint64_t{index_ + 1} << 8U) | (port & 0xffU));
}

// ── World ───────────────────────────────────────────────────────────────────────────────────

World::World(std::uint64_t seed) : World(WorldConfig{.seed = seed}) {}
World::World(const WorldConfig& config) : engine_(std::make_unique<Engine>(config)) {}
World::~World() = default;

Link& World::connect(Node& a, Node& b, const LinkConfig& both) {
  return engine_->connect(a, b, both, both);
}

Link& World::connect(Node& a, Node& b, const LinkConfig& a_to_b, const LinkConfig& b_to_a) {
  return engine_->connect(a, b, a_to_b, b_to_a);
}

Node* World::find_node(std::string_view name) const { return engine_->find_node(name); }
Link* World::find_link(std::string_view name) const { return engine_->find_link(name); }
std::span<const std::unique_ptr<Node>> World::nodes() const { return engine_->nodes(); }
std::span<const std::unique_ptr<Link>> World::links() const { return engine_->links(); }

Time World::now() const { return engine_->now(); }

RunEnd World::run_until(Time time) {
  engine_->wake_all();
  while (engine_->turn(time)) {
  }
  if (engine_->is_stalled()) return RunEnd::kStalled;
  engine_->advance(time);
  return RunEnd::kTimeReached;
}

RunEnd World::run_for(Duration duration) { return run_until(later(now(), duration)); }

RunEnd World::run_until_idle(Duration limit) {
  const Time end = later(now(), limit);
  engine_->wake_all();
  while (engine_->turn(end)) {
  }
  if (engine_->is_stalled()) return RunEnd::kStalled;
  if (!engine_->next_instant()) return RunEnd::kIdle;
  engine_->advance(end);
  return RunEnd::kTimeReached;
}

bool World::step(Time last) { return engine_->turn(last); }
void World::idle_until(Time time) {
  const std::optional<Time> next = engine_->next_instant();
  STRATA_CHECK(!next || *next > time);
  engine_->advance(time);
}

void World::wake_hosts() { engine_->wake_all(); }

std::optional<Time> World::next_instant() const { return engine_->next_instant(); }

Executor& World::executor() { return engine_->executor(); }

void World::tap(Tap& tap) { engine_->tap(tap); }
void World::tap(Link& link, Tap& tap) { engine_->tap(link, tap); }
void World::tap(Node& node, Tap& tap) { engine_->tap(node, tap); }
void World::untap(Tap& tap) { engine_->untap(tap); }

std::uint64_t World::seed() const { return engine_->config().seed; }
std::uint64_t World::packet_hash() const { return engine_->packet_hash(); }
const WorldCounters& World::counters() const { return engine_->counters(); }
PacketPool& World::pool() { return engine_->pool(); }
HeapMemory& World::memory() { return engine_->memory(); }

std::size_t World::frames_in_flight() const { return engine_->frames_in_flight(); }
std::size_t World::tasks_waiting() const { return engine_->tasks_waiting(); }
bool World::is_quiet() const { return engine_->is_quiet(); }

std::size_t World::leaked_packets() const {
  return engine_->pool().descriptors_in_use() - engine_->frames_in_flight();
}

}  // namespace strata::sim
