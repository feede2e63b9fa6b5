// SPDX-License-Identifier: Apache-2.0
// sim::Middlebox: a box in the middle of a wire that looks into what passes and does as it likes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "strata/address.h"
#include "strata/packet.h"
#include "strata/packet_pool.h"
#include "strata/sim.h"
#include "strata/time.h"

//   sim::Middlebox& nat = world.add_middlebox("nat", sim::make_nat({.forgets = {Time(5s)}}));
//   world.connect(client, nat);                       // the first link: inside
//   world.connect(nat, server, {.delay = 20ms});      // the second: outside
//
//   inside ── 0 [ rules ] 1 ── outside        no address, no queue, no delay of its own
//
// Boxes as they are met: whoever is behind one sees a wire, and wonders. Frames that are no IP, and
// IP that a box does not understand, pass as they are. Rules of one's own derive from
// MiddleboxRules. Everything is decided from frames, times and seeds: a run can be had again.

namespace strata::sim {

class MiddleboxRules {
 public:
  enum class Side : std::uint8_t { kInside, kOutside };
  [[nodiscard]] static constexpr Side other(Side side) {
    return side == Side::kInside ? Side::kOutside : Side::kInside;
  }

  // What rules may do with frames. One that they neither pass on nor keep is dropped, and counted.
  class Ways {
   public:
    virtual ~Ways() = default;
    // Leaves on this side.
    virtual void send(Side to, PacketPtr frame) = 0;
    [[nodiscard]] virtual PacketPool& pool() = 0;
    [[nodiscard]] virtual MacAddress mac(Side side) const = 0;
  };

  virtual ~MiddleboxRules() = default;
  // A frame has come in on this side. It is one slice that nobody shares: it may be written into.
  virtual void on_frame(Side from, PacketPtr frame, Time now, Ways& ways) = 0;
  [[nodiscard]] virtual std::optional<Time> next_deadline() const { return std::nullopt; }
  virtual void on_deadline(Time /*now*/, Ways& /*ways*/) {}
  // All that was learnt of flows is gone, as after a power failure.
  virtual void forget() {}
  [[nodiscard]] virtual std::size_t frames_held() const { return 0; }
};

struct MiddleboxCounters {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;  // passed on, answered, or made up
};

class Middlebox final : public Node {
 public:
  ~Middlebox() override;
  void forget() { rules_->forget(); }
  [[nodiscard]] const MiddleboxCounters& counters() const { return counters_; }

 private:
  friend class World;
  class OwnWays;
  Middlebox(Engine& engine, std::string name, std::uint32_t index,
            std::unique_ptr<MiddleboxRules> rules);
  void on_frame(Port& port, PacketPtr frame) override;
  void on_connected(Port& port) override;
  [[nodiscard]] bool has_turns() const override { return true; }
  void turn(Time now) override;
  [[nodiscard]] std::optional<Time> next_deadline() const override;
  [[nodiscard]] std::size_t frames_waiting() const override { return rules_->frames_held(); }

  std::unique_ptr<MiddleboxRules> rules_;
  std::unique_ptr<OwnWays> ways_;
  MiddleboxCounters counters_;
};

// A stateful filter: TCP and UDP flows that began inside are let through both ways, and nothing
// else of them. ICMP passes.
struct FilterConfig {
  Duration idle = std::chrono::minutes(5);  // a flow that was silent for so long is unknown again
  std::vector<Time> forgets{};              // when all flows become unknown; ascending
  std::size_t flows_max = 4096;             // beyond it the one that was silent longest goes
  bool resets = false;                      // TCP that is unknown is answered by a reset
};

// Address and port translation of TCP and UDP over IPv4. What comes from inside and is not known
// gets a mapping, and after forget() another port: the flow appears to come from elsewhere.
struct NatConfig {
  IpAddress outside{};  // by which all inside are known outside; unspecified: only ports change
  std::uint16_t first_port = 40'000, last_port = 60'000;
  Duration idle = std::chrono::minutes(2);
  std::vector<Time> forgets{};
  std::size_t flows_max = 4096;
  bool resets = false;  // TCP from outside to no mapping is answered by a reset
};

// Puts no-operations over TCP options.
struct OptionStripperConfig {
  std::vector<std::uint8_t> kinds{};  // none: all
  bool on_syn = true;
  bool on_syn_ack = true;
  bool on_others = true;
};

// Holds back every so-many-th IP packet of each direction until others have passed.
struct ReordererConfig {
  std::uint32_t every = 10;
  std::uint32_t behind = 3;  // so many
  Duration wait_max = std::chrono::milliseconds(20);
};

// Flips a bit in every so-many-th TCP segment or UDP datagram of each direction.
struct CorruptorConfig {
  enum class Part : std::uint8_t { kHeader, kPayload };
  std::uint32_t every = 50;
  Part part = Part::kPayload;
  // The checksum is made to fit what is wrong: no receiver can tell.
  bool mends_checksum = false;
  std::uint64_t seed = 1;
};

[[nodiscard]] std::unique_ptr<MiddleboxRules> make_filter(const FilterConfig& config);
[[nodiscard]] std::unique_ptr<MiddleboxRules> make_nat(const NatConfig& config);
[[nodiscard]] std::unique_ptr<MiddleboxRules> make_option_stripper(
    const OptionStripperConfig& config);
[[nodiscard]] std::unique_ptr<MiddleboxRules> make_reorderer(const ReordererConfig& config);
[[nodiscard]] std::unique_ptr<MiddleboxRules> make_corruptor(const CorruptorConfig& config);

}  // namespace strata::sim
