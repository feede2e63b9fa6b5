// SPDX-License-Identifier: Apache-2.0
// The command line of every benchmark program.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "bench/harness/benchmark.h"

namespace strata::bench {

struct Options {
  std::string filter;  // part of a name; empty: all
  std::size_t rounds = 5;
  Seconds seconds{5};  // for each contestant, over all rounds
  bool is_smoke = false;
  bool is_full = false;  // with what takes minutes or gigabytes
  bool lists = false;
  bool wants_help = false;
  std::string json_path;  // "-": standard output
  std::string work;       // do this piece of work and nothing else
  std::uint64_t work_count = 0;
};

// Or what is wrong with them.
[[nodiscard]] std::expected<Options, std::string> parse_options(std::span<char* const> arguments);

[[nodiscard]] std::string usage(std::string_view program);

}  // namespace strata::bench
