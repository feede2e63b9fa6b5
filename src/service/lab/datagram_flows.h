// SPDX-License-Identifier: Apache-2.0
// Flows of datagrams: echo requests, UDP at a constant rate, and a flood of SYNs.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "service/lab/flow.h"
#include "strata/icmp_socket.h"
#include "strata/raw_socket.h"
#include "strata/rng.h"
#include "strata/udp_socket.h"

namespace strata::service {

// One packet each `every`, from start() to stop().
class PacedFlow : public Flow {
 public:
  void start() override;
  void stop() override { is_running_ = false; }
  void on_crash(const sim::Host& host) override;
  void on_restart(const sim::Host& host) override;
  void on_address(const IpAddress& address) override;
  [[nodiscard]] FlowCounts counts() const override { return counts_; }

 protected:
  PacedFlow(const LabTraffic& traffic, const FlowEnds& ends) : traffic_(traffic), ends_(ends) {}
  // The sending end: made, given up, and used.
  [[nodiscard]] virtual bool open() = 0;
  virtual void close() = 0;
  virtual void send() = 0;
  // The receiving end, where there is one.
  virtual void listen() {}
  virtual void stop_listening() {}
  [[nodiscard]] Time now() const { return ends_.from.executor().now(); }

  LabTraffic traffic_;
  FlowEnds ends_;
  FlowCounts counts_;

 private:
  void tick(std::uint64_t round);
  std::uint64_t round_ = 0;  // of those that were started
  bool is_running_ = false;
};

class PingFlow final : public PacedFlow {
 public:
  PingFlow(const LabTraffic& traffic, const FlowEnds& ends)
      : PacedFlow(traffic, ends), payload_(traffic.size) {}

 private:
  [[nodiscard]] bool open() override;
  void close() override { socket_.reset(); }
  void send() override;
  void take_replies();

  std::optional<IcmpSocket> socket_;
  std::vector<std::byte> payload_;
  std::map<std::uint16_t, Time> sent_at_;
};

// Each datagram begins with the time it left at: both ends have the same clock.
class UdpFlow final : public PacedFlow {
 public:
  UdpFlow(const LabTraffic& traffic, const FlowEnds& ends);

 private:
  [[nodiscard]] bool open() override;
  void close() override { sender_.reset(); }
  void send() override;
  void listen() override;
  void stop_listening() override { receiver_.reset(); }
  void take_datagrams();

  std::optional<UdpSocket> sender_, receiver_;
  std::vector<std::byte> payload_;
};

// A SYN each `every`, to the port of nobody's, from addresses of the sender's network that are not
// there: what answers them gets no answer.
class SynFlood final : public PacedFlow {
 public:
  SynFlood(const LabTraffic& traffic, const FlowEnds& ends);

 private:
  [[nodiscard]] bool open() override;
  void close() override { socket_.reset(); }
  void send() override;

  Rng rng_;
  std::optional<RawSocket> socket_;
};

}  // namespace strata::service
