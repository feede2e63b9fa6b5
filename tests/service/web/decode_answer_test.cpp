// SPDX-License-Identifier: Apache-2.0
#include "service/web/decode_answer.h"

#include <gtest/gtest.h>

#include <string>

#include <nlohmann/json.hpp>

namespace strata::service::decode_answer_test {
namespace {

using nlohmann::json;

// An echo request in IPv4.
constexpr const char* kPing = "4500001c000100004001f4b50a4d00010a4d00020800f7f500070003";

TEST(DecodeAnswer, NamesLayersAndFields) {
  const HttpAnswer answer = decode_answer("/api/decode?medium=ip&bytes=" + std::string(kPing));
  ASSERT_EQ(answer.status, 200U) << answer.text;
  const json told = json::parse(answer.text);
  EXPECT_NE(told["line"].get<std::string>().find("ICMP echo request"), std::string::npos);
  ASSERT_GE(told["layers"].size(), 2U);
  EXPECT_EQ(told["layers"][0]["name"], "IPv4");
  EXPECT_EQ(told["layers"][0]["offset"], 0);
  EXPECT_EQ(told["layers"][0]["size"], 20);
  EXPECT_FALSE(told["layers"][0]["fields"].empty());
}

TEST(DecodeAnswer, TakesEthernetUnlessToldOtherwise) {
  const std::string frame = "02000000000102000000000208004500" + std::string(kPing).substr(4);
  const json told = json::parse(decode_answer("/api/decode?bytes=" + frame).text);
  EXPECT_EQ(told["layers"][1]["name"], "IPv4");
}

TEST(DecodeAnswer, SaysWhatIsWrong) {
  for (const char* const query : {"", "?bytes=", "?bytes=1", "?bytes=zz", "?bytes=00&medium=air",
                                  "?bytes=00&more=1", "?bytes=%"}) {
    const HttpAnswer answer = decode_answer("/api/decode" + std::string(query));
    EXPECT_EQ(answer.status, 400U) << query;
    EXPECT_NE(answer.text.find("error"), std::string::npos) << query;
  }
}

// Anything that a page may send is answered.
TEST(DecodeAnswer, ReadsCutPackets) {
  const std::string ping = kPing;
  for (std::size_t size = 2; size < ping.size(); size += 2) {
    EXPECT_EQ(decode_answer("/api/decode?medium=ip&bytes=" + ping.substr(0, size)).status, 200U);
  }
}

}  // namespace
}  // namespace strata::service::decode_answer_test
