// SPDX-License-Identifier: Apache-2.0
#include "service/echo_session.h"

#include <gtest/gtest.h>

#include <vector>

#include "service/lab.h"

namespace strata::service::echo_session_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Heard {
  std::vector<EchoAnswer> answers;
  std::vector<SocketError> errors;
  int done = 0;

  EchoEvents events() {
    EchoEvents all;
    all.on_answer = [this](const EchoAnswer& answer) { answers.push_back(answer); };
    all.on_error = [this](const SocketError& error) { errors.push_back(error); };
    all.on_done = [this] { ++done; };
    return all;
  }
};

TEST(EchoSession, CountsWhatItSendsAndWhatComesBack) {
  Lab lab;
  for (const char* target : {"10.77.0.1", "fd77::1"}) {
    Heard heard;
    EchoOptions options{.destination = *IpAddress::parse(target)};
    options.count = 3;
    options.interval = milliseconds(20);
    EchoSession session(lab.ours->stack(), *lab.loop, options, heard.events());
    ASSERT_TRUE(session.start().has_value());
    lab.run_for(seconds(2));
    EXPECT_TRUE(session.is_done());
    EXPECT_EQ(heard.done, 1);
    ASSERT_EQ(heard.answers.size(), 3U) << target;
    EXPECT_EQ(heard.answers[2].sequence_number, 3);
    EXPECT_EQ(heard.answers[2].size, 64U);
    EXPECT_EQ(heard.answers[2].source, options.destination);
    EXPECT_FALSE(heard.answers[2].is_duplicate);
    EXPECT_FALSE(heard.answers[2].is_truncated || heard.answers[2].wrong_byte);
    const EchoStatistics totals = session.statistics();
    EXPECT_EQ(totals.sent, 3U);
    EXPECT_EQ(totals.received, 3U);
    EXPECT_EQ(totals.errors, 0U);
  }
}

TEST(EchoSession, SilenceEndsAfterThePatience) {
  Lab lab;
  Heard heard;
  EchoOptions options{.destination = *IpAddress::parse("10.77.0.1")};
  options.count = 1;
  options.patience = milliseconds(500);
  lab.theirs = nullptr;
  EchoSession session(lab.ours->stack(), *lab.loop, options, heard.events());
  ASSERT_TRUE(session.start().has_value());
  lab.run_for(milliseconds(499));
  EXPECT_FALSE(session.is_done());
  lab.run_for(milliseconds(1100));
  EXPECT_TRUE(session.is_done());
  EXPECT_EQ(session.statistics().received, 0U);
}

TEST(EchoSession, AFloodDoesNotWaitForTheInterval) {
  Lab lab;
  Heard heard;
  EchoOptions options{.destination = *IpAddress::parse("10.77.0.1")};
  options.count = 500;
  options.flood = true;
  EchoSession session(lab.ours->stack(), *lab.loop, options, heard.events());
  ASSERT_TRUE(session.start().has_value());
  lab.run_for(milliseconds(100));
  EXPECT_TRUE(session.is_done());
  EXPECT_EQ(session.statistics().received, 500U);
}

TEST(EchoSession, ADeadlineEndsItWhateverIsMissing) {
  Lab lab;
  Heard heard;
  EchoOptions options{.destination = *IpAddress::parse("10.77.0.1")};
  options.count = 1000;
  options.deadline = milliseconds(2500);
  EchoSession session(lab.ours->stack(), *lab.loop, options, heard.events());
  ASSERT_TRUE(session.start().has_value());
  lab.run_for(milliseconds(2499));
  EXPECT_FALSE(session.is_done());
  lab.run_for(milliseconds(2));
  EXPECT_TRUE(session.is_done());
  EXPECT_EQ(heard.done, 1);
  EXPECT_EQ(session.statistics().sent, 3U);
}

TEST(EchoSession, WithADeadlineTheCountIsOfAnswers) {
  Lab lab;
  Heard heard;
  EchoOptions options{.destination = *IpAddress::parse("10.77.0.1")};
  options.count = 2;
  options.deadline = seconds(20);
  Stack& theirs = lab.theirs->stack();
  const InterfaceId interface = *theirs.find_interface("theirs");
  ASSERT_TRUE(theirs.set_interface_up(interface, false, lab.loop->now()).has_value());
  EchoSession session(lab.ours->stack(), *lab.loop, options, heard.events());
  ASSERT_TRUE(session.start().has_value());
  lab.run_for(milliseconds(1500));
  ASSERT_TRUE(theirs.set_interface_up(interface, true, lab.loop->now()).has_value());
  lab.run_for(seconds(10));
  EXPECT_TRUE(session.is_done());
  EXPECT_EQ(session.statistics().received, 2U);
}

TEST(EchoSession, StopEndsItOnceAndForAll) {
  Lab lab;
  Heard heard;
  EchoSession session(lab.ours->stack(), *lab.loop,
                      EchoOptions{.destination = *IpAddress::parse("10.77.0.1")}, heard.events());
  ASSERT_TRUE(session.start().has_value());
  lab.run_for(milliseconds(10));
  session.stop();
  session.stop();
  lab.run_for(seconds(3));
  EXPECT_EQ(heard.done, 1);
  EXPECT_EQ(session.statistics().sent, 1U);
}

TEST(EchoSession, TellsAtOnceThatThereIsNoRoute) {
  Lab lab;
  EchoSession session(lab.ours->stack(), *lab.loop,
                      EchoOptions{.destination = *IpAddress::parse("192.0.2.1")}, {});
  const auto started = session.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().text.substr(0, 11), "192.0.2.1: ");
}

TEST(EchoSession, AnUnansweredNeighbourIsAnErrorWithItsSequenceNumber) {
  Lab lab;
  Heard heard;
  EchoOptions options{.destination = *IpAddress::parse("10.77.0.9")};
  options.count = 1;
  EchoSession session(lab.ours->stack(), *lab.loop, options, heard.events());
  ASSERT_TRUE(session.start().has_value());
  lab.run_for(seconds(8));
  ASSERT_EQ(heard.errors.size(), 1U);
  EXPECT_EQ(heard.errors[0].destination.port, 1);
  EXPECT_EQ(heard.errors[0].error, Error::kHostUnreachable);
  EXPECT_TRUE(session.is_done());
}

}  // namespace
}  // namespace strata::service::echo_session_test
