// SPDX-License-Identifier: Apache-2.0
// LabFile: what a lab file says, as plain values that have been checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/failure.h"
#include "service/lab/lab_middlebox.h"
#include "service/stack_options.h"
#include "strata/address.h"
#include "strata/sim_link.h"
#include "strata/sim_queue.h"
#include "strata/tcp_config.h"
#include "strata/time.h"

//   title = "Bufferbloat"
//   until = "30s"
//   seed = 1
//   sample = "100ms"                     # how often flows and queues are looked at
//
//   [[host]]
//   name = "server"
//   address = ["10.1.0.1/24"]            # without any: given out, a network for each wire
//   tcp = { congestion = "reno", sack = false }
//   serve = ["echo", "http=www"]         # for who asks from outside; the folder lies beside the
//   lab
//
//   [[router]]
//   name = "home"
//   [[switch]]
//   name = "lan"
//
//   [[device]]                           # with --realtime: a TAP device, and who uses it
//   name = "laptop"
//   tap = "lab0"
//   netns = "laptop"
//
//   [[middlebox]]                        # a box in the middle of a wire: lab_middlebox.h
//   name = "nat"
//   does = "nat"
//
//   [[topology]]                         # nodes and links by the dozen: strata/sim_topology.h
//   kind = "dumbbell"                    # line, ring, star, dumbbell, parking_lot, tree, fat_tree
//   name = "d"                           # d.left1, d.r1 ...; without it: left1, r1 ...
//   hosts = 10                           # or routers, depth and fanout, k
//   access = { rate = "100Mbit/s" }      # as of a [[link]]
//   trunk = { rate = "10Mbit/s", delay = "20ms" }
//
//   [[link]]
//   between = ["server", "home"]
//   rate = "10Mbit/s"
//   delay = "20ms"
//   queue = "fq_codel"                   # or codel, tail
//   queue_packets = 1000
//   loss = "1%"
//   back = { rate = "1Mbit/s" }          # the other direction, where it differs
//
//   [[traffic]]
//   kind = "bulk"                        # or request, ping, udp, on_off, flows, page and more
//   from = "server"                      # or "left*": all whose names begin so
//   to = "client"
//   pairing = "one_to_one"               # or all_to_all, with several
//   start = "1s"
//
//   [[event]]
//   at = "10s"
//   link = "server-home"
//   is = "down"                          # or up
//
// docs/labs.md has all keys.
// A failure reads "FILE:LINE: KEY: what was expected". Unknown keys are failures.

namespace strata::service {

struct LabQueue {
  enum class Kind : std::uint8_t { kTail, kCodel, kFqCodel };
  Kind kind = Kind::kTail;
  bool marks = false;

  friend bool operator==(const LabQueue&, const LabQueue&) = default;
};

// A TAP device of the host, which takes part when the lab runs in real time.
struct LabDevice {
  std::string interface;
  std::string network_namespace;  // its other side lies in; empty: the program's own
  bool is_bare = false;           // it is given no addresses and routes
};

struct LabNode {
  enum class Kind : std::uint8_t { kHost, kRouter, kSwitch, kMiddlebox, kDevice };
  Kind kind = Kind::kHost;
  std::string name;
  std::vector<Prefix> addresses{};
  TcpConfig tcp{};
  std::vector<ServeOptions> serves{};
  LabMiddlebox middlebox{};
  LabDevice device{};
  std::size_t line = 0;  // of the file
};

// Has a stack, and addresses.
[[nodiscard]] constexpr bool is_machine(LabNode::Kind kind) {
  return kind == LabNode::Kind::kHost || kind == LabNode::Kind::kRouter;
}

// The rate of one direction as time passes.
struct LabRates {
  struct Step {
    Duration at{};
    std::uint64_t bits_per_second = 0;
  };
  std::vector<Step> steps{};  // by time
  Duration repeat{};          // begins anew so often; 0: never
};

// A link that goes down again and again.
struct LabFlaps {
  Duration first{}, down{}, up{};
  bool is_random = false;  // down and up are means of exponential times
};

struct LabLink {
  std::string from, to;
  std::size_t from_node = 0, to_node = 0;  // indices of LabFile::nodes
  sim::LinkConfig there{}, back{};
  LabQueue queue_there{}, queue_back{};
  LabRates rates_there{}, rates_back{};
  std::optional<LabFlaps> flaps{};
  [[nodiscard]] std::string name() const { return from + "-" + to; }
};

struct LabTraffic {
  enum class Kind : std::uint8_t {
    kBulk,      // one connection, as much as it carries
    kOnOff,     // the same, with pauses
    kRequest,   // one connection, a request after each answer
    kRamp,      // more and more of them
    kFlows,     // a connection for each request, begun by a Poisson process
    kPage,      // a page of many objects over a few connections
    kPing,      // echo requests
    kUdp,       // datagrams at a constant rate
    kSynFlood,  // SYNs from addresses that are not there
  };
  Kind kind = Kind::kBulk;
  std::string name;
  std::string from, to;
  std::size_t from_node = 0, to_node = 0;  // indices of LabFile::nodes
  Duration start{};
  std::optional<Duration> stop{};
  std::uint64_t bytes = 0;    // bulk: in all; 0: without end
  std::uint64_t size = 64;    // of a request, a datagram, an echo
  std::uint64_t answer = 64;  // bytes of the answer, or of an object of a page
  Duration every{};           // pause after an answer or a page; interval of packets; mean of flows
  std::uint32_t writes = 1;   // a request is written in so many parts
  std::uint32_t clients = 10;     // ramp: at its end
  Duration over{};                // ramp: until all are there
  std::uint32_t objects = 20;     // page
  std::uint32_t connections = 6;  // page: at a time
  Duration on{}, off{};           // on_off
  bool is_random = false;         // on_off: on and off are means of exponential times
  bool no_delay = false;          // TCP: without Nagle's algorithm
  std::string congestion{};       // TCP: of these connections

  [[nodiscard]] bool is_tcp() const { return kind < Kind::kPing; }
};

struct LabEvent {
  enum class Kind : std::uint8_t {
    kLink,       // up or down
    kChange,     // a link becomes another
    kPartition,  // nodes are cut off from all others, until `lasts` has passed
    kCrash,      // a host loses its stack, until `lasts` has passed
    kRestart,    // and has a new one
    kAddress,    // a host has another address on its first link
    kDrift,      // a host's clock runs too fast or too slow
    kBuffers,    // a host has no packet buffers, until `lasts` has passed
  };
  Kind kind = Kind::kLink;
  Duration at{};
  Duration lasts{};  // 0: to the end
  std::size_t link = 0;
  bool is_up = false;
  LabLink change{};  // kChange: both directions as they shall be
  // kChange: but for the rate, which is what steps have made of it by then.
  bool keeps_rate_there = false, keeps_rate_back = false;
  std::vector<std::size_t> nodes;  // the one, or those cut off
  Prefix address{};
  std::int64_t drift_ppm = 0;
};

struct LabFile {
  std::string title;
  std::uint64_t seed = 1;
  Duration until = std::chrono::seconds(10);
  Duration sample = std::chrono::milliseconds(100);
  std::uint32_t packets = 0;  // of the world; 0: as many as its nodes and queues seem to need
  std::vector<LabNode> nodes;
  std::vector<LabLink> links;
  std::vector<LabTraffic> traffic;
  std::vector<LabEvent> events;
};

inline constexpr std::size_t kLabFlowsMax = 50'000;

[[nodiscard]] Outcome<LabFile> read_lab_file(const std::string& path);
// `path` is what failures call it.
[[nodiscard]] Outcome<LabFile> read_lab_text(std::string_view text, const std::string& path);

}  // namespace strata::service
