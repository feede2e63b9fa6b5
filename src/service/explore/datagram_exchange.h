// SPDX-License-Identifier: Apache-2.0
// DatagramExchange: a UDP [[traffic]] of a lab between two programs that check what they get.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "service/explore/datagram_ledger.h"
#include "service/explore/datagram_program.h"
#include "service/explore/watched_flow.h"
#include "service/lab/lab.h"

namespace strata::service {

struct DatagramPlan {
  std::string name;
  Time start{};
  std::uint64_t pattern = 0;  // of what the client sends; the next one is the server's
  DatagramProgramPlan client{}, server{};
  Duration bind_late{};
};

[[nodiscard]] constexpr bool is_datagram_exchange(const LabTraffic& traffic) {
  return traffic.kind == LabTraffic::Kind::kUdp;
}
// A choice that means something to who sends and takes datagrams.
[[nodiscard]] bool is_datagram_choice(ItemKind kind);
// `number` is another one for each flow of a lab that ends at `until`.
[[nodiscard]] DatagramPlan plan_datagrams(const LabTraffic& traffic, const Trial& trial,
                                          std::uint64_t number, Duration until);

class DatagramExchange final : public WatchedFlow {
 public:
  DatagramExchange(const WatchedEnds& ends, const DatagramPlan& plan);
  ~DatagramExchange() override;

  void listen() override;
  void lose(const sim::Host& host) override;
  void stop_listening() override {}  // what is under way needs its socket
  void close() override;
  [[nodiscard]] bool is_over() const override;
  [[nodiscard]] std::uint64_t bytes_moved() const override;
  [[nodiscard]] std::string state() const override;
  [[nodiscard]] std::optional<Trouble> trouble(const Excuses& excuses) const override;
  [[nodiscard]] DatagramCounts datagrams() const override;

 private:
  void begin();
  [[nodiscard]] Result<UdpSocket> open(sim::Host& host) const;

  DatagramPlan plan_;
  DatagramLedger asked_, answered_;
  std::optional<DatagramProgram> client_, server_;
  std::optional<Error> refused_;  // to open, bind or connect a socket
  TimerId start_timer_{}, bind_timer_{};
  bool has_begun_ = false;
};

}  // namespace strata::service
