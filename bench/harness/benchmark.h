// SPDX-License-Identifier: Apache-2.0
// What a benchmark is: a claim, the contestants that are measured for it, and a goal.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// A benchmark compares like with like in one run:
//
//   round 1:  strata  peer  peer2     every contestant works for --seconds / --rounds
//   round 2:  strata  peer  peer2     so that a busy moment of the machine hits all of them
//   ...
//
// 1. A contestant is prepared once, measured in every round, and gone before the next benchmark.
// 2. What a contestant answers is one figure in the unit of its benchmark. The report gives the
//    median and the spread over the rounds; nothing is left out as an outlier.
// 3. A peer that cannot run says why. It is reported, never dropped in silence.

namespace strata::bench {

using Seconds = std::chrono::duration<double>;

// A figure that is worth telling beside the measurement, such as allocations per packet.
struct Detail {
  std::string name;
  double value = 0;
};

class Contestant {
 public:
  virtual ~Contestant() = default;
  // Works for about this long and answers one figure.
  [[nodiscard]] virtual double measure(Seconds duration) = 0;
  // Asked once, after the last round.
  [[nodiscard]] virtual std::vector<Detail> details() const { return {}; }
};

// The contestant, or why it cannot run here.
using Entry = std::expected<std::unique_ptr<Contestant>, std::string>;

struct ContestantSpec {
  std::string name;
  std::function<Entry()> prepare;
};

// A benchmark may be a point of a curve: the same measurement for more and more of something. All
// points of a curve have the same contestants.
struct Point {
  std::string curve;  // AREA/WHAT
  std::string of;     // what `at` counts: "connections"
  double at = 0;
};

enum class Better : std::uint8_t { kHigher, kLower };

struct Benchmark {
  std::string name;  // AREA/WHAT
  std::string unit;
  Better better = Better::kHigher;
  std::string claim;  // one sentence: what is measured, and how
  // The first is ours, the others are peers.
  std::vector<ContestantSpec> contestants;
  std::optional<double> goal = std::nullopt;
  // Ours over the first peer's: at least (kHigher) or at most (kLower) this.
  std::optional<double> ratio_goal = std::nullopt;
  std::optional<Point> point = std::nullopt;
  bool is_long = false;  // only with --full: it takes minutes or gigabytes
};

// Each bench/AREA_bench.cpp has one Registration, with a function that calls add() and add_work().
// They run in the order of the names of their files.
class Registration {
 public:
  explicit Registration(void (*add_all)());
};

void add(Benchmark benchmark);
[[nodiscard]] const std::vector<Benchmark>& registered();

// A piece of work of exactly `count` units for programs that count instructions (--work).
using Work = std::function<void(std::uint64_t count)>;
void add_work(std::string name, Work work);

// The whole of main(): reads arguments, runs what they select, prints the report. Exit status 0;
// 1 when a benchmark of ours could not run; 2 for arguments that make no sense; 3 when nothing
// here has the wanted name.
int run_program(int argc, char** argv);

}  // namespace strata::bench
