// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::dns_layer_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"dns_query", "DNS", "Id", "0xbeef"},
    {"dns_query", "DNS", "Response", "0 (a question)"},
    {"dns_query", "DNS", "Question", "www.example.org. A"},
    {"dns_answer", "DNS", "Response code", "0 (no error)"},
    {"dns_answer", "DNS", "Answer", "www.example.org. CNAME example.org. (for 60 s)"},
    {"dns_answer", "DNS", "Additional", "EDNS options (takes 1232 bytes)"},
};

TEST(DnsLayer, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(DnsLayer, StopsAtANameThatPointsForwards) {
  auto packet = sample("dns_query");
  packet[14 + 20 + 8 + 12] = std::byte{0xc0};
  packet[14 + 20 + 8 + 13] = std::byte{0xff};
  EXPECT_EQ(decoded(packet, "DNS", kUnreadable), "a question that cannot be read");
  EXPECT_EQ(decoded(packet, "DNS", "Questions"), "1");
}

}  // namespace
}  // namespace strata::service::dns_layer_test
