// SPDX-License-Identifier: Apache-2.0
// LabScript: what happens to the nodes and links of a running lab, and when.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/lab/flow.h"
#include "service/lab/lab.h"
#include "service/lab/lab_services.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "strata/sim.h"
#include "strata/sim_topology.h"

namespace strata::service {

// What a running lab is made of. All of it outlives the script.
struct LabParts {
  const LabFile& lab;
  sim::World& world;
  const std::vector<sim::Host*>& hosts;  // by node; null for switches
  const std::vector<std::unique_ptr<Flow>>& flows;
  const std::vector<std::unique_ptr<PacketPool>>& pools;  // by node; null: the world's
  const sim::AddressPlan& plan;
  LabServices& services;
};

void give_queue(sim::Link& link, sim::Direction direction, const LabQueue& queue,
                std::uint64_t seed);
// The addresses and routes of a node that has none.
[[nodiscard]] Outcome<void> give_addresses(const LabParts& parts, std::size_t node);

class LabScript {
 public:
  explicit LabScript(const LabParts& parts);

  // Told of each event when it happens, in words.
  using Listener = std::function<void(Time at, const std::string& what)>;
  void set_listener(Listener listener) { listener_ = std::move(listener); }
  void schedule();

 private:
  void at(Time time, Task task);
  void tell(const std::string& what);
  void happen(const LabEvent& event);
  void change(const LabEvent& event, sim::Direction direction);
  void cut_off(const LabEvent& event, bool is_cut);
  void crash(std::size_t node);
  void restart(std::size_t node);
  void readdress(const LabEvent& event);
  void exchange_address(std::size_t node, const IpAddress& former);
  void exhaust(std::size_t node, bool is_empty);
  void flap(std::size_t link, bool is_up);
  void step_rate(std::size_t link, sim::Direction direction, std::size_t step, Time round);

  LabParts parts_;
  Listener listener_;
  std::vector<Rng> flaps_;                        // by link
  std::vector<int> cuts_;                         // by link: partitions it is cut by
  std::vector<std::array<LabQueue, 2>> queues_;   // by link and direction: as they are
  std::vector<Prefix> addresses_;                 // by node: of its first link
  std::vector<std::vector<PacketPtr>> withheld_;  // by node
};

}  // namespace strata::service
