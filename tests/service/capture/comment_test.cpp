// SPDX-License-Identifier: Apache-2.0
#include "service/capture/comment.h"

#include <gtest/gtest.h>

namespace strata::service::comment_test {
namespace {

TEST(Comment, NamesADropInTheWordsOfTheCounters) {
  const std::string text = drop_comment(DropReason::kUdpNoSocket);
  EXPECT_EQ(text,
            "dropped: udp_no_socket: " + std::string(explanation_of(DropReason::kUdpNoSocket)));
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const std::string each = drop_comment(static_cast<DropReason>(i));
    EXPECT_EQ(clean_comment(each), each) << "one line of plain text";
  }
}

TEST(Comment, LeavesWhatIsSoundAlone) {
  const std::string sound = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
  EXPECT_EQ(clean_comment(sound), sound);
  EXPECT_EQ(clean_comment(""), "");
  const std::string neighbours = "\xC2\xA0\xE2\x80\xA7\xE2\x80\xAF\xE2\x81\xA5\xE2\x81\xAA";
  EXPECT_EQ(clean_comment(neighbours), neighbours);
}

TEST(Comment, MendsWhatIsNoText) {
  const std::string bad = "\xEF\xBF\xBD";
  struct Case {
    std::string given;
    std::string wanted;
  };
  const Case cases[] = {
      {"a\xFFz", "a" + bad + "z"},
      {"\xC0\xAF", bad + bad},            // overlong
      {"\xED\xA0\x80", bad + bad + bad},  // half of a surrogate pair
      {"\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"\xE2\x82", bad + bad},  // cut
      {"one\ntwo\x01\x7F", "one two  "},
      {std::string("nul\0in", 6), "nul in"},
      {"a\xC2\x9B"
       "2Jz",
       "a 2Jz"},                               // C1: control sequence introducer
      {"a\xE2\x80\xA8z\xE2\x80\xA9", "a z "},  // separators of lines and paragraphs
      {"\xE2\x80\xAE"
       "gpj.\xE2\x81\xA6z",
       " gpj. z"},  // another direction
  };
  for (const Case& each : cases) EXPECT_EQ(clean_comment(each.given), each.wanted);
}

TEST(Comment, IsBoundedAndEndsWithAWholeCharacter) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "\xE2\x82\xAC";
  const std::string clean = clean_comment(text);
  EXPECT_LE(clean.size(), kCommentBytesMax);
  EXPECT_GT(clean.size(), kCommentBytesMax - 3);
  EXPECT_EQ(clean.size() % 3, 0U);
  EXPECT_LE(clean_comment(std::string(5000, '\xFF')).size(), kCommentBytesMax);
}

}  // namespace
}  // namespace strata::service::comment_test
