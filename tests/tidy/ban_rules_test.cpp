// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tidy/planted.h"

namespace strata::tidy::ban_rules_test {
namespace {

struct Case {
  const char* path;
  const char* code;
  const char* advice;  // part of the replacement; empty: allowed there
};

class Bans : public testing::TestWithParam<Case> {};

TEST_P(Bans, NameTheirReplacement) {
  const auto [path, code, advice] = GetParam();
  const Findings findings = check_bans(planted({{path, code}}));
  if (std::string_view(advice).empty()) {
    EXPECT_TRUE(findings.empty()) << to_text(findings);
  } else {
    EXPECT_TRUE(only_finding(findings, path, advice)) << code << "\n" << to_text(findings);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Bans,
    testing::Values(
        Case{"src/ip/a.cpp", "auto t = std::chrono::steady_clock::now();", "`now` argument"},
        Case{"src/sim/a.cpp", "auto t = std::chrono::system_clock::now();", "`now` argument"},
        Case{"tests/ip/a_test.cpp", "clock_gettime(0, &t);", "`now` argument"},
        Case{"src/sim/a.cpp", "gettimeofday(&t, nullptr);", "real_clock.h"},
        Case{"src/ip/a.cpp", "std::random_device d;", "strata::Rng"},
        Case{"src/sim/a.cpp", "getrandom(p, 8, 0);", "strata::Rng"},
        Case{"bench/a_bench.cpp", "int x = rand();", "strata::Rng"},
        Case{"src/sim/a.cpp", "std::thread worker;", "one thread"},
        Case{"src/stack/a.h", "std::mutex lock_;", "one thread"},
        Case{"src/udp/a.cpp", "auto* p = new Table;", "strata::Memory"},
        Case{"src/driver/a.cpp", "void* p = std::malloc(9);", "strata::Memory"},
        Case{"src/udp/a.h", "std::vector<int> x_;", "base/vector.h"},
        Case{"src/udp/a.h", "std::string x_;", "std::string_view"},
        Case{"src/udp/a.h", "std::function<void()> x_;", "inline_function.h"},
        Case{"src/udp/a.h", "std::unordered_map<int, int> x_;", "hash_index.h"},
        Case{"src/udp/a.cpp", "throw 1;", "Result<T>"},
        Case{"apps/strata/a.cpp", "auto s = std::format(f, 1);", "fmt"},
        Case{"src/socket/native/a.cpp", "printf(f, 1);", "fmt above rank 3"},
        Case{"src/stack/a.cpp", "std::snprintf(b, 8, f);", "fmt above rank 3"},
        Case{"apps/strata/a.cpp", "fmt::print(stderr, f, 1);", "service::print"},
        Case{"bench/harness/a.cpp", "fmt::print(f, 1);", "service::print"},
        Case{"apps/strata/a.cpp", "std::fputs(text, stdout);", "service::print"},
        Case{"src/service/a.cpp", "std::cout << 1;", "service::print"},
        Case{"src/driver/a.cpp", "assert(x);", "STRATA_CHECK"},
        Case{"tests/sim/a_test.cpp", "std::this_thread::sleep_for(d);", "virtual time"},
        Case{"tests/ip/a_test.cpp", "EXPECT_TRUE(true);", "that can fail"},
        Case{"tests/ip/a_test.cpp", "GTEST_SKIP();", "runs everywhere"},
        Case{"src/udp/a.cpp", "#define TABLE std::vector<int>", "base/vector.h"},
        Case{"src/sim/a.cpp", "std::this_thread::sleep_for(d);", "a deadline"},
        Case{"src/stack/a.cpp", "std::shared_mutex m;", "one thread"},
        Case{"src/ip/a.cpp", "auto s = std::to_string(1);", "fmt above rank 3"},
        Case{"src/ip/a.cpp", "std::set<int> s;", "interval_set.h"},
        Case{"src/driver/a.cpp", "int get_fd();", "name what it returns"},
        Case{"src/driver/a.h", "class RingManager {", "name what it does"},
        Case{"src/driver/a.h", "using namespace wire;", "one by one"},
        Case{"include/strata/loop.h", "#define CHECK(x) x", "STRATA_"},
        // Welcome: where the system is called, where memory is placed, and look-alikes.
        Case{"src/runtime/a.cpp", "auto t = std::chrono::steady_clock::now();", ""},
        Case{"src/driver/a.cpp", "using namespace wire;", ""},
        Case{"include/strata/loop.h", "std::mutex lock_;", ""},
        Case{"include/strata/loop.h", "#define STRATA_CHECK(x) x", ""},
        Case{"src/base/probes.h", "#define PROBE(x) x", ""},
        Case{"tests/base/a_test.cpp", "std::jthread worker;", ""},
        Case{"bench/harness/a.cpp", "clock_gettime(0, &t);", ""},
        Case{"src/base/heap_memory.cpp", "void* p = std::malloc(9);", ""},
        Case{"tests/driver/tap_test.cpp", "GTEST_SKIP();", ""},
        Case{"src/base/slab.h", "auto* p = ::new (place) T(x);", ""},
        Case{"src/sim/a.h", "std::vector<int> x_;", ""},
        Case{"src/udp/a.h", "std::string_view x_;", ""},
        Case{"src/udp/a.cpp", "#include <new>", ""},
        Case{"src/udp/a.cpp", "// a new vector would be std::vector", ""},
        Case{"src/udp/a.cpp", "int renewed = try_again(\"throw\");", ""},
        Case{"src/service/a.cpp", "if (std::get_if<int>(&v)) return;", ""},
        Case{"src/driver/a.cpp", "Task get_return_object();", ""},
        Case{"src/driver/a.cpp", "Task get_return_value();", "name what it returns"},
        Case{"apps/strata/a.cpp", "service::print(stderr, f, 1);", ""},
        Case{"tests/apps/a_test.cpp", "fmt::print(f, 1);", ""},
        Case{"src/wire/a.cpp", "auto x = Layout::Port::get(bytes);", ""}));

}  // namespace
}  // namespace strata::tidy::ban_rules_test
