// SPDX-License-Identifier: Apache-2.0
#include "sim/engine.h"

#include <algorithm>
#include <utility>

#include "base/siphash.h"
#include "sim/channel.h"
#include "sim/frame.h"
#include "sim/port.h"
#include "strata/check.h"

namespace strata::sim {
namespace {

constexpr std::size_t kCacheLine = 64;

// A frame is hashed whole when it arrives. Its bytes come while the event before it is dealt with.
void prefetch(const Event& event) {
  if (event.frame == nullptr) return;
  const Bytes bytes = event.frame->bytes();
  const std::size_t count = std::min(bytes.size(), kSmallBufferBytes);
  for (std::size_t at = 0; at < count; at += kCacheLine) __builtin_prefetch(bytes.data() + at);
}

}  // namespace

Engine::Engine(const WorldConfig& config)
    : config_(config),
      memory_(config.memory_bytes_max),
      pool_(memory_, config.packets),
      executor_(*this) {
  STRATA_CHECK(pool_.is_usable());
}

// Tasks may own sockets of stacks, stacks and links hold packets of the pool.
Engine::~Engine() {
  tasks_.clear();
  nodes_.clear();
  while (!events_.empty()) const PacketPtr frame(events_.pop().frame);
  links_.clear();
}

// ── What happens later ──────────────────────────────────────────────────────────────────────

void Engine::wake(Node& node) {
  if (std::exchange(node.is_awake_, true)) return;
  awake_.push_back(&node);
}

void Engine::refresh(Node& node) {
  const std::optional<Time> asked = node.next_deadline();
  if (!asked) {
    deadlines_.remove(node.index_);
    return;
  }
  const Time deadline = std::max(*asked, now_);
  // A deadline that did not move keeps its place among equals.
  if (deadlines_.contains(node.index_) && deadlines_.at(node.index_) == deadline) return;
  deadlines_.set(node.index_, deadline, next_order());
}

void Engine::wake_all() {
  for (const auto& node : nodes_) {
    if (node->has_turns()) wake(*node);
  }
}

TimerId Engine::start_timer(Time deadline, Task task, TaskOwner owner) {
  return tasks_.start_timer(std::max(deadline, now_), next_order(), std::move(task), owner);
}

// ── Running ─────────────────────────────────────────────────────────────────────────────────

std::optional<Time> Engine::next_instant() const {
  if (!awake_.empty() || tasks_.has_posted()) return now_;
  std::optional<Time> next = tasks_.next_deadline();
  if (!events_.empty()) next = earlier(next, events_.top().at);
  if (!deadlines_.empty()) next = earlier(next, deadlines_.top().at);
  return next;
}

void Engine::advance(Time to) {
  if (to <= now_) return;
  now_ = to;
  done_here_ = 0;
}

bool Engine::turn(Time last) {
  const std::optional<Time> next = next_instant();
  if (!next || *next > last) return false;
  advance(*next);
  if (is_stalled()) return false;
  ++counters_.turns;
  run_events();
  run_nodes();
  run_tasks();
  return true;
}

void Engine::run_events() {
  while (!events_.empty() && events_.top().at <= now_ && !is_stalled()) {
    const Event event = events_.pop();
    if (!events_.empty()) prefetch(events_.top());
    ++counters_.events;
    ++done_here_;
    Channel& channel = *event.row->channel;
    if (event.frame == nullptr) {
      channel.on_wire_free();
    } else {
      channel.on_arrival(PacketPtr(event.frame), event.order);
    }
  }
}

void Engine::run_nodes() {
  while (!deadlines_.empty() && deadlines_.top().at <= now_) {
    Node& node = *nodes_[deadlines_.top().index];
    deadlines_.remove(node.index_);
    wake(node);
  }
  turning_.swap(awake_);
  for (Node* node : turning_) {
    node->is_awake_ = false;
    ++counters_.host_turns;
    ++done_here_;
    node->turn(now_);
    refresh(*node);
  }
  turning_.clear();
}

void Engine::run_tasks() {
  bool is_world_touched = false;
  const auto look_after = [&](TaskOwner owner) {
    ++done_here_;
    if (owner == kWorldOwner) {
      is_world_touched = true;
    } else {
      wake(*nodes_[owner]);
    }
  };
  tasks_.run_timers(now_, next_order(), [&](TaskOwner owner) {
    ++counters_.timers;
    look_after(owner);
  });
  tasks_.run_posted([&](TaskOwner owner) {
    ++counters_.tasks;
    look_after(owner);
  });
  if (is_world_touched) wake_all();
}

// ── Building ────────────────────────────────────────────────────────────────────────────────

Node& Engine::add(std::unique_ptr<Node> node) {
  const bool is_new = nodes_by_name_.emplace(node->name(), node.get()).second;
  STRATA_CHECK(is_new);
  nodes_.push_back(std::move(node));
  return *nodes_.back();
}

Link& Engine::connect(Node& a, Node& b, const LinkConfig& a_to_b, const LinkConfig& b_to_a) {
  links_.push_back(std::unique_ptr<Link>(new Link(*this, link_name(a, b))));
  Link& link = *links_.back();
  links_by_name_.emplace(link.name(), &link);
  auto& [out, back] = link.channels_;
  out = std::make_unique<Channel>(*this, link, Direction::kAToB, a_to_b);
  back = std::make_unique<Channel>(*this, link, Direction::kBToA, b_to_a);
  Port& port_a = add_port(a, link, *out);
  Port& port_b = add_port(b, link, *back);
  out->attach(port_a, port_b);
  back->attach(port_b, port_a);
  for (Tap* watching : world_taps_) tap(link, *watching);
  for (const auto& [node, watching] : node_taps_) {
    if (node == &a) tap_port(port_a, *watching);
    if (node == &b) tap_port(port_b, *watching);
  }
  a.on_connected(port_a);
  b.on_connected(port_b);
  return link;
}

Port& Engine::add_port(Node& node, Link& link, Channel& out) {
  node.ports_.push_back(std::make_unique<Port>(node, node.ports_.size(), link, out));
  return *node.ports_.back();
}

std::string Engine::link_name(const Node& a, const Node& b) const {
  const std::string plain = a.name_ + "-" + b.name_;
  std::string name = plain;
  for (int count = 2; find_link(name) != nullptr; ++count) {
    name = plain + "#" + std::to_string(count);
  }
  return name;
}

Node* Engine::find_node(std::string_view name) const {
  const auto found = nodes_by_name_.find(name);
  return found == nodes_by_name_.end() ? nullptr : found->second;
}

Link* Engine::find_link(std::string_view name) const {
  const auto found = links_by_name_.find(name);
  return found == links_by_name_.end() ? nullptr : found->second;
}

// ── Observing ───────────────────────────────────────────────────────────────────────────────

void Engine::tap(Tap& tap_on) {
  world_taps_.push_back(&tap_on);
  for (const auto& link : links_) tap(*link, tap_on);
}

void Engine::tap(Link& link, Tap& tap) {
  for (const auto& channel : link.channels_) channel->add_tap(tap, true, true);
}

void Engine::tap(Node& node, Tap& tap) {
  node_taps_.emplace_back(&node, &tap);
  for (const auto& port : node.ports_) tap_port(*port, tap);
}

void Engine::tap_port(const Port& port, Tap& tap) {
  port.out().add_tap(tap, true, false);
  for (const auto& channel : port.link().channels_) {
    if (&channel->receiver() == &port) channel->add_tap(tap, false, true);
  }
}

void Engine::untap(Tap& tap) {
  std::erase(world_taps_, &tap);
  std::erase_if(node_taps_, [&](const auto& entry) { return entry.second == &tap; });
  for (const auto& link : links_) {
    for (const auto& channel : link->channels_) channel->remove_tap(tap);
  }
}

std::uint64_t Engine::packet_hash() const {
  std::uint64_t hash = 0;
  for (const auto& link : links_) {
    for (const auto& channel : link->channels_) {
      // Links that carried nothing leave the hash as it was.
      const std::uint64_t delivered = channel->counters().delivered_frames;
      if (delivered != 0) hash = hash_words({hash, delivered}, {channel->hash()});
    }
  }
  return hash;
}

std::size_t Engine::frames_in_flight() const {
  std::size_t frames = 0;
  for (const auto& link : links_) {
    for (const auto& channel : link->channels_) frames += channel->frames_in_flight();
  }
  for (const auto& node : nodes_) frames += node->frames_waiting();
  return frames;
}

bool Engine::is_quiet() const {
  if (!awake_.empty() || tasks_.has_posted() || frames_in_flight() != 0) return false;
  return std::ranges::none_of(nodes_, [&](const auto& node) {
    const std::optional<Time> deadline = node->next_deadline();
    return deadline && *deadline <= now_;
  });
}

}  // namespace strata::sim
