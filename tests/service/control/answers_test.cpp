// SPDX-License-Identifier: Apache-2.0
#include "service/control/answers.h"

#include <gtest/gtest.h>

#include <string>

#include "service/control/messages.h"
#include "service/lab.h"

namespace strata::service::answers_test {
namespace {

TEST(ControlAnswers, StatusSaysWhetherThisIsConfined) {
  const std::string status = control_status({});
  EXPECT_NE(status.find(R"("confinement":{"confined":false})"), std::string::npos) << status;
  const auto text = render_status(status, false);
  ASSERT_TRUE(text.has_value());
  EXPECT_NE(text->find("Not confined"), std::string::npos);
  const auto confined = render_status(
      R"({"ok":true,"stacks":[],"confinement":{"confined":true,"user":65534,"landlock":6,)"
      R"("capabilities":"0000000000000000","no_new_privileges":true,"seccomp":true,)"
      R"("still_root":7}})",
      false);
  ASSERT_TRUE(confined.has_value());
  EXPECT_NE(confined->find("Confined: user 65534, capabilities 0000000000000000, no new "
                           "privileges, seccomp filter, Landlock 6"),
            std::string::npos)
      << *confined;
}

TEST(ControlAnswers, AListOfTheStatusStandsAlone) {
  Lab lab;
  HostedStack* const stacks[] = {lab.ours.get()};
  const std::string status = control_status(stacks);
  const auto text = render_status(status, false, "routes");
  ASSERT_TRUE(text.has_value()) << text.error().text;
  EXPECT_TRUE(text->starts_with("ours\n")) << *text;
  EXPECT_NE(text->find("10.77.0.0/24"), std::string::npos);
  EXPECT_EQ(text->find("Interfaces"), std::string::npos);
  const auto json = render_status(status, true, "routes");
  ASSERT_TRUE(json.has_value());
  EXPECT_NE(json->find("\"routes\":[{"), std::string::npos);
  EXPECT_EQ(json->find("interfaces"), std::string::npos);
  // What there is nothing of says so.
  EXPECT_NE(render_status(status, false, "connections")->find("none"), std::string::npos);
}

TEST(ControlAnswers, ARefusalSaysWhy) {
  EXPECT_TRUE(parse_control_reply(control_agreement()).has_value());
  const auto refused = parse_control_reply(control_refusal("not \"now\""));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().text, "the stack refused: not \"now\"");
  EXPECT_FALSE(parse_control_reply("what").has_value());
  EXPECT_FALSE(render_status(control_agreement(), false).has_value());
}

TEST(ControlAnswers, AnExplanationIsToldInWords) {
  const std::string line = control_explanation(
      {.packet = "IP a > b", .steps = {{"frame", "ours"}}, .dropped = {}, .end = "accepted"});
  EXPECT_EQ(render_explanation(line, false), "IP a > b\n  frame        ours\n  => accepted\n");
  EXPECT_NE(render_explanation(line, true)->find("\"dropped\":null"), std::string::npos);
  EXPECT_FALSE(render_explanation(control_refusal("no"), false).has_value());
}

}  // namespace
}  // namespace strata::service::answers_test
