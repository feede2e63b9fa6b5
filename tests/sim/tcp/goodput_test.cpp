// SPDX-License-Identifier: Apache-2.0
// How much of a path one flow gets, whatever the path loses.
//
// goodput.txt holds the table of every run, goodput-full.txt that of STRATA_FULL. After a change of
// congestion control that is meant: STRATA_UPDATE=1, and read what git diff says.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "sim/tcp/bottleneck.h"

namespace strata::sim::tcp_test::goodput_test {
namespace {

struct Grid {
  std::vector<std::uint64_t> losses;  // in ten thousand
  std::vector<Duration> rtts;
  std::vector<double> buffers;
  const char* file;
};

Grid grid() {
  if (std::getenv("STRATA_FULL") != nullptr) {
    return {{0, 1, 3, 10, 30, 100, 200, 300, 500},
            {1ms, 5ms, 20ms, 50ms, 100ms, 200ms},
            {0.5, 1.0, 4.0},
            "goodput-full.txt"};
  }
  return {{0, 10, 100}, {5ms, 20ms, 100ms}, {1.0}, "goodput.txt"};
}

// Bytes a second, and what the RFC's formula says for the losses there were.
struct Cell {
  double rate = 0;
  double response = 0;
};

Cell measure(std::string_view control, const Path& path, Duration time) {
  Bottleneck bottleneck(path);
  bottleneck.add_flow(control);
  bottleneck.run(time);
  return {.rate = bottleneck.rates()[0],
          .response = cubic_response(path, bottleneck.measured_loss())};
}

std::string path_of(const Grid& grid) {
  return std::string(STRATA_SOURCE_DIR) + "/tests/sim/tcp/" + grid.file;
}

std::vector<double> recorded(const Grid& grid) {
  std::ifstream file(path_of(grid));
  std::vector<double> cells;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::istringstream numbers(line.substr(colon + 1));
    for (double cell = 0; numbers >> cell;) cells.push_back(cell);
  }
  return cells;
}

// Every cell gets at least half of what RFC 9438 says, and what it got when the table was made.
TEST(TcpGoodput, IsThatOfTheTableAndAtLeastHalfOfTheResponse) {
  const Grid all = grid();
  const std::vector<double> before = recorded(all);
  std::string table = "# Mbit/s of text, 20 Mbit/s, 20 s; columns: RTT of";
  for (const Duration rtt : all.rtts) table += " " + std::to_string(rtt.count() / 1'000'000);
  table += " ms\n";
  std::size_t at = 0;
  for (const char* const control : {"cubic", "reno", "bbr"}) {
    for (const double buffer : all.buffers) {
      for (const std::uint64_t loss : all.losses) {
        char text[64];
        std::snprintf(text, sizeof text, "%-5s buffer %.1f loss %.2f %%:", control, buffer,
                      static_cast<double>(loss) / 100);
        table += text;
        for (const Duration rtt : all.rtts) {
          const Path path{
              .bits_per_second = 20'000'000, .rtt = rtt, .loss = {loss, 10'000}, .buffer = buffer};
          const Cell cell = measure(control, path, 20s);
          const double megabits = cell.rate * 8e-6;
          SCOPED_TRACE(std::string(text) + std::to_string(rtt.count() / 1'000'000) + " ms");
          EXPECT_GT(cell.rate, cell.response / 2);
          if (std::getenv("STRATA_UPDATE") == nullptr) {
            ASSERT_LT(at, before.size()) << "no such cell in " << path_of(all);
            // Another order of draws moves a cell by this much; a mistake by more.
            EXPECT_GT(megabits, before[at] * 0.8 - 0.1);
            EXPECT_LT(megabits, before[at] * 1.25 + 0.1);
          }
          ++at;
          std::snprintf(text, sizeof text, " %6.2f", megabits);
          table += text;
        }
        table += '\n';
      }
    }
  }
  if (std::getenv("STRATA_UPDATE") != nullptr) std::ofstream(path_of(all)) << table;
}

// The figures are those that are asked of BBRv3 and CUBIC on paths that lose by chance.
TEST(TcpGoodput, BbrKeepsItsRateAtOnePercentLoss) {
  const std::uint64_t seeds = std::getenv("STRATA_FULL") != nullptr ? 5 : 1;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Path path{.bits_per_second = 100'000'000, .rtt = 40ms, .loss = {1, 100}};
    Bottleneck bottleneck(path, seed);
    bottleneck.add_flow("bbr");
    bottleneck.run(5s);
    (void)bottleneck.rates();
    bottleneck.run(30s);
    EXPECT_GE(bottleneck.rates()[0], 0.85 * most_text(path)) << "seed " << seed;
  }
}

TEST(TcpGoodput, CubicAtOnePercentLossIsThatOfItsFormula) {
  const Path path{.bits_per_second = 100'000'000, .rtt = 20ms, .loss = {1, 100}};
  const Cell cell = measure("cubic", path, 30s);
  EXPECT_GE(cell.rate, cell.response);
}

}  // namespace
}  // namespace strata::sim::tcp_test::goodput_test
