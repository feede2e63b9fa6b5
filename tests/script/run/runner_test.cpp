// SPDX-License-Identifier: Apache-2.0
#include "script/run/runner.h"

#include <gtest/gtest.h>

#include <string>

#include "script/language/parser.h"

namespace strata::script::runner_test {
namespace {

Verdict run(std::string_view text, const Options& options = {}, ReadFile read_file = nullptr) {
  const auto script = parse_script(text, options);
  if (!script) {
    ADD_FAILURE() << script.error().line << ": " << script.error().text;
    return {};
  }
  return run_script(*script, "x.pkt", std::move(read_file));
}

// Two datagrams, the second of them after 100 ms.
constexpr std::string_view kOpening =
    "0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 connect(3, ..., ...) = 0\n";

Verdict run_open(const std::string& rest) { return run(std::string(kOpening) + rest); }

TEST(Runner, PassesWhatHappensAsItIsWritten) {
  const Verdict verdict = run_open("+0 write(3, ..., 10) = 10\n+0 > udp (10)\n");
  EXPECT_EQ(verdict.kind, Verdict::Kind::kPassed) << verdict.message;
}

TEST(Runner, SaysWhatWentWrongAsPacketdrillDoes) {
  struct Row {
    std::string rest, message;
  };
  const Row rows[] = {
      {"+0 write(3, ..., 10) = 11\n",
       "x.pkt:3: runtime error in write call: Expected result 11 but got 10 with errno 0 "
       "(Success)"},
      {"+0 listen(3, 1) = -1 EBADF (Bad file descriptor)\n",
       "x.pkt:3: runtime error in listen call: Expected errno 9 (Bad file descriptor) but got 95 "
       "(Operation not supported)"},
      {"+0 write(3, ..., 10) = 10\n+0 > udp (11)\n",
       "x.pkt:4: error handling packet: live packet payload: expected 11 bytes vs actual 10 bytes\n"
       "script packet:  0.000000 > udp (11)\nactual packet:  0.000000 > udp (10)"},
      {"+0 > udp (11)\n",
       "x.pkt:3: error handling packet: Timed out waiting for packet\n"
       "script packet:  0.000000 > udp (11)"},
      {"+0 write(3, ..., 10) = 10\n+1 > udp (10)\n",
       "x.pkt:4: error handling packet: timing error: expected outbound packet at 1.000000 sec but "
       "happened at 0.000000 sec; tolerance 0.125000 sec"},
      {"+0 write(3, ..., 10) = 10\n+.1~+.2 > udp (10)\n",
       "timing error: expected outbound packet in relative time range +0.100000~+0.200000 sec but "
       "happened at +0.000000 sec"},
      {"+0 bogus(3) = 0\n", "x.pkt:3: runtime error in bogus call: Unknown system call: 'bogus'"},
      {"+0 write(3, ..., BOGUS) = 0\n", "unknown symbol: 'BOGUS'"},
      {"+0 write(3, ...) = 0\n", "Expected 3 args but got 2"},
      {"+0 %{ assert 1 == 2, 'no' }%\n",
       "x.pkt:3: error executing code: assertion failed: 1 == 2: no"},
      {"+0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n", "duplicate fd 3 in script"},
      {"1 close(3) = 0\n0.5 close(3) = 0\n", "time goes backward"},
  };
  for (const Row& row : rows) {
    const Verdict verdict = run_open(row.rest);
    EXPECT_EQ(verdict.kind, Verdict::Kind::kFailed) << row.rest;
    EXPECT_NE(verdict.message.find(row.message), std::string::npos) << row.rest << "\n"
                                                                    << verdict.message;
  }
}

TEST(Runner, ChecksWhenBlockedCallsReturn) {
  struct Row {
    std::string rest, message;
  };
  const Row rows[] = {
      {"+0...0.2 read(3, ..., 10) = 5\n+.2 < udp (5)\n", ""},
      {"+0...0.2 read(3, ..., 10) = 5\n+.5 < udp (5)\n",
       "timing error: expected system call return at 0.200000 sec but happened at 0.500000 sec"},
      {"+0...0.2 read(3, ..., 10) = 5\n+.2 < udp (6)\n", "Expected result 5 but got 6"},
      {"+0...0.2 read(3, ..., 10) = 5\n", "exiting while a blocking system call is in progress"},
      {"+0...0.2 read(3, ..., 10) = 5\n+0...0.3 read(3, ..., 10) = 5\n",
       "blocking system call while another blocking system call is already in progress"},
      {"+0 read(3, ..., 10) = 5\n", "the call never returns"},
  };
  for (const Row& row : rows) {
    const Verdict verdict = run_open(row.rest);
    EXPECT_EQ(verdict.kind == Verdict::Kind::kPassed, row.message.empty()) << row.rest;
    EXPECT_NE(verdict.message.find(row.message), std::string::npos) << row.rest << "\n"
                                                                    << verdict.message;
  }
}

// A script that names addresses of IPv4 is run in IPv6 as well.
TEST(Runner, AddressesOfAnotherFamilyAreNotForThisRun) {
  Options options;
  options.ip_version = IpVersion::kIpv6;
  const Verdict verdict =
      run("--local_ip=192.168.0.2\n--remote_ip=10.0.0.2\n" + std::string(kOpening) +
              "+0 write(3, ..., 10) = 10\n"
              "+0 > udp (10)\n",
          options);
  EXPECT_EQ(verdict.kind, Verdict::Kind::kPassed) << verdict.message;
}

TEST(Runner, FailsWhereTheLocalAddressCannotBeAHosts) {
  for (const char* const options : {"--local_ip=240.0.0.1\n", "--local_ip=10.0.255.255\n",
                                    "--netmask_ip=255.255.255.0\n--local_ip=192.168.0.255\n"}) {
    const Verdict verdict = run(std::string(options) + std::string(kOpening));
    EXPECT_EQ(verdict.kind, Verdict::Kind::kFailed) << options;
    EXPECT_EQ(verdict.message, "x.pkt: the local address of the options cannot be a host's");
  }
}

TEST(Runner, SaysThatPacketsInsidePacketsAreNotSpoken) {
  for (const char* const direction : {"<", ">"}) {
    const Verdict verdict = run_open(std::string("+0 ") + direction + " gre: udp (10)\n");
    EXPECT_EQ(verdict.kind, Verdict::Kind::kUnsupported);
    EXPECT_EQ(verdict.message, "x.pkt:3: unsupported: packets inside gre");
  }
}

TEST(Runner, CommandsMayAskWhatTheStackHasCounted) {
  const std::string asked = "+0 `nstat | grep -q TcpOutRsts`\n";
  EXPECT_EQ(run("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n" + asked).message,
            "x.pkt:2: error executing `nstat | grep -q TcpOutRsts` command: non-zero status 1");
  const Verdict verdict =
      run("0 < S 0:0(0) win 32792\n+0 > R. 0:0(0) ack 1\n" + asked + "+0 `nstat -n`\n");
  EXPECT_EQ(verdict.kind, Verdict::Kind::kPassed) << verdict.message;
}

TEST(Runner, NeverSkipsACommandInSilence) {
  EXPECT_EQ(run("`sysctl -q net.ipv4.ip_default_ttl=9`\n0 socket(..., SOCK_DGRAM, 0) = 3\n"
                "+0 connect(3, ..., ...) = 0\n+0 write(3, ..., 1) = 1\n+0 > (ttl 9) udp (1)\n")
                .message,
            "");
  const Verdict unknown = run("`sysctl -q net.ipv4.bogus=1`\n0 close(3) = 0\n");
  EXPECT_EQ(unknown.kind, Verdict::Kind::kUnsupported);
  EXPECT_EQ(unknown.message,
            "x.pkt:1: error executing init command: unsupported: sysctl net.ipv4.bogus=1: there is "
            "no such setting here");
  const Verdict late =
      run("0 socket(..., SOCK_DGRAM, 0) = 3\n+0 `sysctl -q net.ipv4.ip_default_ttl=9`\n");
  EXPECT_EQ(late.kind, Verdict::Kind::kUnsupported);
  EXPECT_NE(late.message.find("once the script has begun"), std::string::npos);
}

TEST(Runner, NotesWhatIncludedFilesAskForInVain) {
  const ReadFile read_file = [](std::string_view path) -> std::optional<std::string> {
    if (path == "../defaults.sh") return "#!/bin/sh\nsysctl -q net.ipv4.bogus=1\n";
    return std::nullopt;
  };
  const Verdict verdict =
      run("`../defaults.sh`\n0 socket(..., SOCK_DGRAM, 0) = 3\n", {}, read_file);
  EXPECT_EQ(verdict.kind, Verdict::Kind::kPassed) << verdict.message;
  ASSERT_EQ(verdict.notes.size(), 1U);
  EXPECT_NE(verdict.notes[0].find("net.ipv4.bogus"), std::string::npos);
  EXPECT_EQ(run("`missing.sh`\n0 close(3) = 0\n", {}, read_file).kind, Verdict::Kind::kFailed);
}

TEST(Runner, HoursTakeNoTime) {
  const Verdict verdict = run_open("+36000 write(3, ..., 10) = 10\n+0 > udp (10)\n");
  EXPECT_EQ(verdict.kind, Verdict::Kind::kPassed) << verdict.message;
  EXPECT_EQ(verdict.script_time, std::chrono::hours(10));
}

TEST(Runner, MayGoOnAfterWhatIsNotFatal) {
  Options options;
  options.packets_may_fail = true;
  options.calls_may_fail = true;
  const Verdict verdict =
      run(std::string(kOpening) + "+0 write(3, ..., 10) = 11\n+0 > udp (12)\n", options);
  EXPECT_EQ(verdict.kind, Verdict::Kind::kPassed);
  EXPECT_EQ(verdict.log.size(), 2U);
}

TEST(Runner, OnlyReadsWhenToldSo) {
  Options options;
  options.only_parse = true;
  EXPECT_EQ(run("0 bogus(1) = 2\n", options).kind, Verdict::Kind::kPassed);
}

}  // namespace
}  // namespace strata::script::runner_test
