// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bench/harness/benchmark.h"

namespace strata::bench::program_test {
namespace {

class Quick final : public Contestant {
 public:
  [[nodiscard]] double measure(Seconds /*duration*/) override { return 1; }
};

int run(std::vector<std::string> words) {
  if (registered().empty()) {
    add({.name = "program/quick",
         .unit = "x",
         .claim = "nothing",
         .contestants = {{.name = "strata", .prepare = [] { return std::make_unique<Quick>(); }}}});
    add({.name = "program/long",
         .unit = "x",
         .claim = "nothing, at length",
         .contestants = {{.name = "strata", .prepare = [] { return std::make_unique<Quick>(); }}},
         .is_long = true});
  }
  words.insert(words.begin(), "bench");
  std::vector<char*> arguments;
  arguments.reserve(words.size());
  for (std::string& word : words) arguments.push_back(word.data());
  return run_program(static_cast<int>(arguments.size()), arguments.data());
}

// Standard output is `path` as long as it lives.
class OutputTo {
 public:
  explicit OutputTo(const char* path) : before_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    const int other = ::open(path, O_WRONLY | O_CLOEXEC);
    ::dup2(other, STDOUT_FILENO);
    ::close(other);
  }
  ~OutputTo() {
    std::fflush(stdout);
    ::dup2(before_, STDOUT_FILENO);
    ::close(before_);
    std::clearerr(stdout);
  }
  OutputTo(const OutputTo&) = delete;
  OutputTo& operator=(const OutputTo&) = delete;

 private:
  int before_;
};

TEST(BenchProgram, ResultsThatCannotBeWrittenAreAFailure) {
  const std::vector<std::vector<std::string>> commands = {
      {"--list"}, {"--help"}, {"--smoke"}, {"--smoke", "--json", "-"}};
  for (const auto& command : commands) {
    int status = 0;
    int status_of_full = 0;
    {
      const OutputTo nowhere("/dev/null");
      status = run(command);
    }
    {
      const OutputTo full("/dev/full");
      status_of_full = run(command);
    }
    EXPECT_EQ(status, 0) << command.back();
    EXPECT_EQ(status_of_full, 1) << command.back();
  }
  const OutputTo nowhere("/dev/null");
  EXPECT_EQ(run({"--smoke", "--json", "/dev/null"}), 0);
  EXPECT_EQ(run({"--smoke", "--json", "/dev/full"}), 1);
}

TEST(BenchProgram, SaysByItsStatusWhatWasWrong) {
  const OutputTo nowhere("/dev/null");
  EXPECT_EQ(run({"--rounds"}), 2);
  EXPECT_EQ(run({"no/such"}), 3);
  EXPECT_EQ(run({"program/long"}), 3);
  EXPECT_EQ(run({"program/long", "--smoke", "--full"}), 0);
  EXPECT_EQ(run({"--work", "no/such"}), 3);
}

}  // namespace
}  // namespace strata::bench::program_test
