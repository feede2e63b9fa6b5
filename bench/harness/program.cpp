// SPDX-License-Identifier: Apache-2.0
// The program around the registered benchmarks: arguments in, turns taken, report out.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <utility>

#include "bench/harness/benchmark.h"
#include "bench/harness/options.h"
#include "bench/harness/report.h"
#include "bench/harness/timing.h"
#include "service/print.h"

namespace strata::bench {
namespace {

using service::print;
using service::put;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kNothingFound = 3;

struct Registry {
  std::vector<void (*)()> areas;
  std::vector<Benchmark> benchmarks;
  std::vector<std::pair<std::string, Work>> works;
};

Registry& registry() {
  static Registry all;
  return all;
}

struct Prepared {
  std::unique_ptr<Contestant> contestant;
  ContestantResult result;
};

std::vector<Prepared> prepare_all(const Benchmark& benchmark) {
  std::vector<Prepared> prepared;
  for (const ContestantSpec& spec : benchmark.contestants) {
    Prepared one;
    one.result.name = spec.name;
    if (auto entry = spec.prepare()) {
      one.contestant = std::move(*entry);
    } else {
      one.result.unavailable = entry.error();
    }
    prepared.push_back(std::move(one));
  }
  return prepared;
}

Result measure(const Benchmark& benchmark, const Options& options) {
  Result result{.name = benchmark.name,
                .unit = benchmark.unit,
                .claim = benchmark.claim,
                .better = benchmark.better,
                .goal = benchmark.goal,
                .ratio_goal = benchmark.ratio_goal,
                .load = load_average(),
                .point = benchmark.point,
                .contestants = {}};
  std::vector<Prepared> prepared = prepare_all(benchmark);
  const Seconds slice = options.seconds / static_cast<double>(options.rounds);
  // Caches, branch predictors and clocks settle before anything counts.
  for (Prepared& one : prepared) {
    if (one.contestant != nullptr) (void)one.contestant->measure(std::min(slice, Seconds(0.05)));
  }
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (Prepared& one : prepared) {
      if (one.contestant == nullptr) continue;
      const auto began = Wall::now();
      const Seconds worked = processor_time();
      one.result.samples.push_back(one.contestant->measure(slice));
      one.result.worked += processor_time() - worked;
      one.result.took += Wall::now() - began;
    }
  }
  for (Prepared& one : prepared) {
    if (one.contestant != nullptr) one.result.details = one.contestant->details();
    result.contestants.push_back(std::move(one.result));
  }
  return result;
}

// What goes to standard output is looked after by after_output().
bool write_to(const std::string& path, const std::string& text) {
  if (path == "-") {
    put(stdout, text);
    return true;
  }
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) print(stderr, "bench: cannot write '{}'\n", path);
  return static_cast<bool>(file);
}

int do_work(const Options& options) {
  for (const auto& [name, work] : registry().works) {
    if (name != options.work) continue;
    work(options.work_count);
    return 0;
  }
  print(stderr, "bench: no work is called '{}'\n", options.work);
  return kNothingFound;
}

std::vector<const Benchmark*> select(const Options& options) {
  std::vector<const Benchmark*> selected;
  for (const Benchmark& benchmark : registry().benchmarks) {
    if (benchmark.is_long && !options.is_full) continue;
    if (benchmark.name.contains(options.filter)) selected.push_back(&benchmark);
  }
  return selected;
}

int list(const std::vector<const Benchmark*>& selected) {
  for (const Benchmark* benchmark : selected) {
    print("{:<28} {}\n", benchmark->name, benchmark->claim);
  }
  return selected.empty() ? kNothingFound : 0;
}

int run(const std::vector<const Benchmark*>& selected, const Options& options) {
  const Machine machine = this_machine();
  // A report that goes to standard output has it for itself.
  std::FILE* table = options.json_path != "-" ? stdout : stderr;
  print(table, "{}, {} cores, {}; {} rounds, median [min - max]\n\n", machine.cpu, machine.cores,
        machine.kernel, options.rounds);
  std::vector<Result> results;
  bool all_ran = true;
  for (const Benchmark* benchmark : selected) {
    results.push_back(measure(*benchmark, options));
    print(table, "{}\n", text_of(results.back()));
    static_cast<void>(std::fflush(table));
    all_ran = all_ran && results.back().contestants.front().ran();
  }
  if (!options.json_path.empty()) {
    all_ran = write_to(options.json_path, json_of(results, machine)) && all_ran;
  }
  return all_ran ? 0 : kFailed;
}

}  // namespace

Registration::Registration(void (*add_all)()) { registry().areas.push_back(add_all); }

void add(Benchmark benchmark) { registry().benchmarks.push_back(std::move(benchmark)); }

const std::vector<Benchmark>& registered() { return registry().benchmarks; }

void add_work(std::string name, Work work) {
  registry().works.emplace_back(std::move(name), std::move(work));
}

namespace {

// Results that did not arrive are a failure, however well all ran.
int after_output(int status) {
  const auto why = service::unwritten(stdout);
  if (!why) return status;
  print(stderr, "bench: standard output: {}\n", *why);
  return status == 0 ? kFailed : status;
}

int run_with(std::span<char* const> arguments, const char* program) {
  const auto options = parse_options(arguments);
  if (!options) {
    print(stderr, "bench: {}\n{}", options.error(), usage(program));
    return kUsage;
  }
  if (options->wants_help) {
    put(stdout, usage(program));
    return 0;
  }
  if (!options->work.empty()) return do_work(*options);
  const auto selected = select(*options);
  if (options->lists) return list(selected);
  if (selected.empty()) {
    print(stderr, "bench: nothing here is called '*{}*'; --list names what there is\n",
          options->filter);
    return kNothingFound;
  }
  return run(selected, *options);
}

}  // namespace

int run_program(int argc, char** argv) {
  for (void (*add_all)() : std::exchange(registry().areas, {})) add_all();
  const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
  return after_output(run_with(arguments.subspan(1), argv[0]));
}

}  // namespace strata::bench
