// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "service/lab/lab_run.h"

namespace strata::service::lab_services_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* kLab = R"(until = "10s"
[[host]]
name = "server"
serve = "echo"
[[host]]
name = "client"
[[link]]
between = ["server", "client"]
delay = "10ms"
[[event]]
at = "2s"
node = "server"
is = "crashed"
for = "1s"
)";

// How long the server's answer to a datagram takes; nothing: there was none within a second.
std::optional<Duration> ask(sim::World& world) {
  auto& client = static_cast<sim::Host&>(*world.find_node("client"));
  auto socket = UdpSocket::open(client.stack());
  EXPECT_TRUE(socket.has_value());
  const std::array<std::byte, 3> question{std::byte{1}, std::byte{2}, std::byte{3}};
  const Time asked = world.now();
  EXPECT_TRUE(socket->send_to(question, {IpAddress::v4(10, 0, 0, 1), 7}, asked).has_value());
  std::array<std::byte, 10> answer{};
  const bool has_come = world.run_until_true(
      [&] {
        const auto got = socket->receive(answer);
        return got.has_value() && got->size == question.size();
      },
      1s);
  return has_come ? std::optional(world.now() - asked) : std::nullopt;
}

TEST(LabServices, AHostAnswersUntilItCrashesAndOnceItIsBack) {
  const auto lab = read_lab_text(kLab, "x.toml");
  ASSERT_TRUE(lab.has_value()) << lab.error().text;
  const auto run = LabRun::create(*lab);
  ASSERT_TRUE(run.has_value()) << run.error().text;
  sim::World& world = (*run)->world();
  const auto answered = ask(world);
  ASSERT_TRUE(answered.has_value());
  EXPECT_GE(*answered, 20ms);
  world.run_until(Time(2s + 1ms));
  EXPECT_EQ(ask(world), std::nullopt);
  world.run_until(Time(4s));
  EXPECT_TRUE(ask(world).has_value());
}

TEST(LabServices, SaysWhatCannotBeServed) {
  const auto twice =
      read_lab_text("[[host]]\nname = \"a\"\nserve = [\"echo\", \"discard:7\"]\n", "x.toml");
  ASSERT_TRUE(twice.has_value()) << twice.error().text;
  const auto run = LabRun::create(*twice);
  ASSERT_FALSE(run.has_value());
  EXPECT_THAT(run.error().text, HasSubstr("a: cannot serve discard on UDP port 7"));
  const auto nowhere =
      read_lab_text("[[host]]\nname = \"a\"\nserve = \"http=no/such/folder\"\n", "x.toml");
  ASSERT_TRUE(nowhere.has_value()) << nowhere.error().text;
  EXPECT_FALSE(LabRun::create(*nowhere).has_value());
}

}  // namespace
}  // namespace strata::service::lab_services_test
