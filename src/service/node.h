// SPDX-License-Identifier: Apache-2.0
// Node: everything that StackOptions ask for, running: devices, stack, capture, control.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/confine/confine.h"
#include "service/capture/frame_writer.h"
#include "service/cores/cores.h"
#include "service/cores/host_watch.h"
#include "service/devices/device_rack.h"
#include "service/failure.h"
#include "service/gateway/gateway.h"
#include "service/hosted_stack.h"
#include "service/log/log_line.h"
#include "service/reload/reload_report.h"
#include "service/stack_options.h"
#include "strata/devices.h"
#include "strata/loop.h"
#include "strata/pcap.h"

//   options ──> devices ──> HostedStack ──> capture, control socket
//                  │
//                  └─ the default TAP device is not permitted: the rootless gateway, which needs no
//                     permission; so, too, when ports of the host are to be published

namespace strata::service {

class Confined;
class ControlServer;
class Journal;

struct NodeChoices {
  // RFC 4862 5.4 and RFC 5227 on devices that were named. A stack that lives for one question
  // cannot wait for them.
  bool detects_duplicates = true;
  // Where the control socket is when the options do not say; empty: there is none.
  bool has_default_control = false;
  // Whether what is served is served on every core; otherwise options.cores above 1 are refused.
  bool serves_on_all_cores = false;
};

class Node {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<Node>> create(const StackOptions& options,
                                                             const NodeChoices& choices);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] Loop& loop() { return *loop_; }
  [[nodiscard]] HostedStack& main() { return *main_; }
  [[nodiscard]] Stack& stack() { return main_->stack(); }
  // Of all cores, main() first; to be used before run() and after it.
  [[nodiscard]] std::vector<HostedStack*> stacks();
  // main(), and beside it the gateway's where there is one: what is told of to those who ask.
  [[nodiscard]] std::vector<HostedStack*> watched();
  // Null: there is one core.
  [[nodiscard]] Cores* cores() { return cores_.get(); }
  // Null: there is no rootless device.
  [[nodiscard]] Gateway* gateway() { return gateway_.get(); }
  // Of the devices of the options, in their order, or of the default one.
  [[nodiscard]] const std::vector<std::string>& interfaces() const { return interfaces_; }
  // Why there is a rootless gateway where a TAP device was meant; nothing when it is not so.
  [[nodiscard]] const std::optional<Failure>& fallback_reason() const { return fallback_; }
  [[nodiscard]] bool is_rootless() const { return gateway_ != nullptr; }
  // Empty when nobody listens.
  [[nodiscard]] const std::string& control_path() const { return control_path_; }
  // Why there is no control socket at its usual place.
  [[nodiscard]] const std::optional<Failure>& control_failure() const { return control_failure_; }
  // The device that its host deleted, or the capture that could not be written: why run() ended.
  [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }

  // As --log wants it.
  void warn(const Failure& trouble) const;
  // Gives up what is not needed any more, for ever: when all is open that these options ask for,
  // and before run().
  // `config`: the file that is read again when somebody asks; empty: there is none.
  [[nodiscard]] Outcome<void> confine(const StackOptions& options,
                                      const runtime::ConfineOptions& manner,
                                      const std::string& config = {});
  // Null: it has given nothing up.
  [[nodiscard]] const Confined* confined() const { return confined_.get(); }
  // While it runs, too. A failure leaves all as it was.
  [[nodiscard]] Outcome<void> set_names(const StackOptions& options);
  void set_log(LogLevel level);
  // What the control socket asks when somebody wants the configuration to be read again.
  void on_reload(ReloadTask reload) { reload_ = std::move(reload); }
  // One line of the log.
  void tell(LogLevel level, const std::string& text) const;

  // Until a signal or a failure.
  void run();
  // Until every address that was asked of the network may be used: for programs that live for one
  // question. The failure says that nobody answered.
  [[nodiscard]] Outcome<void> wait_for_leases();

 private:
  explicit Node(std::unique_ptr<Loop> loop);

  [[nodiscard]] Outcome<void> start(const StackOptions& options, const NodeChoices& choices);
  [[nodiscard]] Outcome<std::vector<Port>> open_devices(const StackOptions& options,
                                                        const NodeChoices& choices);
  [[nodiscard]] Outcome<Port> open_default(const StackOptions& options);
  [[nodiscard]] Outcome<Port> open_port(const DeviceOptions& options, bool detects_duplicates);
  [[nodiscard]] static Outcome<void> check_cores(const StackOptions& options,
                                                 const NodeChoices& choices);
  [[nodiscard]] Outcome<Port> open_gateway(const StackOptions& options,
                                           const DeviceOptions& device);
  [[nodiscard]] Outcome<void> start_gateway(const StackOptions& options);
  [[nodiscard]] Outcome<void> start_capture(const StackOptions& asked, std::span<const Port> ports);
  void flush_capture_later();

  [[nodiscard]] Outcome<void> add_proxies(const StackOptions& options);
  [[nodiscard]] Outcome<void> start_leases(const StackOptions& options);
  [[nodiscard]] Outcome<void> start_control(const StackOptions& options,
                                            const NodeChoices& choices);

  // In the order in which the parts lean on each other: the last goes first.
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Confined> confined_;
  DeviceRack rack_;               // of one core
  std::unique_ptr<Cores> cores_;  // null: one
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<PcapWriter> writer_;
  std::optional<FrameWriter> frames_;
  std::unique_ptr<HostedStack> main_;
  std::optional<HostWatch> capture_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<Journal> journal_;
  std::string control_path_;
  std::optional<Failure> control_failure_;
  std::optional<Failure> fallback_;
  std::optional<Failure> failure_;
  std::optional<LogWriter> log_writer_;
  Log log_;
  std::vector<std::string> interfaces_;
  NamesOptions names_{};  // as the resolver has them
  ReloadTask reload_;
  std::size_t unnamed_ = 0;  // devices without a name
};

}  // namespace strata::service
