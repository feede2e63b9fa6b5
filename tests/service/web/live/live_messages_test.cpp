// SPDX-License-Identifier: Apache-2.0
#include "service/web/live/live_messages.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace strata::service::live_messages_test {
namespace {

using nlohmann::json;

TEST(LiveWish, IsReadWithItsBounds) {
  const auto status = parse_live_wish(R"({"watch":"status","every_ms":5,"parts":"drops"})");
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->subject, LiveSubject::kStatus);
  EXPECT_EQ(status->every, LiveWish::kEveryMin);
  EXPECT_TRUE(status->query.parts.has(SnapshotPart::kDrops));
  EXPECT_FALSE(status->query.parts.has(SnapshotPart::kRoutes));
  const auto page = parse_live_wish(
      R"({"watch":"connections","offset":7,"limit":99999,"sort":"-rate","filter":"x"})");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->query.connections.offset, 7U);
  EXPECT_EQ(page->query.connections.limit, ConnectionQuery::kLimitMax);
  EXPECT_TRUE(page->query.connections.is_descending);
  EXPECT_EQ(page->query.connections.filter, "x");
  const auto one = parse_live_wish(R"({"watch":"connection","id":"0-1-2"})");
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->query.id.handle, (Handle{1, 2}));
  EXPECT_EQ(one->query.stack, 0U);
  EXPECT_EQ(parse_live_wish(R"({"watch":"packets","filter":"tcp"})")->filter, "tcp");
  EXPECT_FALSE(parse_live_wish(R"({"unwatch":"packets"})")->is_wanted);
  EXPECT_EQ(parse_live_wish(R"({"watch":"status","every_ms":99999999})")->every,
            std::chrono::minutes(1));
}

TEST(LiveWish, NamesAStack) {
  EXPECT_EQ(parse_live_wish(R"({"watch":"connections","stack":2})")->query.stack, 2U);
  EXPECT_EQ(parse_live_wish(R"({"watch":"connection","id":"0-1-2","stack":1})")->query.stack, 1U);
  EXPECT_TRUE(parse_live_wish(R"({"watch":"packets","stack":0})"));
  const auto packets = parse_live_wish(R"({"watch":"packets","stack":1})");
  ASSERT_FALSE(packets.has_value());
  EXPECT_EQ(packets.error().text, "packets: only those of the first stack are shown");
}

TEST(LiveWish, IsRefusedInWords) {
  for (const char* const wrong :
       {"", "{", "[]", "7", "{}", R"({"watch":"x"})", R"({"watch":7})", R"({"unwatch":null})",
        R"({"watch":"connection"})", R"({"watch":"connection","id":"x"})",
        R"({"watch":"connections","sort":"x"})", R"({"watch":"status","parts":"x"})"}) {
    const auto wish = parse_live_wish(wrong);
    ASSERT_FALSE(wish.has_value()) << wrong;
    EXPECT_FALSE(wish.error().text.empty()) << wrong;
  }
}

TEST(LiveMessages, AreJsonWithTheirType) {
  EXPECT_EQ(json::parse(live_message("status", "{\"ok\":true}\n")),
            json::parse(R"({"type":"status","ok":true})"));
  const json connection = json::parse(live_connection("{\"id\":\"0-1-2\"}\n", Time{}));
  EXPECT_EQ(connection["info"]["id"], "0-1-2");
  EXPECT_EQ(json::parse(live_error("a \"b\""))["error"], "a \"b\"");
}

TEST(LiveMessages, SayWhoseTheyAre) {
  const auto wish = parse_live_wish(R"({"watch":"packets","number":7})");
  ASSERT_TRUE(wish.has_value());
  EXPECT_EQ(wish->number, 7U);
  EXPECT_EQ(json::parse(live_error("no", wish->number))["number"], 7);
  EXPECT_EQ(json::parse(live_packets({}, 0, wish->number))["number"], 7);
  EXPECT_FALSE(json::parse(live_packets({}, 0)).contains("number"));
}

TEST(LiveMessages, TellWhyAPacketWasDropped) {
  const SeenPacket packet{.dropped = DropReason::kUdpNoSocket, .comment = "dropped: \"x\""};
  const json told = json::parse(live_packets({&packet, 1}, 0));
  EXPECT_EQ(told["packets"][0]["dropped"], "udp_no_socket");
  EXPECT_EQ(told["packets"][0]["comment"], "dropped: \"x\"");
}

TEST(LiveMessages, TellOfPackets) {
  SeenPacket packet{.number = 3, .interface = "x\"0", .size = 1000, .count = 2};
  packet.bytes[0] = std::byte{0xab};
  const json told = json::parse(live_packets({&packet, 1}, 7));
  EXPECT_EQ(told["type"], "packets");
  EXPECT_EQ(told["missed"], 7);
  EXPECT_EQ(told["packets"][0]["bytes"], "ab00");
  EXPECT_EQ(told["packets"][0]["interface"], "x\"0");
  EXPECT_EQ(told["packets"][0]["size"], 1000);
  EXPECT_TRUE(told["packets"][0]["line"].is_string());
  EXPECT_TRUE(told["packets"][0]["dropped"].is_null());
  EXPECT_TRUE(told["packets"][0]["comment"].is_null());
}

TEST(LiveMessages, TellOfSegments) {
  SeenSegment segment{.is_out = true,
                      .flags = wire::kTcpPsh | wire::kTcpAck,
                      .sequence = 10,
                      .acknowledgment = 20,
                      .window = 65'536,
                      .length = 5,
                      .cause = TcpLossCause::kTimeout};
  segment.sacked[0] = {30, 40};
  segment.sacked_count = 1;
  const json told = json::parse(live_segments({0, {1, 2}}, {&segment, 1}, 0));
  EXPECT_EQ(told["id"], "0-1-2");
  const json& one = told["segments"][0];
  EXPECT_EQ(one["flags"], "PA");
  EXPECT_EQ(one["seq"], 10);
  EXPECT_EQ(one["sack"], json::parse("[[30,40]]"));
  EXPECT_EQ(one["again"], "timeout");
  segment.cause = TcpLossCause::kReordering;
  EXPECT_EQ(json::parse(live_segments({}, {&segment, 1}, 0))["segments"][0]["again"], "fast");
  segment.cause.reset();
  EXPECT_TRUE(json::parse(live_segments({}, {&segment, 1}, 0))["segments"][0]["again"].is_null());
}

}  // namespace
}  // namespace strata::service::live_messages_test
