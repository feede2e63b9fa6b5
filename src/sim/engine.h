// SPDX-License-Identifier: Apache-2.0
// Engine: the clock of a world and all that waits for it (the turn is drawn in strata/sim.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/deadline_heap.h"
#include "sim/event_queue.h"
#include "sim/tasks.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/sim.h"

// 1. Time stands still within a turn and never goes back. It only stops at instants at which
//    something is due, and at the ends of runs.
// 2. Every event, node deadline and timer carries the number of its decision (next_order). Equal
//    times are told apart by it, so no order depends on addresses, hashes or containers.
// 3. deadlines_ holds for every node what next_deadline() answered when it was last asked: after
//    its turn. Who acts on a stack from outside its turn wakes it.

namespace strata::sim {

class Engine {
 public:
  explicit Engine(const WorldConfig& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const WorldConfig& config() const { return config_; }
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] PacketPool& pool() { return pool_; }
  [[nodiscard]] HeapMemory& memory() { return memory_; }
  [[nodiscard]] const WorldCounters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t next_order() { return next_order_++; }

  // ── What happens later ────────────────────────────────────────────────────────────────────
  void add_event(Time at, EventRow& row, PacketPtr frame) {
    events_.push({at, next_order(), &row, frame.release()});
  }
  // The node gets its turn at this instant.
  void wake(Node& node);
  // Somebody may have acted on any stack of the world.
  void wake_all();
  void count_delivery() { ++counters_.frames_delivered; }

  void post(Task task, TaskOwner owner) { tasks_.post(std::move(task), owner); }
  TimerId start_timer(Time deadline, Task task, TaskOwner owner);
  bool cancel_timer(TimerId timer) { return tasks_.cancel_timer(timer); }
  [[nodiscard]] Executor& executor() { return executor_; }

  // ── Running ───────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] std::optional<Time> next_instant() const;
  // One turn. False: nothing is due up to `last`, or is_stalled().
  bool turn(Time last);
  [[nodiscard]] bool is_stalled() const { return done_here_ > config_.events_at_one_instant_max; }
  void advance(Time to);

  // ── Building ──────────────────────────────────────────────────────────────────────────────
  Node& add(std::unique_ptr<Node> node);
  [[nodiscard]] std::uint32_t next_node_index() const {
    return static_cast<std::uint32_t>(nodes_.size());
  }
  Link& connect(Node& a, Node& b, const LinkConfig& a_to_b, const LinkConfig& b_to_a);
  [[nodiscard]] Node* find_node(std::string_view name) const;
  [[nodiscard]] Link* find_link(std::string_view name) const;
  [[nodiscard]] const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Link>>& links() const { return links_; }

  // ── Observing ─────────────────────────────────────────────────────────────────────────────
  void tap(Tap& tap);
  void tap(Link& link, Tap& tap);
  void tap(Node& node, Tap& tap);
  void untap(Tap& tap);
  [[nodiscard]] std::uint64_t packet_hash() const;
  [[nodiscard]] std::size_t frames_in_flight() const;
  [[nodiscard]] bool is_quiet() const;
  [[nodiscard]] std::size_t tasks_waiting() const { return tasks_.count(); }

 private:
  class WorldExecutor final : public Executor {
   public:
    explicit WorldExecutor(Engine& engine) : engine_(engine) {}
    [[nodiscard]] Time now() const override { return engine_.now(); }
    void post(Task task) override { engine_.post(std::move(task), kWorldOwner); }
    TimerId start_timer(Time deadline, Task task) override {
      return engine_.start_timer(deadline, std::move(task), kWorldOwner);
    }
    bool cancel_timer(TimerId timer) override { return engine_.cancel_timer(timer); }

   private:
    Engine& engine_;
  };

  // Asks a node when it wants to run next.
  void refresh(Node& node);
  void run_events();
  void run_nodes();
  void run_tasks();
  Port& add_port(Node& node, Link& link, Channel& out);
  [[nodiscard]] std::string link_name(const Node& a, const Node& b) const;
  void tap_port(const Port& port, Tap& tap);

  WorldConfig config_;
  HeapMemory memory_;
  PacketPool pool_;
  Time now_{};
  std::uint64_t next_order_ = 0;
  std::uint64_t done_here_ = 0;  // events, node turns, timers and tasks at this instant
  EventQueue events_;
  DeadlineHeap deadlines_;  // of nodes
  std::vector<Node*> awake_;
  std::vector<Node*> turning_;  // empty but in run_nodes()
  Tasks tasks_;
  WorldExecutor executor_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Link>> links_;
  std::map<std::string, Node*, std::less<>> nodes_by_name_;
  std::map<std::string, Link*, std::less<>> links_by_name_;
  std::vector<Tap*> world_taps_;
  std::vector<std::pair<Node*, Tap*>> node_taps_;  // for the links they get later
  WorldCounters counters_;
};

}  // namespace strata::sim
