// SPDX-License-Identifier: Apache-2.0
// TrialRun: the world of a lab with the faults and choices of a trial, watched to its end.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/explore/verdict.h"
#include "service/explore/watched_flow.h"
#include "service/lab/lab.h"
#include "service/lab/lab_run.h"

//   build -> faults and flows act -> all over, or nothing moves -> nobody is let in -> TIME-WAIT
//            passes, late datagrams come -> close -> nothing may be left
//
// What a run holds against the stack is the list in verdict.h. A connection may fail where its host
// crashed, a program broke off, buffers ran out, or its path was cut for a minute; there datagrams
// are not counted, either.

namespace strata::service {

class ExchangedDevice;

class TrialRun {
 public:
  // Fails when the trial names what the lab has not.
  [[nodiscard]] static Outcome<std::unique_ptr<TrialRun>> create(const LabFile& lab,
                                                                 const Trial& trial);
  ~TrialRun();
  TrialRun(const TrialRun&) = delete;
  TrialRun& operator=(const TrialRun&) = delete;

  [[nodiscard]] TrialVerdict run();
  // The frames of each link, as LabRun has it; before run().
  [[nodiscard]] Outcome<void> capture(const std::string& folder) { return run_->capture(folder); }
  [[nodiscard]] sim::World& world() { return run_->world(); }

 private:
  TrialRun(const LabFile& lab, const Trial& trial);
  [[nodiscard]] Outcome<void> build();
  [[nodiscard]] Outcome<void> list_frame_faults();
  void list_frame_faults(LabLink& link) const;
  [[nodiscard]] Outcome<void> add_flows();
  void add_flow(const LabTraffic& traffic, const WatchedEnds& ends);
  [[nodiscard]] Outcome<void> schedule(const TrialItem& item);
  [[nodiscard]] Outcome<void> schedule_link(const TrialItem& item, sim::Link& link);
  [[nodiscard]] Outcome<void> schedule_host(const TrialItem& item);
  void at(std::uint64_t when, Task task);
  void cut(sim::Link& link, int by);
  void crash(const std::string& name);
  void boot(const std::string& name);
  void exchange(sim::Host& host, std::size_t mtu);
  void starve(std::size_t left);
  // Null: no stack of ours has this name.
  [[nodiscard]] sim::Host* find_host(const std::string& name) const;
  // The address by which others know a host.
  [[nodiscard]] static std::optional<IpAddress> address_of(sim::Host& host);
  void remember_setup(sim::Host& host);
  [[nodiscard]] bool may_fail() const;
  [[nodiscard]] bool may_be_wrong() const;

  // Of all links, switches and stacks.
  struct WorldCounts {
    std::uint64_t lost = 0, doubled = 0;  // frames and packets
    std::uint64_t udp_sent = 0, udp_received = 0, udp_refused = 0;
    bool had_no_buffer = false;  // some stack
  };
  [[nodiscard]] WorldCounts count_world() const;

  // Each says what is broken, if anything.
  [[nodiscard]] bool converse(TrialVerdict& verdict);
  [[nodiscard]] bool check_programs(TrialVerdict& verdict) const;
  [[nodiscard]] bool check_datagrams(TrialVerdict& verdict) const;
  [[nodiscard]] bool check_queues(TrialVerdict& verdict) const;
  [[nodiscard]] bool check_rest(TrialVerdict& verdict);
  [[nodiscard]] bool all_over() const;
  [[nodiscard]] std::uint64_t bytes_moved() const;
  void collect(TrialVerdict& verdict) const;

  LabFile lab_;
  LabFile original_;
  Trial trial_;
  // What a host is given again when it comes back.
  struct Setup {
    std::vector<AddressEntry> addresses;
    std::vector<RouteEntry> routes;
  };
  std::map<std::string, Setup, std::less<>> setups_;
  std::vector<std::vector<sim::FrameFault>> struck_;  // by link, both directions; outlive the world
  std::vector<std::unique_ptr<ExchangedDevice>> devices_;  // outlive the world, too
  std::unique_ptr<LabRun> run_;
  std::vector<std::unique_ptr<WatchedFlow>> flows_;
  std::vector<PacketPtr> hoard_;
  std::map<const sim::Link*, int> cuts_;
  std::map<std::string, int, std::less<>> crashes_;  // of hosts that are off
  Time quiet_from_{};                                // the last fault of the list is over
  std::size_t bytes_before_ = 0;
};

}  // namespace strata::service
