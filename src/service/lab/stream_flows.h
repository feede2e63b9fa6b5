// SPDX-License-Identifier: Apache-2.0
// Flows of one long connection over TCP: as much as it carries, or that with pauses.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "service/lab/flow.h"
#include "strata/packet.h"
#include "strata/rng.h"
#include "strata/tcp_listener.h"

namespace strata::service {

[[nodiscard]] TcpSocketOptions tcp_options_of(const LabTraffic& traffic, sim::Host& host);

// One connection from `from` to a listener of `to`; made anew, a second later, when it fails.
class StreamFlow : public Flow {
 public:
  StreamFlow(const LabTraffic& traffic, const FlowEnds& ends);

  void start() override;
  void stop() override;
  void on_crash(const sim::Host& host) override;
  void on_restart(const sim::Host& host) override;
  void on_address(const IpAddress& address) override { ends_.address = address; }
  [[nodiscard]] std::optional<TcpInfo> info() const override;
  [[nodiscard]] FlowCounts counts() const override;

 protected:
  // Of what there is to write now.
  [[nodiscard]] virtual bool may_write() const { return true; }
  void write();
  [[nodiscard]] bool is_running() const { return is_running_; }

  LabTraffic traffic_;
  FlowEnds ends_;

 private:
  void listen();
  void accept();
  void connect();
  void on_client(Readiness news);
  void on_server();
  // Not from inside a callback of the stream.
  void give_up_client();
  void retry_later();
  // The text, in a buffer that all that is written has in common. Null: there is none.
  [[nodiscard]] PacketPtr share_text();

  std::optional<TcpListener> listener_;
  std::optional<TcpStream> client_, server_;
  FlowCounts counts_;
  std::vector<std::byte> text_;
  PacketPtr shared_text_;  // as long as there is a client
  std::uint64_t written_ = 0;
  bool is_running_ = false, is_retrying_ = false;
  std::array<std::byte, 65'536> buffer_;
};

class OnOffFlow final : public StreamFlow {
 public:
  OnOffFlow(const LabTraffic& traffic, const FlowEnds& ends)
      : StreamFlow(traffic, ends), rng_(ends.seed) {}
  void start() override;

 private:
  [[nodiscard]] bool may_write() const override { return is_on_; }
  void turn_on(bool on);

  Rng rng_;
  bool is_on_ = true;
};

}  // namespace strata::service
