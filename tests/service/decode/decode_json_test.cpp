// SPDX-License-Identifier: Apache-2.0
#include "service/decode/decode_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "service/decode/samples.h"

namespace strata::service::decode_json_test {
namespace {

TEST(DecodeJson, HasTheShapeThatTheApiPromises) {
  const auto json = decode_json(Medium::kEthernet, sample("tcp_syn"));
  ASSERT_EQ(json.size(), 3U);
  EXPECT_EQ(json[1]["name"], "IPv4");
  EXPECT_EQ(json[1]["offset"], 14);
  EXPECT_EQ(json[1]["size"], 20);
  const auto& version = json[1]["fields"][0];
  EXPECT_EQ(version,
            (nlohmann::json{{"name", "Version"}, {"value", "4"}, {"bit", 0}, {"bits", 4}}));
  EXPECT_EQ(json[1]["fields"][1]["note"], "20 bytes");
  EXPECT_EQ(nlohmann::json::parse(decode_json_text(Medium::kEthernet, sample("tcp_syn"))), json);
}

}  // namespace
}  // namespace strata::service::decode_json_test
