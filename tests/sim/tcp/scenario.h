// SPDX-License-Identifier: Apache-2.0
// A scenario from a seed: a faulty line, two TCPs with options of their own, and what programs do.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "sim/tcp/transfer.h"

namespace strata::sim::tcp_test {

inline constexpr std::array<std::string_view, 4> kControls{"reno", "cubic", "bbr", "dctcp"};

struct Scenario {
  Transfer::Options options;
  bool may_fail = false;  // a program resets it
};

[[nodiscard]] inline Ratio chance(Rng& rng, std::uint64_t in_ten_thousand_max) {
  return rng.below(2) == 0 ? Ratio{} : Ratio{rng.below(in_ten_thousand_max + 1), 10'000};
}

[[nodiscard]] inline LinkConfig line_of(Rng& rng) {
  LinkConfig line;
  const std::uint64_t rates[] = {1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
  line.bits_per_second = rates[rng.below(4)];
  line.delay = Duration(static_cast<std::int64_t>(rng.below(60'000'000)));
  line.loss = chance(rng, 500);
  line.duplication = chance(rng, 300);
  line.corruption = chance(rng, 200);
  line.reordering = chance(rng, 1000);
  line.reorder_delay = Duration(static_cast<std::int64_t>(rng.below(20'000'000)));
  if (rng.below(4) == 0) {
    line.jitter = Duration(static_cast<std::int64_t>(rng.below(5'000'000)));
    line.jitter_reorders = rng.below(2) == 0;
  }
  if (rng.below(5) == 0) {
    line.burst_loss = {.good_to_bad = {1, 500}, .bad_to_good = {1, 5}, .loss_in_bad = {1, 2}};
  }
  if (rng.below(3) == 0) line.queue_packets_max = 10 + rng.below(100);
  return line;
}

[[nodiscard]] inline TcpConfig tcp_of(Rng& rng) {
  TcpConfig tcp;
  tcp.sack = rng.below(4) != 0;
  tcp.timestamps = rng.below(4) != 0;
  tcp.window_scaling = rng.below(4) != 0;
  tcp.ecn = static_cast<TcpEcn>(rng.below(3));
  tcp.congestion = CongestionName::of(kControls[rng.below(kControls.size())]);
  return tcp;
}

[[nodiscard]] inline TcpSocketOptions socket_of(Rng& rng) {
  TcpSocketOptions options;
  options.no_delay = rng.below(2) == 0;
  options.pacing = rng.below(4) == 0;
  if (rng.below(6) == 0) options.receive_buffer = static_cast<std::uint32_t>(500 + rng.below(8000));
  if (rng.below(6) == 0) options.send_buffer = static_cast<std::uint32_t>(2000 + rng.below(8000));
  if (rng.below(6) == 0) options.mss_max = static_cast<std::uint16_t>(100 + rng.below(1300));
  return options;
}

[[nodiscard]] inline ProgramOptions program_of(Rng& rng, std::uint64_t pattern_out,
                                               std::uint64_t pattern_in) {
  ProgramOptions program{.pattern_out = pattern_out, .pattern_in = pattern_in};
  // Now and then nothing at all, or next to nothing.
  const std::uint64_t sizes[] = {1, 5'000, 200'000, 200'000, 600'000};
  program.to_write = rng.below(sizes[rng.below(5)]);
  if (rng.below(5) == 0) {
    program.stall_every = 5'000 + rng.below(20'000);
    program.stall = Duration(static_cast<std::int64_t>(rng.below(2'000'000'000)));
  }
  if (rng.below(6) == 0) {
    program.write_at_once = 1 + rng.below(rng.below(2) == 0 ? 200 : 20'000);
    program.pause = Duration(static_cast<std::int64_t>(1'000'000 + rng.below(100'000'000)));
    program.to_write = std::min(program.to_write, program.write_at_once * 200);
  }
  return program;
}

inline void add_outages(Rng& rng, Transfer::Options& options) {
  const std::uint64_t count = rng.below(6) == 0 ? 1 + rng.below(3) : 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    Outage outage{
        .from = Time(20ms) + Duration(static_cast<std::int64_t>(rng.below(3'000'000'000))),
        .length = Duration(static_cast<std::int64_t>(rng.below(4'000'000'000)))};
    outage.kind = static_cast<Outage::Kind>(rng.below(3));
    options.outages.push_back(outage);
  }
}

[[nodiscard]] inline Scenario scenario_of(std::uint64_t seed) {
  Rng rng(seed * 7919);
  Scenario made;
  Transfer::Options& options = made.options;
  options.seed = seed;
  options.line = line_of(rng);
  options.client_tcp = tcp_of(rng);
  options.server_tcp = tcp_of(rng);
  options.client_socket = socket_of(rng);
  options.server_socket = socket_of(rng);
  options.is_v6 = rng.below(2) == 0;
  options.client = program_of(rng, 1, 2);
  options.server = program_of(rng, 2, 1);
  options.is_simultaneous = rng.below(10) == 0;
  if (rng.below(4) == 0) options.mark_from = 1 + rng.below(30);
  // Two that wait for each other's end would wait for ever.
  options.client.answers_after_end = rng.below(8) == 0;
  options.server.answers_after_end = !options.client.answers_after_end && rng.below(6) == 0;
  add_outages(rng, options);
  if (rng.below(10) == 0) {
    ProgramOptions& program = rng.below(2) == 0 ? options.client : options.server;
    program.abort_after = 1 + rng.below(100'000);
    made.may_fail = true;
    // The reset may be lost, and nobody but who asks hears of it then.
    options.client_socket.keepalive = options.server_socket.keepalive = true;
    options.client_socket.keepalive_idle = options.server_socket.keepalive_idle = 30s;
  }
  return made;
}

}  // namespace strata::sim::tcp_test
