// SPDX-License-Identifier: Apache-2.0
// Datagrams under watch, and links and programs that break on purpose what is held against them.
#include "service/explore/datagram_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "service/explore/crooked_queue.h"
#include "service/explore/lab_text.h"
#include "service/explore/trial_run.h"

namespace strata::service::datagram_exchange_test {
namespace {

using explore_lab::Crime;
using explore_lab::CrookedQueue;
using explore_lab::trial_of;
using testing::HasSubstr;

constexpr std::uint64_t kCount = 99, kSize = 300;

LabFile lab(const std::string& line = "") {
  return explore_lab::lab_of(std::string(explore_lab::kTwoHosts) + line + explore_lab::kDatagrams);
}

std::unique_ptr<TrialRun> make(const LabFile& of, const Trial& trial) {
  auto made = TrialRun::create(of, trial);
  EXPECT_TRUE(made.has_value()) << made.error().text;
  return std::move(*made);
}

TrialVerdict run(const LabFile& of, const Trial& trial) { return make(of, trial)->run(); }

TEST(DatagramExchange, NothingIsBrokenWhereNothingHappens) {
  const TrialVerdict verdict = run(lab(), trial_of("seed 1\n"));
  EXPECT_EQ(verdict.broken, Broken::kNothing) << verdict.text;
  EXPECT_EQ(verdict.bytes, 2 * kCount * kSize);
  const TrialVerdict answered = run(lab(), trial_of("seed 1\ntalk udp.server 100\n"));
  EXPECT_EQ(answered.broken, Broken::kNothing) << answered.text;
  EXPECT_EQ(answered.bytes, 2 * kCount * (kSize + 100));
}

TEST(DatagramExchange, EveryItemActsAndBreaksNothing) {
  // The second word: whether others can see it on the wire.
  const std::pair<const char*, bool> items[] = {
      {"lose a-b 9", true},
      {"corrupt a-b 9 1", true},
      {"duplicate a-b 9", true},
      {"hold a-b 9 30ms", true},
      {"down a-b 30ms 200ms", true},
      {"partition a-b 30ms 200ms", true},
      {"starve world 30ms 100ms 0", true},
      {"talk udp.server 3000", true},
      {"accept_late udp.server 300ms", true},
      {"write_size udp.client 900 4000", true},
      {"write_pause udp.client 900 1s", true},
      {"read_pause udp.server 900 2s", false},
      {"packets udp.server 900", false},
      {"small_receive udp.server 0", false},
  };
  const std::uint64_t plain = run(lab(), trial_of("seed 1\n")).packet_hash;
  for (const auto& [item, is_seen] : items) {
    const TrialVerdict verdict = run(lab(), trial_of(std::string("seed 1\n") + item + "\n"));
    EXPECT_EQ(verdict.broken, Broken::kNothing) << item << ": " << verdict.text;
    EXPECT_EQ(verdict.packet_hash != plain, is_seen) << item;
  }
}

TEST(DatagramExchange, HostsMayCrashAndChangeTheirDevice) {
  for (const char* item : {"crash a 30ms 100ms", "crash b 30ms 100ms", "exchange a 25ms 200"}) {
    const std::string text = std::string("seed 1\ntalk udp.server 900\n") + item + "\n";
    const TrialVerdict verdict = run(lab(), trial_of(text));
    EXPECT_EQ(verdict.broken, Broken::kNothing) << item << ": " << verdict.text;
  }
}

TEST(DatagramExchange, LinksMayLoseDoubleAndReorder) {
  const LabFile chaos =
      lab("loss = \"5%\"\nduplication = \"5%\"\ncorruption = \"2%\"\nreordering = \"5%\"\n"
          "jitter = \"2ms\"\n");
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Trial trial = trial_of("seed 1\ntalk udp.server 3000\nwrite_size udp.client 3000 2000\n");
    trial.seed = seed;
    const TrialVerdict verdict = run(chaos, trial);
    EXPECT_EQ(verdict.broken, Broken::kNothing) << verdict.text;
    EXPECT_FALSE(verdict.struck.empty());
  }
}

// Hosts a and b, and `between` the two lines to it.
LabFile lab_with(const std::string& between, const std::string& name) {
  return explore_lab::lab_of(R"(
until = "5s"
[[host]]
name = "a"
[[host]]
name = "b"
)" + between + "[[link]]\nbetween = [\"a\", \"" +
                             name + "\"]\n[[link]]\nbetween = [\"" + name + "\", \"b\"]\n" +
                             explore_lab::kDatagrams);
}

// What it can send nowhere is lost in the switch itself.
TEST(DatagramExchange, LinksOfASwitchMayGoDown) {
  const LabFile switched = lab_with("[[switch]]\nname = \"s\"\n", "s");
  for (const char* item : {"down s-b 30ms 200ms", "down a-s 30ms 200ms", "lose s-b 9"}) {
    const TrialVerdict verdict = run(switched, trial_of(std::string("seed 1\n") + item + "\n"));
    EXPECT_EQ(verdict.broken, Broken::kNothing) << item << ": " << verdict.text;
  }
}

// A datagram that came as another is neither lost nor a fault of the stack.
TEST(DatagramExchange, ABoxMayChangeBytesAndMendTheChecksum) {
  const LabFile corrupt = lab_with(
      "[[middlebox]]\nname = \"box\"\ndoes = \"corrupt\"\nevery = 5\nmends_checksum = true\n",
      "box");
  const TrialVerdict verdict = run(corrupt, trial_of("seed 1\ntalk udp.server 900\n"));
  EXPECT_EQ(verdict.broken, Broken::kNothing) << verdict.text;
}

// Two bits of one column that change places: no checksum tells.
TEST(DatagramExchange, LinksMayFlipBitsThatNoChecksumMisses) {
  const LabFile corrupt = lab("corruption = \"30%\"\ncorrupted_bits = 2\n");
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const TrialVerdict verdict = run(corrupt, {.seed = seed});
    EXPECT_NE(verdict.broken, Broken::kBytes) << seed << ": " << verdict.text;
  }
}

TEST(DatagramExchange, NoneGoesOnLongerThanATrial) {
  LabTraffic slow = lab().traffic[0];
  slow.stop = std::nullopt;
  const auto count = [&](Duration every) {
    slow.every = every;
    return plan_datagrams(slow, {}, 0, std::chrono::hours(24)).client.count;
  };
  EXPECT_EQ(count(std::chrono::milliseconds(10)), 200U);
  EXPECT_EQ(count(std::chrono::seconds(80)), 45U);
  EXPECT_EQ(count(std::chrono::hours(2)), 1U) << "nothing waits for a second one";
}

TEST(DatagramExchange, AChoiceThatMeansNothingIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"cork udp.client 0", "nothing for datagrams"},
      {"answer_last udp.server", "nothing for datagrams"},
      {"talk udp.client 9", "only who is called"},
      {"packets udp.b 9", "there is no program 'udp.b'"},
  };
  for (const auto& [item, complaint] : cases) {
    const auto made = TrialRun::create(lab(), trial_of(std::string("seed 1\n") + item + "\n"));
    ASSERT_FALSE(made.has_value()) << item;
    EXPECT_THAT(made.error().text, HasSubstr(complaint));
  }
}

// ── Broken on purpose ──────────────────────────────────────────────────────────────────────────

TrialVerdict run_with(Crime crime) {
  const auto made = make(lab(), {.seed = 1});
  sim::World& world = made->world();
  world.find_link("a-b")->set_queue(sim::Direction::kAToB,
                                    std::make_unique<CrookedQueue>(crime, world.pool()));
  return made->run();
}

TEST(DatagramExchange, AnHonestQueueBreaksNothing) {
  const TrialVerdict verdict = run_with(Crime::kNone);
  EXPECT_EQ(verdict.broken, Broken::kNothing) << verdict.text;
}

TEST(DatagramExchange, WhatIsGoneAndWasNotCountedIsFound) {
  const TrialVerdict verdict = run_with(Crime::kSwallow);
  EXPECT_EQ(verdict.broken, Broken::kCounters);
  EXPECT_THAT(verdict.text, HasSubstr("datagrams are gone"));
}

TEST(DatagramExchange, WhatComesAgainThoughNobodyDoubledItIsFound) {
  const TrialVerdict verdict = run_with(Crime::kDouble);
  EXPECT_EQ(verdict.broken, Broken::kRepeated);
  EXPECT_THAT(verdict.text, HasSubstr("came again, and links doubled 0 frames"));
}

TEST(DatagramExchange, WhatNobodySentIsFound) {
  const TrialVerdict verdict = run_with(Crime::kAlter);
  EXPECT_EQ(verdict.broken, Broken::kBytes);
  EXPECT_THAT(verdict.text, HasSubstr("300 bytes came that nobody sent so"));
}

// Datagrams that no watched program sends are in the stacks' counters alone.
TEST(DatagramExchange, WhatStacksCountAndProgramsDoNotIsFound) {
  const auto made = make(lab(), {.seed = 1});
  sim::World& world = made->world();
  auto* const host = static_cast<sim::Host*>(world.find_node("a"));
  world.executor().start_timer(Time(std::chrono::milliseconds(500)), [host, &world] {
    auto socket = UdpSocket::open(host->stack(), AddressFamily::kIpv4).value();
    const Endpoint nobody{IpAddress::v4(10, 0, 0, 2), 9};
    static_cast<void>(socket.send_to(std::as_bytes(std::span("x")), nobody, world.now()));
  });
  const TrialVerdict verdict = made->run();
  EXPECT_EQ(verdict.broken, Broken::kCounters);
  EXPECT_THAT(verdict.text, HasSubstr("programs sent 99 datagrams, stacks 100"));
}

TEST(DatagramExchange, ASocketThatIsLeftIsFound) {
  const auto made = make(lab(), {.seed = 1});
  auto* const host = static_cast<sim::Host*>(made->world().find_node("b"));
  auto forgotten = UdpSocket::open(host->stack(), AddressFamily::kIpv4).value();
  EXPECT_TRUE(forgotten.bind({IpAddress::any_v4(), 53}));
  EXPECT_EQ(made->run().broken, Broken::kSockets);
}

TEST(DatagramExchange, ATaskThatHasNotEndedIsFound) {
  const auto made = make(lab(), {.seed = 1});
  made->world().executor().start_timer(Time(std::chrono::hours(10)), [] {});
  EXPECT_EQ(made->run().broken, Broken::kTasks);
}

}  // namespace
}  // namespace strata::service::datagram_exchange_test
