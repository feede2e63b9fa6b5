// SPDX-License-Identifier: Apache-2.0
#include "service/control/messages.h"

#include <gtest/gtest.h>

#include <array>

#include "service/lab.h"

namespace strata::service::messages_test {
namespace {

TEST(ControlMessages, RequestsComeBackAsTheyWere) {
  for (const ControlCommand command : {ControlCommand::kStatus, ControlCommand::kCapture}) {
    EXPECT_EQ(parse_control_request(control_request({.command = command})).value().command,
              command);
  }
}

TEST(ControlMessages, RequestsAboutDevicesComeBackAsTheyWere) {
  const ControlRequest replace{.command = ControlCommand::kReplaceDevice,
                               .interface = "strata0",
                               .device = "tap:x,host=10.1.0.1/24"};
  const auto replaced = parse_control_request(control_request(replace));
  ASSERT_TRUE(replaced.has_value());
  EXPECT_EQ(replaced->command, ControlCommand::kReplaceDevice);
  EXPECT_EQ(replaced->interface, "strata0");
  EXPECT_EQ(replaced->device, "tap:x,host=10.1.0.1/24");
  const ControlRequest add{
      .command = ControlCommand::kAddDevice,
      .device = "null:sink",
      .addresses = {*Prefix::parse("10.1.0.2/24"), *Prefix::parse("fd01::2/64")},
      .mtu = 9000};
  const auto added = parse_control_request(control_request(add));
  ASSERT_TRUE(added.has_value());
  EXPECT_EQ(added->addresses, add.addresses);
  EXPECT_EQ(added->mtu, 9000U);
  const auto removed = parse_control_request(
      control_request({.command = ControlCommand::kRemoveDevice, .interface = "sink"}));
  ASSERT_TRUE(removed.has_value());
  EXPECT_EQ(removed->interface, "sink");
}

TEST(ControlMessages, RequestsAboutDevicesSayWhatTheyLack) {
  struct Case {
    const char* line;
    const char* what;
  };
  for (const Case& each : {
           Case{R"({"command":"device-replace","device":"tap:x"})", "interface"},
           Case{R"({"command":"device-replace","interface":"x"})", "device"},
           Case{R"({"command":"device-add"})", "device"},
           Case{R"({"command":"device-remove"})", "interface"},
           Case{R"({"command":"device-remove","interface":7})", "interface"},
           Case{R"({"command":"device-list","interface":"x"})", "no use for"},
           Case{R"({"command":"device-add","device":"tap:x","addresses":"10.0.0.1/8"})", "array"},
           Case{R"({"command":"device-add","device":"tap:x","addresses":["x"]})", "x"},
       }) {
    const auto request = parse_control_request(each.line);
    ASSERT_FALSE(request.has_value()) << each.line;
    EXPECT_NE(request.error().text.find(each.what), std::string::npos) << request.error().text;
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
