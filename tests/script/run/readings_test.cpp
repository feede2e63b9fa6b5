// SPDX-License-Identifier: Apache-2.0
#include "script/run/readings.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "script/run/machine.h"
#include "script/run/settings.h"

namespace strata::script::readings_test {
namespace {

using Words = std::vector<std::string>;

// A stack with a listener at port 8080, which has refused a segment to another port.
struct Observed {
  Observed() {
    readings.observe(machine.stack());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(8080);
    auto& calls = machine.calls();
    const int fd = static_cast<int>(calls.socket(AF_INET, SOCK_STREAM, 0));
    const auto* const name = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(calls.bind(fd, name, sizeof(address), machine.now()), 0);
    EXPECT_EQ(calls.listen(fd, 1, machine.now()), 0);
  }
  void refuse_a_segment() {
    PacketSpec packet;
    TcpSpec syn;
    syn.flags = wire::kTcpSyn;
    packet.what = syn;
    Flow flow;
    flow.local = {Options().local(), 9};
    flow.remote = {Options().remote(), 10};
    machine.inject(*build_packet(packet, flow, false));
    machine.settle();
  }

  Machine machine{{}, usual_settings().stack};
  Readings readings;
};

std::string found(const Readings::Text& text) { return text ? *text : "error: " + text.error(); }

TEST(Readings, CountSinceTheyWereAskedLast) {
  Observed here;
  here.refuse_a_segment();
  EXPECT_NE(found(here.readings.nstat({})).find("\nTcpOutRsts                      1    "),
            std::string::npos);
  EXPECT_EQ(found(here.readings.nstat({})).find("TcpOutRsts"), std::string::npos);
  here.refuse_a_segment();
  EXPECT_NE(found(here.readings.nstat(Words{"-s"})).find("TcpOutRsts"), std::string::npos);
  EXPECT_NE(found(here.readings.nstat(Words{"-as"})).find("   2   "), std::string::npos);
  EXPECT_EQ(found(here.readings.nstat(Words{"-n"})), "");
  EXPECT_EQ(found(here.readings.nstat({})), "#kernel\n");
  EXPECT_NE(found(here.readings.nstat(Words{"-z", "TcpOutRsts"})).find("TcpOutRsts"),
            std::string::npos);
  EXPECT_EQ(found(here.readings.nstat(Words{"TcpBogus"})), "error: the counter 'TcpBogus'");
}

TEST(Readings, SocketsAreLinesAsOfProc) {
  Observed here;
  const std::string lines =
      found(here.readings.grep(Words{" 0A ", "/proc/net/tcp", "/proc/net/tcp6"}, ""));
  EXPECT_EQ(lines, "   0: 00000000:1F90 00000000:0000 0A 00000001:00000000\n");
  EXPECT_EQ(found(here.readings.grep(Words{"-q", ":1F91"}, lines)), "");
  EXPECT_EQ(found(here.readings.file("/etc/passwd")), "error: the file /etc/passwd");
}

TEST(Readings, RefuseWhatTheyDoNotUnderstand) {
  const Readings readings;
  EXPECT_EQ(found(readings.grep({}, "")), "error: grep with this");
  EXPECT_EQ(found(readings.grep(Words{"-v", "a"}, "")), "error: grep with this");
  EXPECT_EQ(found(readings.grep(Words{"a.*"}, "")), "error: the pattern 'a.*'");
  EXPECT_EQ(found(readings.grep(Words{"b"}, "abc\nd\nb")), "abc\nb\n");
}

}  // namespace
}  // namespace strata::script::readings_test
