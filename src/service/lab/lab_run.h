// SPDX-License-Identifier: Apache-2.0
// LabRun: a lab as a world, its traffic, and what was seen of both.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/failure.h"
#include "service/lab/flow.h"
#include "service/lab/lab.h"
#include "service/lab/lab_script.h"
#include "service/lab/lab_trace.h"
#include "service/lab/live/accuracy.h"
#include "strata/drop_reason.h"
#include "strata/inline_function.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/pcap.h"
#include "strata/sim.h"
#include "strata/sim_topology.h"

namespace strata::service {

// Looked at each LabFile::sample: values[i] belongs to times[i] of the results. What has no value
// then is NaN.
struct LabSeries {
  std::string name;
  std::vector<double> values;
};

struct LabFlowResult {
  std::string name;
  LabTraffic::Kind kind = LabTraffic::Kind::kBulk;
  FlowCounts counts;
  double bits_per_second = 0;    // from its start to its end
  std::vector<double> times_ms;  // of exchanges, in the order they ended
  std::string trouble;
  LabSeries goodput_mbit_s, rtt_ms, cwnd_packets;
};

struct LabLinkResult {
  std::string name;  // "a-b" is a to b
  sim::LinkCounters counters;
  LabSeries queue_packets, delay_ms;  // delay: of the queue, where there is a rate
};

// What the stack of a host or router gave up on, by reason.
struct LabNodeResult {
  std::string name;
  std::vector<std::pair<DropReason, std::uint64_t>> dropped;
};

struct LabResults {
  std::string title;
  std::uint64_t seed = 0;
  double seconds = 0;
  std::uint64_t packet_hash = 0;
  std::uint64_t events = 0;
  bool is_whole = true;  // false: stopped before its end
  std::vector<double> times;
  std::vector<LabFlowResult> flows;
  std::vector<LabLinkResult> links;
  std::vector<LabNodeResult> nodes;     // those whose stacks dropped something
  std::vector<LabSequence> sequences;   // with LabRun::record_sequences()
  std::optional<LabAccuracy> accuracy;  // of a LiveLab
};

class LabRun {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<LabRun>> create(const LabFile& lab);
  ~LabRun();
  LabRun(const LabRun&) = delete;
  LabRun& operator=(const LabRun&) = delete;

  // The frames of each link, as they are sent, into folder/LINK.pcapng.
  [[nodiscard]] Outcome<void> capture(const std::string& folder);
  // A line for each frame and event into a file. finish_trace() tells whether all was written.
  [[nodiscard]] Outcome<void> trace(const std::string& path);
  [[nodiscard]] Outcome<void> finish_trace();
  // Of flows of one connection, for sequence diagrams.
  void record_sequences();
  // How the world gets to an instant; false: it does not. Without one it jumps there.
  using Advance = InlineFunction<bool(Time to)>;
  // To the end, or until `goes_on`, which is told the share that is done, says no.
  [[nodiscard]] LabResults run(InlineFunction<bool(double share)> goes_on, Advance advance = {});
  [[nodiscard]] sim::World& world() { return world_; }
  [[nodiscard]] const sim::AddressPlan& plan() const { return plan_; }

 private:
  struct Capture;
  LabRun(LabFile lab, sim::AddressPlan plan);
  [[nodiscard]] Outcome<void> build();
  void build_nodes();
  void build_links();
  [[nodiscard]] Outcome<void> build_flows();
  void schedule();
  [[nodiscard]] LabParts parts();
  void look(LabResults& results);
  void look_at(Flow& flow, LabFlowResult& result) const;
  void look_at_nodes(LabResults& results) const;
  [[nodiscard]] LabResults blank() const;

  LabFile lab_;
  sim::AddressPlan plan_;
  HeapMemory own_memory_;                           // of the pools
  std::vector<std::unique_ptr<PacketPool>> pools_;  // by node, for those that run out; outlive all
  sim::World world_;
  std::vector<sim::Host*> hosts_;  // by node; null for switches
  LabServices services_;
  std::vector<std::unique_ptr<Capture>> captures_;
  std::unique_ptr<LabTrace> trace_;
  std::unique_ptr<LabSequences> sequences_;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<std::uint64_t> bytes_before_;  // by flow
  Time looked_at_{};
  std::vector<Endpoint> receivers_;  // by flow
  std::unique_ptr<LabScript> script_;
};

}  // namespace strata::service
