// SPDX-License-Identifier: Apache-2.0
// SwitchNode: a switch on a loop of its own, with the devices and the control socket it was asked
// for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/confine/confine.h"
#include "service/failure.h"
#include "strata/device.h"
#include "strata/loop.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/switch.h"

namespace strata::service {

class Confined;
class ControlServer;

struct SwitchPortVlans {
  std::string port;
  SwitchVlans vlans;
};

struct SwitchNodeOptions {
  std::vector<std::string>
      devices;  // KIND:NAME[,key=value...]; ports are called as the devices are
  std::vector<SwitchPortVlans> vlans;
  Duration age_max = std::chrono::seconds(300);
  std::string control;  // empty: the usual place
  LoopPolicy policy = LoopPolicy::kAdaptive;
};

// "lan=10": an access port of VLAN 10. "up=10,20-29": a trunk of these. "up=1u,10": VLAN 1 without
// a tag, 10 with one.
[[nodiscard]] Outcome<SwitchPortVlans> parse_switch_vlans(std::string_view text);

// What a switch opens for a device: an interface of the host hears what is sent to all stations
// behind the other ports, unless it was said what it shall hear.
[[nodiscard]] std::string spec_of_port(const std::string& spec);

class SwitchNode {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<SwitchNode>> create(
      const SwitchNodeOptions& options);
  ~SwitchNode();
  SwitchNode(const SwitchNode&) = delete;
  SwitchNode& operator=(const SwitchNode&) = delete;

  [[nodiscard]] Switch& bridge() { return *switch_; }
  [[nodiscard]] Loop& loop() { return *loop_; }
  // Empty when nobody listens.
  [[nodiscard]] const std::string& control_path() const { return control_path_; }
  [[nodiscard]] const std::optional<Failure>& control_failure() const { return control_failure_; }

  // Gives up what is not needed any more, for ever. Before run().
  [[nodiscard]] Outcome<void> confine(const SwitchNodeOptions& options,
                                      const runtime::ConfineOptions& manner);
  // Until a signal.
  void run() { loop_->run(); }

 private:
  explicit SwitchNode(std::unique_ptr<Loop> loop);
  [[nodiscard]] Outcome<void> start(const SwitchNodeOptions& options);
  [[nodiscard]] Outcome<void> add_port(const std::string& spec, const SwitchNodeOptions& options);
  [[nodiscard]] Outcome<void> start_control(const std::string& asked_for);

  // In the order in which the parts lean on each other: the last goes first.
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Confined> confined_;
  HeapMemory memory_;
  PacketPool pool_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::unique_ptr<Switch> switch_;
  std::unique_ptr<ControlServer> control_;
  std::string control_path_;
  std::optional<Failure> control_failure_;
};

}  // namespace strata::service
