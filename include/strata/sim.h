// SPDX-License-Identifier: Apache-2.0
// sim::World: whole stacks joined by links and switches under one virtual clock, from one seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/address.h"
#include "strata/check.h"
#include "strata/executor.h"
#include "strata/memory.h"
#include "strata/packet.h"
#include "strata/packet_batch.h"
#include "strata/packet_pool.h"
#include "strata/sim_link.h"
#include "strata/stack.h"
#include "strata/stack_config.h"
#include "strata/time.h"

// A world in twenty lines:
//
//   sim::World world(42);
//   sim::Host& alice = world.add_host("alice");
//   sim::Host& bob = world.add_host("bob");
//   sim::Switch& hub = world.add_switch("hub");
//   const sim::LinkConfig line = {
//       .bits_per_second = 10'000'000, .delay = 20ms, .loss = {1, 100}};
//   world.connect(alice, hub, line);
//   world.connect(bob, hub);
//   alice.add_address("10.0.0.1/24");
//   bob.add_address("10.0.0.2/24");
//   auto socket = UdpSocket::open(alice.stack(), ...);      // as on any other stack
//   alice.executor().start_timer(world.now() + 1s, [&] { socket->send_to(...); });
//   world.run_for(10s);
//   EXPECT_EQ(world.packet_hash(), hash_of_the_same_world_run_before);
//   EXPECT_EQ(world.leaked_packets(), 0);
//
// How time passes. The world jumps from one instant at which something is due to the next, and
// does there, turn by turn until nothing is left to do at that instant:
//
//   frames arrive and leave queues -> hosts poll and flush -> timers -> posted tasks
//        in order of (time, when         in the order in      by deadline,   in the order
//        it was decided)                 which they woke      then start     of posting
//
// 1. The same seed and the same calls give the same run, frame by frame: packet_hash() tells.
// 2. Every fault of every link draws from a stream of its own, derived from the world's seed and
//    the link's name. Adding a link, a host or a tap does not move the draws of another.
// 3. A frame on a link is owned by the link and shares no bytes with anybody: frames that share
//    are copied as they leave their sender.
// 4. Nothing here reads a clock, draws entropy or starts a thread.
//
// Nodes and links live as long as their world and do not move; references to them stay good.

namespace strata::sim {

class Engine;
class Middlebox;
class MiddleboxRules;
class Port;
class World;

struct WorldConfig {
  std::uint64_t seed = 1;
  // One pool serves all stacks and links of the world.
  PacketPoolConfig packets = {.small_buffers = 16384,
                              .large_buffers = 256,
                              .external_buffers = 256,
                              .extra_descriptors = 16384};
  std::size_t memory_bytes_max = SIZE_MAX;  // tables of all stacks, packets included
  // Devices promise that links keep every byte, so that stacks neither compute nor verify
  // checksums. Such a world refuses links that corrupt.
  bool vouches_for_bytes = false;
  // A world that makes this many events at one instant does not get any further: frames circle in
  // a loop of links without delay, or a stack asks to be called again and again.
  std::uint64_t events_at_one_instant_max = 10'000'000;
};

// Why a run came back.
enum class RunEnd : std::uint8_t {
  kTimeReached,
  kIdle,     // nothing will ever happen again unless somebody acts from outside
  kStalled,  // WorldConfig::events_at_one_instant_max
};

// What links can be connected to.
class Node {
 public:
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] std::size_t port_count() const { return ports_.size(); }
  // Ports are numbered in the order of connecting.
  [[nodiscard]] Link& link(std::size_t port) const;
  [[nodiscard]] MacAddress mac(std::size_t port = 0) const;

 protected:
  friend class Engine;
  friend class Port;
  friend class World;
  Node(Engine& engine, std::string name, std::uint32_t index);

  // A frame has come in. It is one slice, and nobody else holds its buffer.
  virtual void on_frame(Port& port, PacketPtr frame) = 0;
  // A link was connected to this port, the last.
  virtual void on_connected(Port& /*port*/) {}
  // The link of this port went up or down.
  virtual void on_link_change(Port& /*port*/) {}
  // Whether turn() ever does anything.
  [[nodiscard]] virtual bool has_turns() const { return false; }
  // What the node does of its own accord, once it was woken or its deadline has come.
  virtual void turn(Time /*now*/) {}
  // When turn() must be called again; at or before now(): at once.
  [[nodiscard]] virtual std::optional<Time> next_deadline() const { return std::nullopt; }
  // Frames that came in and wait for turn().
  [[nodiscard]] virtual std::size_t frames_waiting() const { return 0; }

  Engine& engine_;
  std::string name_;
  std::uint32_t index_;
  std::vector<std::unique_ptr<Port>> ports_;
  bool is_awake_ = false;  // in the list of those whose turn it is
};

// A stack with a device on every link.
class Host final : public Node {
 public:
  ~Host() override;

  [[nodiscard]] Stack& stack() {
    STRATA_CHECK(is_running());
    return *stack_;
  }
  // Virtual time, as this host's clock has it. After each task of this executor the host gets a
  // turn. A task that acts on the sockets of several hosts belongs on World::executor(), or wakes
  // those hosts.
  [[nodiscard]] Executor& executor();
  // Has the stack polled and flushed before time moves on. Needed by code inside the world that
  // acts on this host from outside its own tasks and callbacks, and between steps.
  void wake();

  // ── What may befall it; told from the world's tasks or between runs ───────────────────────
  // The power fails: the stack is gone with all it knew, and frames that come are lost. Sockets of
  // it must be gone before.
  void crash();
  // A stack as the first one was made, with its interfaces, without addresses and routes, and with
  // another seed.
  void restart();
  [[nodiscard]] bool is_running() const { return stack_.has_value(); }
  // From now on its clock gains so many microseconds a second; at most a tenth either way.
  void set_clock_drift(std::int64_t parts_per_million);

  // The interface that was made for a port.
  [[nodiscard]] InterfaceId interface(std::size_t port = 0) const;
  [[nodiscard]] Device& device(std::size_t port = 0);
  // "10.0.0.1/24", "fd00::1/64". Text that is no address, and what the stack refuses, is a
  // STRATA_CHECK: use stack().add_address() for values that may be wrong.
  Host& add_address(std::string_view prefix, std::size_t port = 0);
  Host& add_address(const Prefix& prefix, std::size_t port = 0);
  // A default route of the gateway's family.
  Host& add_gateway(std::string_view gateway);
  Host& add_route(std::string_view prefix, std::string_view gateway);

 private:
  friend class World;
  class HostExecutor;
  Host(Engine& engine, std::string name, std::uint32_t index, const StackConfig& config,
       const InterfaceConfig& interfaces);
  void on_frame(Port& port, PacketPtr frame) override;
  void on_connected(Port& port) override;
  void on_link_change(Port& port) override;
  [[nodiscard]] bool has_turns() const override { return true; }
  void turn(Time now) override;
  [[nodiscard]] std::optional<Time> next_deadline() const override;
  [[nodiscard]] std::size_t frames_waiting() const override;

  void make_stack();
  void add_interface(std::size_t port);
  [[nodiscard]] Time to_local(Time world) const;
  [[nodiscard]] Time to_world(Time local) const;

  struct Attachment;
  StackConfig stack_config_;
  InterfaceConfig interface_config_;
  std::uint64_t restarts_ = 0;
  // Since `set_at`, by the world's clock, the host's clock goes on from `was` with the drift.
  struct ClockDrift {
    Time set_at{}, was{};
    std::int64_t parts_per_million = 0;
  };
  ClockDrift drift_;
  std::vector<std::unique_ptr<Attachment>> attachments_;  // one a port; outlive the stack
  std::unique_ptr<HostExecutor> executor_;
  std::optional<Stack> stack_;
};

struct SwitchConfig {
  Duration age_max = std::chrono::seconds(300);  // IEEE 802.1Q 8.8.3
  std::size_t addresses_max = 8192;              // beyond it nothing is learnt, and frames flood
};

struct SwitchCounters {
  std::uint64_t forwarded = 0;   // to one port
  std::uint64_t flooded = 0;     // frames sent to all ports of their VLAN
  std::uint64_t filtered = 0;    // the destination is where the frame came from
  std::uint64_t reserved = 0;    // link-local group (IEEE 802.1Q 8.6.3), not relayed
  std::uint64_t wrong_vlan = 0;  // the port does not take frames of this VLAN
  std::uint64_t malformed = 0;   // shorter than an Ethernet header, or from a group address
  std::uint64_t not_learnt = 0;  // the table was full
  std::uint64_t pool_empty = 0;  // no packet for a copy
  std::uint64_t nowhere = 0;     // flooded, and no other port was up and of its VLAN
};

// A learning switch (IEEE 802.1Q). Until a port is told about VLANs, tags pass like any bytes and
// all ports are one LAN; from then on every port that was not told is an access port of VLAN 1.
class Switch final : public Node {
 public:
  ~Switch() override;

  // Untagged frames only; they belong to `vlan`.
  void set_access(std::size_t port, std::uint16_t vlan);
  // Tagged frames of these VLANs; untagged ones belong to `native`, or are refused when it is 0.
  void set_trunk(std::size_t port, std::span<const std::uint16_t> vlans, std::uint16_t native = 0);

  // The port behind which an address was last seen.
  [[nodiscard]] std::optional<std::size_t> find(const MacAddress& mac,
                                                std::uint16_t vlan = 1) const;
  [[nodiscard]] const SwitchCounters& counters() const;

 private:
  friend class World;
  struct Bridge;
  Switch(Engine& engine, std::string name, std::uint32_t index, const SwitchConfig& config);
  void on_frame(Port& port, PacketPtr frame) override;
  void on_link_change(Port& port) override;
  std::unique_ptr<Bridge> bridge_;
};

// A port in the hands of a test: sends the frames it is told to and keeps what it gets.
class Station final : public Node {
 public:
  struct Received {
    Time at{};
    std::size_t port = 0;
    std::vector<std::byte> bytes;
    ChecksumState checksum = ChecksumState::kUnknown;
  };

  ~Station() override;

  // Sends a frame as it is. False: it fits no buffer, or the pool is empty.
  bool send(Bytes frame, std::size_t port = 0);
  void send(PacketPtr frame, std::size_t port = 0);

  [[nodiscard]] const std::vector<Received>& received() const { return received_; }
  [[nodiscard]] std::vector<Received> take_received() { return std::exchange(received_, {}); }
  // Gets every frame instead of received(); an empty function restores that.
  using OnFrame = InlineFunction<void(PacketPtr frame, std::size_t port, Time now)>;
  void set_on_frame(OnFrame on_frame) { on_frame_ = std::move(on_frame); }

 private:
  friend class World;
  Station(Engine& engine, std::string name, std::uint32_t index);
  void on_frame(Port& port, PacketPtr frame) override;

  std::vector<Received> received_;
  OnFrame on_frame_;
};

struct WorldCounters {
  std::uint64_t events = 0;      // frames that arrived and frames that left a queue
  std::uint64_t turns = 0;       // of the loop above
  std::uint64_t host_turns = 0;  // poll and flush of one stack
  std::uint64_t timers = 0;
  std::uint64_t tasks = 0;
  std::uint64_t frames_delivered = 0;  // at the far end of a link
};

class World {
 public:
  explicit World(std::uint64_t seed);
  explicit World(const WorldConfig& config);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // ── Building ──────────────────────────────────────────────────────────────────────────────
  // Names are unique. `config.memory`, `pool`, `seed` and `secret` that are not set are the
  // world's; `interfaces` holds for each link the host will get (names are eth0, eth1, ...).
  Host& add_host(std::string_view name, const StackConfig& config = {},
                 const InterfaceConfig& interfaces = {});
  Switch& add_switch(std::string_view name, const SwitchConfig& config = {});
  Station& add_station(std::string_view name);
  // strata/sim_middlebox.h
  Middlebox& add_middlebox(std::string_view name, std::unique_ptr<MiddleboxRules> rules);
  // The link is called "a-b" after its nodes, a second one between them "a-b#2".
  Link& connect(Node& a, Node& b, const LinkConfig& both = {});
  Link& connect(Node& a, Node& b, const LinkConfig& a_to_b, const LinkConfig& b_to_a);
  // Null when there is none of that name.
  [[nodiscard]] Node* find_node(std::string_view name) const;
  [[nodiscard]] Link* find_link(std::string_view name) const;
  [[nodiscard]] std::span<const std::unique_ptr<Node>> nodes() const;
  [[nodiscard]] std::span<const std::unique_ptr<Link>> links() const;

  // ── Running ───────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] Time now() const;
  // Everything that is due up to and including `time`; now() is `time` afterwards.
  RunEnd run_until(Time time);
  RunEnd run_for(Duration duration);
  // Until nothing is left to do, but no longer than `limit`.
  RunEnd run_until_idle(Duration limit);
  // Until condition(), which only looks, holds after some turn, but no longer than `limit`. True:
  // it holds.
  template <typename Condition>
  bool run_until_true(Condition condition, Duration limit) {
    wake_hosts();
    const Time end = limit < kNever - now() ? now() + limit : kNever;
    while (!condition()) {
      if (!step(end)) return false;
    }
    return true;
  }
  // One turn, at the next instant at which something is due. False: nothing is up to `last`, or
  // the world has stalled. Who acted on sockets since the last step wakes their hosts.
  bool step(Time last = kNever);
  // Time passes up to `time`; nothing is due until then.
  void idle_until(Time time);
  // Every host gets its turn at this instant. The runs above begin with this.
  void wake_hosts();
  // When the next turn would be; nothing: never.
  [[nodiscard]] std::optional<Time> next_instant() const;

  // Tasks and timers of the world itself: scripts that act on links and on several hosts. After
  // them every host gets a turn.
  [[nodiscard]] Executor& executor();

  // ── Observing ─────────────────────────────────────────────────────────────────────────────
  // A tap sees, and changes nothing. It outlives the world, or is taken off.
  void tap(Tap& tap);              // every moment of every frame
  void tap(Link& link, Tap& tap);  // every moment of the frames of one link
  void tap(Node& node, Tap& tap);  // what the node sends and what reaches it, on all its links
  void untap(Tap& tap);

  [[nodiscard]] std::uint64_t seed() const;
  // Over (time, bytes) of all frames delivered, for each link in the order of connecting.
  [[nodiscard]] std::uint64_t packet_hash() const;
  [[nodiscard]] const WorldCounters& counters() const;
  [[nodiscard]] PacketPool& pool();
  [[nodiscard]] HeapMemory& memory();

  // ── Invariants ────────────────────────────────────────────────────────────────────────────
  // Frames in queues, on the wire, and arrived but not yet taken by their host.
  [[nodiscard]] std::size_t frames_in_flight() const;
  // Tasks and timers, of the world and of hosts, that have not run yet.
  [[nodiscard]] std::size_t tasks_waiting() const;
  // No frame in flight, no task posted, and no host asks to run at this instant.
  [[nodiscard]] bool is_quiet() const;
  // Packets that are neither free nor in flight. Those that sockets and stacks rightly hold count:
  // close the sockets and let reassembly and address resolution end before asking.
  [[nodiscard]] std::size_t leaked_packets() const;

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace strata::sim
