// SPDX-License-Identifier: Apache-2.0
#include "service/control/messages.h"

#include <gtest/gtest.h>

#include <array>

#include "service/lab.h"

namespace strata::service::messages_test {
namespace {

TEST(ControlMessages, RequestsComeBackAsTheyWere) {
  for (const ControlCommand command : {ControlCommand::kStatus, ControlCommand::kCapture}) {
    EXPECT_EQ(parse_control_request(control_request(command)).value(), command);
  }
}

TEST(ControlMessages, RefusesWhatIsNoRequest) {
  for (const char* line : {"", "{", "[]", "7", "null", "{}", R"({"command":7})",
                           R"({"command":"fly"})", R"({"command":"status","more":1})"}) {
    EXPECT_FALSE(parse_control_request(line).has_value()) << line;
  }
}

TEST(ControlMessages, FramesComeBackAsTheyWere) {
  Lab lab;
  const auto interface = lab.ours->stack().find_interface("ours");
  ASSERT_TRUE(interface.has_value());
  const std::array bytes{std::byte{0x00}, std::byte{0xff}, std::byte{0x1a}};
  const std::string line = captured_frame_head({.time = lab.loop->now(),
                                                .is_incoming = false,
                                                .interface = *interface,
                                                .size = 1500,
                                                .bytes = bytes},
                                               lab.ours->stack()) +
                           ",\"missed\":3}\n";
  const auto frame = parse_captured_frame(line);
  ASSERT_TRUE(frame.has_value()) << line;
  EXPECT_EQ(frame->interface, "ours");
  EXPECT_FALSE(frame->is_incoming);
  EXPECT_EQ(frame->medium, Medium::kEthernet);
  EXPECT_EQ(frame->size, 1500U);
  EXPECT_EQ(frame->missed, 3U);
  EXPECT_TRUE(std::ranges::equal(frame->bytes, bytes));
}

TEST(ControlMessages, RefusesWhatIsNoFrame) {
  for (const char* line : {"", "{}", R"({"bytes":7})", R"({"bytes":"0"})", R"({"bytes":"zz"})"}) {
    const auto frame = parse_captured_frame(line);
    if (std::string_view(line) == R"({"bytes":7})") {
      // A value of another type reads as absent: a frame without bytes.
      EXPECT_TRUE(frame.has_value() && frame->bytes.empty());
    } else {
      EXPECT_FALSE(frame.has_value()) << line;
    }
  }
}

TEST(ControlMessages, ARefusalSaysWhy) {
  EXPECT_TRUE(parse_control_reply(control_agreement()).has_value());
  const auto refused = parse_control_reply(control_refusal("not \"now\""));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().text, "the stack refused: not \"now\"");
  EXPECT_FALSE(parse_control_reply("what").has_value());
  EXPECT_FALSE(render_status(control_agreement(), false).has_value());
}

}  // namespace
}  // namespace strata::service::messages_test
