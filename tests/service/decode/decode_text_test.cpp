// SPDX-License-Identifier: Apache-2.0
#include "service/decode/decode_text.h"

#include <gtest/gtest.h>

#include "service/decode/samples.h"

namespace strata::service::decode_text_test {
namespace {

TEST(DecodeText, IndentsFieldsBelowTheirLayer) {
  const std::string text = decode_text(Medium::kEthernet, sample("udp"));
  EXPECT_NE(text.find("    UDP, 8 bytes at 34\n"
                      "        Source port: 1234\n"
                      "        Destination port: 7 (echo)\n"),
            std::string::npos)
      << text;
}

TEST(DecodeText, DumpsSixteenBytesALine) {
  EXPECT_EQ(hex_dump(bytes_of_hex("48656c6c6f2c20776f726c6421000102ff")),
            "    0x0000:  4865 6c6c 6f2c 2077 6f72 6c64 2100 0102  Hello, world!...\n"
            "    0x0010:  ff                                       .\n");
  EXPECT_EQ(hex_dump({}), "");
}

}  // namespace
}  // namespace strata::service::decode_text_test
