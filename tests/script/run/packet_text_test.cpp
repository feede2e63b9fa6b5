// SPDX-License-Identifier: Apache-2.0
#include "script/run/packet_text.h"

#include <gtest/gtest.h>

#include "script/language/parser.h"

namespace strata::script::packet_text_test {
namespace {

// What is printed can be read again and is printed the same.
TEST(PacketText, IsTheLanguageItself) {
  const std::string_view rows[] = {
      "< S 0:0(0) win 32792 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>",
      "> P. 1:1001(1000) ack 1",
      "< FPU. 1:1(0) ack 2 win 3 urg 4",
      "> . 1:1(0) ack 1 <nop,nop,sack 1:2 3:4>",
      "> S 0:0(0) <...>",
      "< 10 > 20 - 5:5(0)",
      "< [ce] . 1:1(0) ack 1",
      "> [ect0] . 1:1(0) ack 1",
      "< S 0:0(0) <raw 0200ff01>",
      "> S 0:0(0) <FO 0102030405060708,nop,nop>",
      "< udp 1 > 2 (3)",
      "< icmp unreachable frag_needed mtu 1300",
      "< icmp echo_request id 7",
  };
  for (const std::string_view row : rows) {
    const auto script = parse_script("0 " + std::string(row), {});
    ASSERT_TRUE(script.has_value()) << row << script.error().text;
    EXPECT_EQ(to_text(std::get<PacketSpec>(script->events[0].action), true), row);
  }
}

TEST(PacketText, OptionsOfAnyBytesHaveAText) {
  for (unsigned kind = 0; kind < 256; ++kind) {
    for (unsigned length = 0; length < 12; ++length) {
      std::vector<std::byte> bytes(12, std::byte{1});
      bytes[0] = static_cast<std::byte>(kind);
      bytes[1] = static_cast<std::byte>(length);
      EXPECT_FALSE(options_text(bytes).empty()) << kind << " " << length;
    }
  }
}

}  // namespace
}  // namespace strata::script::packet_text_test
