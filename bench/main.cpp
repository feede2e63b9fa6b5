// SPDX-License-Identifier: Apache-2.0
// strata-bench: all benchmarks of the *_bench.cpp beside it.
#include "bench/harness/benchmark.h"

int main(int argc, char** argv) { return strata::bench::run_program(argc, argv); }
