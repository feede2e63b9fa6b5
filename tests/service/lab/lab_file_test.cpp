// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "service/lab/lab.h"

namespace strata::service::lab_file_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kTwo = R"([[host]]
name = "a"
[[host]]
name = "b"
tcp = { congestion = "reno", sack = false }
[[link]]
between = ["a", "b"]
rate = "10Mbit/s"
delay = "20ms"
queue = "fq_codel"
queue_marks = true
back = { rate = "1Mbit/s" }
)";

Outcome<LabFile> read(const std::string& more) { return read_lab_text(kTwo + more, "x.toml"); }
std::string complaint(const std::string& more) {
  const auto lab = read(more);
  return lab ? "none" : lab.error().text;
}

TEST(LabFile, SaysWhatANetworkIsAndWhatHappensInIt) {
  const auto lab = read(R"(
[[traffic]]
kind = "bulk"
from = "a"
to = "b"
start = "1s"
bytes = "5MB"
congestion = "bbr"
[[traffic]]
name = "game"
kind = "ping"
from = "b"
to = "a"
[[event]]
at = "3s"
link = "a-b"
is = "down"
)");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  ASSERT_EQ(lab->nodes.size(), 2U);
  EXPECT_FALSE(lab->nodes[1].tcp.sack);
  ASSERT_EQ(lab->links.size(), 1U);
  EXPECT_EQ(lab->links[0].there.bits_per_second, 10'000'000U);
  EXPECT_EQ(lab->links[0].back.bits_per_second, 1'000'000U);
  EXPECT_EQ(lab->links[0].back.delay, 20ms) << "what does not differ is the same";
  EXPECT_TRUE(lab->links[0].queue_back.marks);
  ASSERT_EQ(lab->traffic.size(), 2U);
  EXPECT_EQ(lab->traffic[0].name, "a.1");
  EXPECT_EQ(lab->traffic[0].bytes, 5'000'000U);
  EXPECT_EQ(lab->traffic[1].every, 200ms);
  ASSERT_EQ(lab->events.size(), 1U);
  EXPECT_FALSE(lab->events[0].is_up);
}

struct Wrong {
  const char* more;
  const char* complaint;
};

TEST(LabFile, ComplaintsNameFileLineAndKey) {
  for (const Wrong& wrong : {
           Wrong{"untl = \"5s\"\n", "unknown key"},
           Wrong{"[[host]]\n", "x.toml:13: host.name: missing"},
           Wrong{"[[host]]\nname = \"a\"\n", "x.toml:13: host.name: two nodes have this name"},
           Wrong{"[[host]]\nname = \"a b\"\n", "x.toml:14: host.name: 'a b' is no name"},
           Wrong{"[[host]]\nname = \"c\"\ncolour = 1\n", "x.toml:15: host.colour: unknown key"},
           Wrong{"[[host]]\nname = \"c\"\naddress = \"10.0.0.300/24\"\n",
                 "x.toml:15: host.address"},
           Wrong{"[[switch]]\nname = \"s\"\naddress = \"10.0.0.3/24\"\n",
                 "switch.address: unknown"},
           Wrong{"[[link]]\nbetween = [\"a\", \"nobody\"]\n", "there is no node 'nobody'"},
           Wrong{"[[link]]\nbetween = [\"a\"]\n", "expected the names of two nodes"},
           Wrong{"[[link]]\nbetween = [\"a\", \"a\"]\n", "a node is not linked to itself"},
           Wrong{"[[link]]\nbetween = [\"b\", \"a\"]\n", "these two are linked already"},
           Wrong{"[[link]]\nbetween = [\"a\", \"b\"]\ndelay = \"-1ms\"\n", "'-1ms' is not a time"},
           Wrong{"[[link]]\nbetween = [\"a\", \"b\"]\nqueue = \"red\"\n",
                 "link.queue: 'red' is none of: tail, codel, fq_codel"},
           Wrong{"[[link]]\nbetween = [\"a\", \"b\"]\nqueue_packets = 0\n", "0 is not from 1 to"},
           Wrong{"[[host]]\nname=\"c\"\n[[link]]\nbetween = [\"a\", \"c\"]\nqueue_marks = true\n",
                 "a tail drop does not mark"},
           Wrong{"[[traffic]]\nfrom = \"a\"\nto = \"b\"\n", "traffic.kind: missing"},
           Wrong{"[[traffic]]\nkind = \"bulk\"\nfrom = \"a\"\nto = \"c\"\n",
                 "no host or router 'c'"},
           Wrong{"[[traffic]]\nkind = \"bulk\"\nfrom = \"a\"\nto = \"a\"\n", "where it comes from"},
           Wrong{"[[traffic]]\nkind = \"bulk\"\nfrom = \"a\"\nto = \"b\"\nsize = \"1KB\"\n",
                 "traffic.size: unknown key"},
           Wrong{"[[traffic]]\nkind = \"bulk\"\nfrom = \"a\"\nto = \"b\"\ncongestion = \"fast\"\n",
                 "traffic.congestion"},
           Wrong{"[[event]]\nat = \"1s\"\nlink = \"b-a\"\nis = \"up\"\n", "there is no link 'b-a'"},
           Wrong{"[[event]]\nat = \"1s\"\nlink = \"a-b\"\n", "event.is: missing"},
       }) {
    EXPECT_THAT(complaint(wrong.more), HasSubstr(wrong.complaint)) << wrong.more;
  }
  EXPECT_THAT(complaint("[[host\n"), HasSubstr("x.toml:13: "));
}

TEST(LabFile, ControlCharactersAreRefused) {
  for (const std::string_view text : {std::string_view("\n[\0]", 4), std::string_view("\n\x7f")}) {
    const auto lab = read_lab_text(text, "x.toml");
    ASSERT_FALSE(lab.has_value());
    EXPECT_THAT(lab.error().text, HasSubstr("x.toml:2: a control character"));
  }
}

TEST(LabFile, ATableWithoutANameIsAComplaint) {
  for (const char* text : {"[", "[\n", "[.a]", "[=", "[#", "[\xc3\xa9]", "[[\n"}) {
    const auto lab = read_lab_text(text, "x.toml");
    ASSERT_FALSE(lab.has_value()) << text;
    EXPECT_THAT(lab.error().text, HasSubstr("x.toml:1: ")) << text;
  }
}

TEST(LabFile, ADeviceHasAnInterfaceAndOneLink) {
  const auto lab = read(R"([[device]]
name = "laptop"
tap = "lab0"
netns = "laptop"
address = "10.9.0.1/24"
[[device]]
name = "other"
tap = "lab1"
bare = true
[[switch]]
name = "lan"
[[link]]
between = ["laptop", "lan"]
[[link]]
between = ["other", "lan"]
)");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  const LabNode& laptop = lab->nodes[3];
  EXPECT_EQ(laptop.kind, LabNode::Kind::kDevice);
  EXPECT_EQ(laptop.device.interface, "lab0");
  EXPECT_EQ(laptop.device.network_namespace, "laptop");
  EXPECT_EQ(laptop.addresses.front(), *Prefix::parse("10.9.0.1/24"));
  EXPECT_FALSE(laptop.device.is_bare);
  EXPECT_TRUE(lab->nodes[4].device.is_bare);
}

TEST(LabFile, ComplaintsAboutDevices) {
  const std::string device = "[[device]]\nname = \"d\"\n";
  const std::string link = "[[link]]\nbetween = [\"d\", \"a\"]\n";
  for (const Wrong& wrong :
       {Wrong{"", "x.toml:13: device.tap: missing"},
        Wrong{"tap = \"a/b\"\n", "x.toml:15: device.tap: 'a/b' cannot be the name"},
        Wrong{"tap = \"sixteen_letters_\"\n", "cannot be the name of an interface"},
        Wrong{"tap = \"lab0\"\n", "x.toml:13: device: d: expected one link"},
        Wrong{"tap = \"lab0\"\nbare = true\naddress = \"10.0.0.1/24\"\n",
              "device.address: a bare device is given none"},
        Wrong{"tap = \"lab0\"\ntcp = {}\n", "device.tcp: unknown key"},
        Wrong{"tap = \"lab0\"\nnetns = 1\n", "x.toml:16: device.netns: expected a string"}}) {
    EXPECT_THAT(complaint(device + wrong.more), HasSubstr(wrong.complaint)) << wrong.more;
  }
  const std::string whole = device + "tap = \"lab0\"\n" + link;
  EXPECT_EQ(complaint(whole), "none");
  EXPECT_THAT(complaint(whole + "[[link]]\nbetween = [\"d\", \"b\"]\n"),
              HasSubstr("expected one link"));
  EXPECT_THAT(complaint(whole + "[[traffic]]\nkind = \"ping\"\nfrom = \"a\"\nto = \"d\"\n"),
              HasSubstr("no host or router 'd'"));
  EXPECT_THAT(complaint(whole + "[[event]]\nat = \"1s\"\nnode = \"d\"\nis = \"crashed\"\n"),
              HasSubstr("no host or router 'd'"));
}

TEST(LabFile, HostsServe) {
  const auto lab = read("[[host]]\nname = \"c\"\nserve = [\"echo\", \"http=www:8080\"]\n");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  ASSERT_EQ(lab->nodes[2].serves.size(), 2U);
  EXPECT_EQ(lab->nodes[2].serves[0].port, 7);
  EXPECT_EQ(lab->nodes[2].serves[1].folder, "www");
  EXPECT_THAT(complaint("[[host]]\nname = \"c\"\nserve = \"tea\"\n"),
              HasSubstr("x.toml:15: host.serve: 'tea' is not one of"));
}

TEST(LabFile, ShapesMakeNodesAndLinksByTheDozen) {
  const auto lab = read(R"([[topology]]
kind = "dumbbell"
name = "d"
hosts = 3
tcp = { congestion = "bbr" }
access = { rate = "100Mbit/s" }
trunk = { rate = "10Mbit/s", delay = "20ms", queue = "codel", back = { delay = "1ms" } }
[[link]]
between = ["a", "d.r1"]
[[traffic]]
kind = "bulk"
name = "all"
from = "d.left*"
to = "d.right*"
[[traffic]]
kind = "ping"
from = "d.left*"
to = "d.left*"
pairing = "all_to_all"
[[traffic]]
kind = "ping"
name = "one"
from = "a"
to = "d.right*"
)");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  ASSERT_EQ(lab->nodes.size(), 2U + 8U);
  EXPECT_EQ(lab->nodes[2].name, "d.r1");
  EXPECT_EQ(lab->nodes[2].kind, LabNode::Kind::kRouter);
  EXPECT_EQ(std::string(lab->nodes[9].tcp.congestion.view()), "bbr");
  ASSERT_EQ(lab->links.size(), 1U + 7U + 1U);
  const LabLink& trunk = lab->links[0];
  EXPECT_EQ(trunk.name(), "d.r1-d.r2");
  EXPECT_EQ(trunk.there.delay, 20ms);
  EXPECT_EQ(trunk.back.delay, 1ms);
  EXPECT_EQ(trunk.queue_back.kind, LabQueue::Kind::kCodel);
  EXPECT_EQ(lab->links[1].there.bits_per_second, 100'000'000U);
  EXPECT_EQ(lab->links[8].name(), "a-d.r1");
  ASSERT_EQ(lab->traffic.size(), 3U + 6U + 3U);
  EXPECT_EQ(lab->traffic[1].name, "all.2");
  EXPECT_EQ(lab->traffic[1].from, "d.left2");
  EXPECT_EQ(lab->traffic[1].to, "d.right2");
  EXPECT_EQ(lab->traffic[11].name, "one.3");
}

TEST(LabFile, ManyNodesAreReadAndAMillionRefused) {
  const auto many = read_lab_text("[[topology]]\nkind = \"tree\"\ndepth = 6\nfanout = 4\n", "x");
  ASSERT_TRUE(many.has_value()) << many.error().text;
  EXPECT_EQ(many->nodes.size(), 5461U);
  EXPECT_THAT(complaint("[[topology]]\nkind = \"star\"\nhosts = 1000000\n"),
              HasSubstr("x.toml:13: topology.kind: that makes 1000001 nodes: a lab has at most"));
  EXPECT_THAT(complaint("[[topology]]\nkind = \"star\"\nhosts = 49999\n"),
              HasSubstr("with this the lab has 50002 nodes"));
  EXPECT_THAT(complaint("[[topology]]\nkind = \"star\"\nhosts = 400\n[[traffic]]\nkind = "
                        "\"ping\"\nfrom = \"h*\"\nto = \"h*\"\npairing = \"all_to_all\"\n"),
              HasSubstr("traffic.pairing: that makes 160000 flows"));
}

TEST(LabFile, OneDirectionMayLoseNothing) {
  const auto lab = read(R"([[host]]
name = "c"
[[link]]
between = ["a", "c"]
lost_frames = [0, 7]
back = { lost_frames = [] }
)");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  EXPECT_EQ(lab->links.back().there.lost_frames, (std::vector<std::uint64_t>{0, 7}));
  EXPECT_TRUE(lab->links.back().back.lost_frames.empty());
}

TEST(LabFile, LinksSayHowTheyLoseDelayAndChange) {
  const auto lab = read(R"([[host]]
name = "c"
[[link]]
between = ["a", "c"]
jitter = "3ms"
jitter_shape = "pareto"
jitter_tail = "2.5"
burst_loss = { enter = "1%", leave = "25%", bad = "80%" }
lost_frames = [0, 7]
reorder_every = 10
rates = [{ at = "1s", rate = "5Mbit/s" }, { at = "2s", rate = "1Mbit/s" }]
rates_repeat = "3s"
flaps = { first = "2s", down = "100ms", up = "5s", random = true }
back = { lost_frames = [3], rates = [{ at = "0s", rate = "9Mbit/s" }] }
)");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  const LabLink& link = lab->links.back();
  EXPECT_EQ(link.there.jitter_shape, sim::JitterShape::kPareto);
  EXPECT_EQ(link.there.jitter_tail.numerator, 2500U);
  EXPECT_EQ(link.there.burst_loss.bad_to_good.numerator * 4,
            link.there.burst_loss.bad_to_good.denominator);
  EXPECT_EQ(link.there.lost_frames, (std::vector<std::uint64_t>{0, 7}));
  EXPECT_EQ(link.back.lost_frames, (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(link.there.reorder_every, 10U);
  ASSERT_EQ(link.rates_there.steps.size(), 2U);
  EXPECT_EQ(link.rates_there.steps[1].at, 2s);
  EXPECT_EQ(link.rates_back.steps.size(), 1U);
  EXPECT_EQ(link.rates_there.repeat, 3s);
  ASSERT_TRUE(link.flaps.has_value());
  EXPECT_TRUE(link.flaps->is_random);
}

TEST(LabFile, EventsAreAboutLinksNodesAndPartitions) {
  const auto lab = read(R"([[event]]
at = "1s"
link = "a-b"
change = { loss = "2%", back = { delay = "1s" } }
[[event]]
at = "2s"
node = "a"
is = "crashed"
for = "500ms"
[[event]]
at = "3s"
node = "b"
address = "10.0.0.77/24"
[[event]]
at = "4s"
node = "b"
clock_drift_ppm = -50
[[event]]
at = "5s"
partition = ["a"]
for = "1s"
[[event]]
at = "6s"
node = "a"
is = "out_of_buffers"
)");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  ASSERT_EQ(lab->events.size(), 6U);
  const LabEvent& change = lab->events[0];
  EXPECT_EQ(change.kind, LabEvent::Kind::kChange);
  EXPECT_NE(change.change.there.loss.numerator, 0U);
  EXPECT_NE(change.change.back.loss.numerator, 0U);
  EXPECT_EQ(change.change.there.bits_per_second, 10'000'000U) << "all else is as it was";
  EXPECT_EQ(change.change.back.bits_per_second, 1'000'000U);
  EXPECT_EQ(change.change.back.delay, 1s);
  EXPECT_EQ(lab->events[1].kind, LabEvent::Kind::kCrash);
  EXPECT_EQ(lab->events[1].lasts, 500ms);
  EXPECT_EQ(lab->events[2].kind, LabEvent::Kind::kAddress);
  EXPECT_EQ(lab->events[3].drift_ppm, -50);
  EXPECT_EQ(lab->events[4].nodes, std::vector<std::size_t>{0});
  EXPECT_EQ(lab->events[5].kind, LabEvent::Kind::kBuffers);
}

TEST(LabFile, AChangeBeginsWithWhatTheOneBeforeItLeft) {
  const auto lab = read(R"([[event]]
at = "3s"
link = "a-b"
change = { queue = "tail", back = { rate = "3Mbit/s" } }
[[event]]
at = "1s"
link = "a-b"
change = { delay = "50ms" }
[[event]]
at = "2s"
link = "a-b"
change = { rate = "2Mbit/s" }
)");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  const LabEvent &first = lab->events[1], &second = lab->events[2], &third = lab->events[0];
  EXPECT_EQ(first.change.there.bits_per_second, 10'000'000U);
  EXPECT_TRUE(first.keeps_rate_there && first.keeps_rate_back);
  EXPECT_EQ(second.change.there.delay, 50ms);
  EXPECT_EQ(second.change.back.bits_per_second, 2'000'000U);
  EXPECT_FALSE(second.keeps_rate_there || second.keeps_rate_back);
  EXPECT_EQ(third.change.there.bits_per_second, 2'000'000U);
  EXPECT_EQ(third.change.back.bits_per_second, 3'000'000U);
  EXPECT_TRUE(third.keeps_rate_there && !third.keeps_rate_back);
  EXPECT_EQ(third.change.there.delay, 50ms);
  EXPECT_EQ(third.change.queue_there, LabQueue{}) << "and nothing that marks";
}

TEST(LabFile, ARateAndATraceTakeOverFromEachOther) {
  const std::string path = testing::TempDir() + "lab_file_test.trace";
  std::ofstream(path) << "5\n10\n";
  const std::string trace = "rate_trace = \"" + path + "\"";
  const auto lab = read("[[host]]\nname = \"c\"\n[[link]]\nbetween = [\"a\", \"c\"]\n" + trace +
                        "\nback = { rate = \"1Mbit/s\" }\n"
                        "[[event]]\nat = \"1s\"\nlink = \"a-c\"\nchange = { rate = \"2Mbit/s\" }\n"
                        "[[event]]\nat = \"2s\"\nlink = \"a-c\"\nchange = { " +
                        trace + " }\n");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  EXPECT_NE(lab->links[1].there.trace, nullptr);
  EXPECT_EQ(lab->links[1].back.trace, nullptr);
  EXPECT_EQ(lab->events[0].change.there.trace, nullptr);
  EXPECT_EQ(lab->events[0].change.there.bits_per_second, 2'000'000U);
  EXPECT_NE(lab->events[1].change.there.trace, nullptr);
  EXPECT_NE(lab->events[1].change.back.trace, nullptr);
  const std::string stepped =
      "[[host]]\nname = \"c\"\n[[link]]\nbetween = [\"a\", \"c\"]\n"
      "rates = [{ at = \"1s\", rate = \"1Mbit/s\" }]\n"
      "[[event]]\nat = \"1s\"\nlink = \"a-c\"\nchange = { ";
  EXPECT_THAT(complaint(stepped + trace + " }\n"), HasSubstr("with a trace there are no rates"));
  EXPECT_THAT(complaint("[[host]]\nname = \"c\"\n[[link]]\nbetween = [\"a\", \"c\"]\n" + trace +
                        "\nrate = \"1Mbit/s\"\n"),
              HasSubstr("link.rate_trace: it is instead of a rate"));
}

TEST(LabFile, ComplaintsAboutShapesLinksTrafficAndEventsNameTheKey) {
  const std::string link = "[[host]]\nname = \"c\"\n[[link]]\nbetween = [\"a\", \"c\"]\n";
  const std::string flow = "[[traffic]]\nfrom = \"a\"\nto = \"b\"\n";
  const std::string event = "[[event]]\nat = \"1s\"\n";
  struct Case {
    std::string more;
    const char* complaint;
  };
  for (const Case& wrong : {
           Case{"[[topology]]\nhosts = 3\n", "topology.kind: missing"},
           Case{"[[topology]]\nkind = \"cube\"\n", "is none of: line, ring"},
           Case{"[[topology]]\nkind = \"ring\"\nrouters = 2\n", "it needs at least 3"},
           Case{"[[topology]]\nkind = \"line\"\nhosts = 2\n", "topology.hosts: unknown key"},
           Case{"[[topology]]\nkind = \"fat_tree\"\nk = 3\n", "an even number"},
           Case{"[[topology]]\nkind = \"line\"\ntrunk = { colour = 1 }\n",
                "topology.trunk.colour: unknown key"},
           Case{link + "jitter_shape = \"empirical\"\n", "link.jitter_file: missing"},
           Case{link + "jitter_file = \"no/such/file\"\n", "no/such/file: cannot be read"},
           Case{link + "jitter_tail = \"0\"\n", "link.jitter_tail: '0' is no tail"},
           Case{link + "rate_trace = \"no/such/file\"\n", "x.toml:17: link.rate_trace:"},
           Case{link + "lost_frames = [3, 3]\n", "expected ascending numbers"},
           Case{link + "lost_frames = [-1]\n", "-1 is not from 0"},
           Case{link + "lost_frames = [\"1\"]\n", "expected a number, found a string"},
           Case{link + "burst_loss = { enter = \"1%\", colour = 1 }\n",
                "link.burst_loss.colour: unknown key"},
           Case{link + "rates = [{ at = \"1s\" }]\n", "link.rates.rate: missing"},
           Case{link + "rates = [{ at = \"1s\", rate = \"1Mbit/s\" }]\nrates_repeat = \"1s\"\n",
                "link.rates_repeat: is not later"},
           Case{link + "flaps = { down = \"1s\" }\n", "link.flaps.up: expected"},
           Case{link + "queue = \"codel\"\nqueue_bytes = \"64KB\"\n",
                "link.queue_bytes: only a tail drop counts bytes"},
           Case{flow + "kind = \"udp\"\nevery = \"0s\"\n", "expected a time longer than nothing"},
           Case{flow + "kind = \"ping\"\nsize = \"1MB\"\n", "a packet holds at most"},
           Case{flow + "kind = \"request\"\nsize = \"1B\"\nwrites = 2\n", "traffic.size"},
           Case{flow + "kind = \"ramp\"\nclients = 0\n", "traffic.clients: 0 is not from 1"},
           Case{flow + "kind = \"on_off\"\nevery = \"1s\"\n", "traffic.every: unknown key"},
           Case{event, "an event is about a link, a node or a partition"},
           Case{event + "link = \"a-b\"\nnode = \"a\"\nis = \"up\"\n", "an event is about"},
           Case{event + "node = \"nobody\"\nis = \"crashed\"\n", "no host or router 'nobody'"},
           Case{event + "node = \"a\"\nis = \"up\"\n", "'up' is none of: crashed"},
           Case{event + "node = \"a\"\nclock_drift_ppm = 200000\n", "is not from -100000"},
           Case{event + "node = \"a\"\naddress = \"10.0.0.300/24\"\n", "event.address"},
           Case{event + "partition = [\"nobody\"]\n", "there is no node 'nobody'"},
           Case{event + "link = \"a-b\"\nchange = { mtu = 20 }\n", "event.change.mtu"},
           Case{event + "link = \"a-b\"\nchange = { colour = 1 }\n", "event.change.colour"},
           Case{event + "link = \"a-b\"\nchange = { queue_bytes = \"64KB\" }\n",
                "event.change.queue_bytes: only a tail drop"},
           Case{event + "link = \"a-b\"\nchange = { rates_repeat = \"1s\" }\n",
                "event.change.rates: belong to the link"},
       }) {
    EXPECT_THAT(complaint(wrong.more), HasSubstr(wrong.complaint)) << wrong.more;
  }
}

TEST(LabFile, AddressesThatFitNobodyAreRefusedBeforeAnythingRuns) {
  EXPECT_THAT(complaint("[[host]]\nname = \"c\"\naddress = \"10.9.0.1/24\"\n"),
              HasSubstr("x.toml:13: address: c: it has more addresses than links"));
  EXPECT_THAT(complaint("[[host]]\nname = \"c\"\naddress = \"10.9.0.1/24\"\n[[link]]\nbetween = "
                        "[\"a\", \"c\"]\n"),
              HasSubstr("address: a: others on its wire have addresses"));
}

TEST(LabFile, ALabNeedsNodesAndTimeThatPasses) {
  EXPECT_FALSE(read_lab_text("", "x.toml").has_value());
  const auto lab = read_lab_text("sample = \"0s\"\n[[host]]\nname = \"a\"\n", "x.toml");
  ASSERT_FALSE(lab.has_value());
  EXPECT_THAT(lab.error().text, HasSubstr("x.toml:1: sample"));
}

}  // namespace
}  // namespace strata::service::lab_file_test
