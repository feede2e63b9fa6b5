// SPDX-License-Identifier: Apache-2.0
// What can be seen of a connection: TcpInfo, events, and what the flow doctor makes of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tcp/doctor.h"
#include "tcp/support/programs.h"

namespace strata::tcp::connection_info_test {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Recorder final : public TcpObserver {
 public:
  void on_tcp_event(const TcpEvent& event) override { events.push_back(event); }
  [[nodiscard]] std::size_t count(TcpEventKind kind) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(events, [&](const TcpEvent& event) { return event.kind == kind; }));
  }
  std::vector<TcpEvent> events;
};

TEST(ConnectionInfo, TellsWhatWasAgreedAndHowFarAway) {
  Wire wire;
  const Ends ends = establish(wire);
  wire.run_for(seconds(1));
  const auto info = wire.client.transport.info(ends.client, wire.now);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->state, TcpState::kEstablished);
  EXPECT_TRUE(info->has_timestamps && info->has_sack && info->has_window_scaling && info->has_ecn);
  EXPECT_EQ(info->send_mss, 1448U);
  EXPECT_EQ(info->path_mtu, 1500U);
  EXPECT_EQ(info->smoothed_rtt, milliseconds(20));
  EXPECT_EQ(info->congestion.view(), "cubic");
  EXPECT_EQ(info->congestion_window, 10U * 1448);
  EXPECT_EQ(info->remote, (Endpoint{kServerAddress, kServerPort}));
  EXPECT_GT(info->age, seconds(1));
}

// From the client to the server, and then the client's end.
void send_100_000(Wire& wire, const Ends& ends) {
  Source source(wire, Side::kClient, ends.client, 1, 100'000);
  Sink sink(wire, Side::kServer, ends.server, 1);
  ASSERT_TRUE(wire.run_until([&] {
    source.run();
    sink.run();
    wire.pump();
    return sink.is_done();
  }));
}

TEST(ConnectionInfo, CountsWhatWentAndCame) {
  Wire wire;
  const Ends ends = establish(wire);
  send_100_000(wire, ends);
  wire.run_for(seconds(1));
  const auto sender = wire.client.transport.info(ends.client, wire.now);
  EXPECT_EQ(sender->bytes_sent, 100'000U);
  EXPECT_EQ(sender->bytes_acknowledged, 100'000U);
  EXPECT_EQ(sender->bytes_retransmitted, 0U);
  EXPECT_EQ(sender->data_segments_sent, (100'000U + 1447) / 1448);
  EXPECT_EQ(sender->segments_sent, sender->data_segments_sent + 2) << "SYN, and the ACK of it";
  const auto receiver = wire.server.transport.info(ends.server, wire.now);
  EXPECT_EQ(receiver->bytes_received, 100'000U);
  EXPECT_EQ(receiver->data_segments_received, sender->data_segments_sent);
  EXPECT_EQ(receiver->out_of_order_received, 0U);
  EXPECT_EQ(sender->segments_received, receiver->segments_sent);
}

// Whoever still holds a connection that has ended may ask what became of it.
TEST(ConnectionInfo, WhatWasCountedOutlivesTheConnection) {
  for (const bool is_reset : {false, true}) {
    Wire wire;
    const Ends ends = establish(wire);
    send_100_000(wire, ends);
    if (is_reset) {
      wire.server.transport.abort(ends.server, wire.now);
    } else {
      wire.server.transport.close(ends.server, wire.now);
    }
    wire.run_for(seconds(1));
    const auto info = wire.client.transport.info(ends.client, wire.now);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->state, is_reset ? TcpState::kClosed : TcpState::kTimeWait);
    EXPECT_EQ(info->bytes_sent, 100'000U);
    EXPECT_EQ(info->bytes_acknowledged, 100'000U);
    EXPECT_EQ(info->smoothed_rtt, milliseconds(20));
    EXPECT_EQ(info->unacknowledged, 0U);
  }
}

TEST(ConnectionInfo, AnObserverHearsOfStatesSegmentsAndRecovery) {
  Wire wire;
  Recorder recorder;
  ASSERT_TRUE(wire.client.transport.add_observer(recorder));
  const Ends ends = establish(wire);
  int sent = 0;
  wire.filter = [&](Side from, Segment& segment) {
    return from == Side::kClient && segment.payload_bytes != 0 && ++sent == 5;
  };
  Source source(wire, Side::kClient, ends.client, 1, 100'000);
  Sink sink(wire, Side::kServer, ends.server, 1);
  ASSERT_TRUE(wire.run_until([&] {
    source.run();
    sink.run();
    wire.pump();
    return sink.is_done();
  }));
  wire.client.transport.close(ends.client, wire.now);
  wire.run_for(seconds(1));
  wire.client.transport.remove_observer(recorder);
  EXPECT_GE(recorder.count(TcpEventKind::kStateChanged), 2U);
  EXPECT_EQ(recorder.count(TcpEventKind::kRecoveryEntered), 1U);
  EXPECT_EQ(recorder.count(TcpEventKind::kRecoveryLeft), 1U);
  EXPECT_GT(recorder.count(TcpEventKind::kWindowChanged), 3U);
  EXPECT_GT(recorder.count(TcpEventKind::kSegmentReceived), 10U);
  const auto again = std::ranges::find_if(recorder.events, [](const TcpEvent& event) {
    return event.kind == TcpEventKind::kSegmentSent && event.is_retransmission;
  });
  ASSERT_NE(again, recorder.events.end());
  EXPECT_TRUE(again->cause == TcpLossCause::kReordering ||
              again->cause == TcpLossCause::kDuplicateAcks);
  EXPECT_EQ(again->socket, (SocketId{ends.client.index, ends.client.generation}));
}

// The doctor's verdicts, on flows whose limit is known.
Limit verdict(Wire& wire, std::uint64_t write_every_ms, std::size_t read_every_step,
              const TcpSocketOptions& options = {}) {
  const Ends ends = establish(wire, options);
  Sink sink(wire, Side::kServer, ends.server, 1);
  Source source(wire, Side::kClient, ends.client, 1, UINT64_MAX / 2);
  TcpInfo before;
  Time next_write = wire.now;
  const auto run = [&](Duration duration) {
    const Time end = wire.now + duration;
    (void)wire.run_until(
        [&] {
          if (write_every_ms == 0) source.run(4096);
          if (write_every_ms != 0 && wire.now >= next_write) {
            next_write = wire.now + milliseconds(write_every_ms);
            const std::array<std::byte, 100> little{};
            (void)wire.client.transport.write(ends.client, little, wire.now);
          }
          sink.run(read_every_step);
          wire.pump();
          return wire.now >= end;
        },
        duration + seconds(1));
  };
  run(seconds(3));
  before = *wire.client.transport.info(ends.client, wire.now);
  run(seconds(3));
  return explain(*wire.client.transport.info(ends.client, wire.now), before).limit;
}

TEST(ConnectionInfo, TheDoctorFindsTheKnownLimit) {
  WireConfig narrow{.delay = milliseconds(20), .bytes_per_second = 500'000};
  narrow.queue_bytes = 200'000;
  {
    Wire wire(1, narrow);
    EXPECT_EQ(verdict(wire, 0, SIZE_MAX), Limit::kCongestionWindow);
  }
  {
    WireConfig lossy = narrow;
    lossy.loss = {4, 100};
    Wire wire(1, lossy);
    EXPECT_EQ(verdict(wire, 0, SIZE_MAX), Limit::kLoss);
  }
  {
    Wire wire(1, {.delay = milliseconds(100), .bytes_per_second = 20'000'000});
    TcpSocketOptions options;
    options.send_buffer = 16384;
    EXPECT_EQ(verdict(wire, 0, SIZE_MAX, options), Limit::kSendBuffer);
  }
}

}  // namespace
}  // namespace strata::tcp::connection_info_test
