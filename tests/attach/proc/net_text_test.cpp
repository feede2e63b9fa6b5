// SPDX-License-Identifier: Apache-2.0
#include "attach/proc/net_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attach/proc/proc_lab.h"

namespace strata::attach::net_text_test {
namespace {

TEST(NetText, EachFileHasItsOwn) {
  constexpr std::string_view kStreams = "  sl  local_address";
  constexpr std::string_view kBeginnings[] = {
      kStreams,    kStreams,      "   sl  local", kStreams,  kStreams,  kStreams,
      "Inter-|",   "Iface\tDest", "fd0100000000", "0000",    "IP addr", "Ip: F",
      "sockets: ", "TCP6: ",      "Num ",         "TcpExt:", "Ip6InRe"};
  proc_lab::Lab lab;
  static_assert(std::size(kBeginnings) == client::kNetFileNames.size());
  for (std::size_t i = 0; i < std::size(kBeginnings); ++i) {
    const std::string text = lab.text(static_cast<client::NetFile>(i));
    EXPECT_THAT(text, testing::HasSubstr(std::string(kBeginnings[i]))) << client::kNetFileNames[i];
    EXPECT_TRUE(text.ends_with('\n')) << client::kNetFileNames[i];
  }
}

}  // namespace
}  // namespace strata::attach::net_text_test
