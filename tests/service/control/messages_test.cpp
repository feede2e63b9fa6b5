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

TEST(ControlMessages, APageOfAListComesBackAsItWas) {
  const ControlRequest page{.command = ControlCommand::kStatus,
                            .parts = *SnapshotParts::parse("sockets"),
                            .window = {.offset = 1024, .limit = 512}};
  const auto read = parse_control_request(control_request(page));
  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_EQ(read->parts.only(), "sockets");
  EXPECT_EQ(read->window.offset, 1024U);
  EXPECT_EQ(read->window.limit, 512U);
  const auto greedy =
      parse_control_request(R"({"command":"status","list":"sockets","limit":1000000})");
  ASSERT_TRUE(greedy.has_value());
  EXPECT_EQ(greedy->window.limit, kListedMax);
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

TEST(ControlMessages, ACaptureSaysWhatItWants) {
  const std::string line = control_request(
      {.command = ControlCommand::kCapture, .filter = "tcp port 80", .snap_length = 96});
  const auto request = parse_control_request(line);
  ASSERT_TRUE(request.has_value()) << request.error().text;
  EXPECT_EQ(request->filter, "tcp port 80");
  EXPECT_EQ(request->snap_length, 96U);
  EXPECT_EQ(control_request({.command = ControlCommand::kCapture}), "{\"command\":\"capture\"}\n");
  for (const char* bad :
       {R"({"command":"capture","filter":7})", R"({"command":"capture","snap":"all"})",
        R"({"command":"capture","snap":-1})", R"({"command":"status","filter":"tcp"})"}) {
    EXPECT_FALSE(parse_control_request(bad).has_value()) << bad;
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
  const std::string line =
      captured_frame_head({.time = lab.loop->now(),
                           .is_incoming = false,
                           .interface = captured_interface(lab.ours->stack(), *interface),
                           .size = 1500,
                           .bytes = bytes}) +
      ",\"missed\":3}\n";
  const auto frame = parse_captured_frame(line);
  ASSERT_TRUE(frame.has_value()) << line;
  EXPECT_EQ(frame->interface, "ours");
  EXPECT_FALSE(frame->is_incoming);
  EXPECT_EQ(frame->medium, Medium::kEthernet);
  EXPECT_EQ(frame->size, 1500U);
  EXPECT_EQ(frame->missed, 3U);
  EXPECT_TRUE(std::ranges::equal(frame->bytes, bytes));
  EXPECT_TRUE(frame->comment.empty());
}

// What a stack says of a frame arrives as it was said; what a damaged line says is made text.
TEST(ControlMessages, CapturedFramesKeepTheirComment) {
  const CapturedFrame said{.interface = {}, .size = 1, .bytes = {}, .comment = "why: \"x\""};
  const auto frame = parse_captured_frame(captured_frame_head(said) + "}");
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->comment, "why: \"x\"");
  const auto odd = parse_captured_frame(R"({"bytes":"00","comment":"a\nb"})");
  ASSERT_TRUE(odd.has_value());
  EXPECT_EQ(odd->comment, "a b");
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

TEST(ControlMessages, APacketToExplainComesBackAsItWas) {
  const auto request = parse_control_request(control_request(
      {.command = ControlCommand::kExplain, .interface = "x", .packet = {std::byte{0xab}}}));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->packet, std::vector<std::byte>{std::byte{0xab}});
  EXPECT_FALSE(parse_control_request(R"({"command":"explain","interface":"x"})").has_value());
  EXPECT_FALSE(
      parse_control_request(R"({"command":"explain","interface":"x","bytes":"0"})").has_value());
}

}  // namespace
}  // namespace strata::service::messages_test
