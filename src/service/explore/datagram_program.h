// SPDX-License-Identifier: Apache-2.0
// DatagramProgram: one end of a UDP [[traffic]], which holds each datagram against what was sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "service/explore/datagram_ledger.h"
#include "service/explore/program.h"
#include "service/explore/trial.h"
#include "strata/sim.h"
#include "strata/udp_socket.h"

// It sends at its own pace, or answers each datagram that comes; nothing is sent twice, and nobody
// waits for what does not come. Choices say how large datagrams are, when it waits, and how it
// takes them; their places are bytes that it has sent or taken.

namespace strata::service {

struct DatagramProgramPlan {
  std::uint64_t count = 0;  // of its own accord
  Duration every{};
  std::size_t size = DatagramLedger::kSizeMin;  // of these, or of its answers
  bool answers = false;
  std::vector<TrialItem> choices{};
};

class DatagramProgram {
 public:
  // The ledgers outlive it: what was sent before its host crashed may yet arrive.
  DatagramProgram(sim::Host& host, UdpSocket socket, const DatagramProgramPlan& plan,
                  DatagramLedger& sent, DatagramLedger& received);
  ~DatagramProgram();
  DatagramProgram(const DatagramProgram&) = delete;
  DatagramProgram& operator=(const DatagramProgram&) = delete;

  // The next of its own accord, to the socket's peer, and so on until has_sent_all().
  void send_next();
  [[nodiscard]] bool has_sent_all() const { return tried_ == plan_.count; }
  // Whatever has come and waits, without pauses and answers.
  void take_rest();

 private:
  [[nodiscard]] Time now() { return host_.executor().now(); }
  void send(const std::optional<Endpoint>& to);
  void read();
  [[nodiscard]] bool take_one();
  [[nodiscard]] Result<DatagramInfo> receive();

  sim::Host& host_;
  UdpSocket socket_;
  DatagramProgramPlan plan_;
  DatagramLedger& sent_;
  DatagramLedger& received_;
  TrialSteps sizes_, write_pauses_, read_pauses_, packets_, options_;
  std::vector<std::byte> buffer_;
  std::size_t size_;
  std::uint64_t tried_ = 0, written_ = 0, read_ = 0;
  bool takes_packets_ = false, is_read_paused_ = false;
  TimerId send_timer_{}, read_timer_{};
};

}  // namespace strata::service
