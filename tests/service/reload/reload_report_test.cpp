// SPDX-License-Identifier: Apache-2.0
#include "service/reload/reload_report.h"

#include <gtest/gtest.h>

#include "service/control/answers.h"
#include "service/control/messages.h"

namespace strata::service::reload_report_test {
namespace {

ReloadReport change() {
  return {.errors = {},
          .changed = {{"log", "\"warning\"", "\"info\""}, {"gateway", "", "[\"10.1.0.1\"]"}},
          .needs_restart = {{"cores", "1", "2"}},
          .files = {"/etc/hosts"}};
}

TEST(ReloadReport, SaysWhatHasBecomeOfEachKey) {
  EXPECT_EQ(to_text(change()),
            "changed: log: \"warning\" -> \"info\"\n"
            "changed: gateway: none -> [\"10.1.0.1\"]\n"
            "needs a restart: cores: 1 -> 2\n"
            "read again: /etc/hosts");
  EXPECT_EQ(to_text(ReloadReport{}), "nothing else is asked for");
  ReloadReport refused = change();
  refused.errors = {"f:1:1: log: wrong", "f:2:1: dns: wrong"};
  EXPECT_EQ(to_text(refused), "nothing has changed:\n  f:1:1: log: wrong\n  f:2:1: dns: wrong");
  refused.errors = {"publish: no", "not taken back: publish: 80"};
  EXPECT_EQ(to_text(refused),
            "refused, and not all is as it was:\n  publish: no\n  not taken back: publish: 80");
}

TEST(ReloadReport, CrossesTheControlSocket) {
  const auto shown = render_reload(control_reloaded(change()), false);
  ASSERT_TRUE(shown.has_value()) << shown.error().text;
  EXPECT_EQ(*shown, to_text(change()) + "\n");
  const auto json = render_reload(control_reloaded(change()), true);
  ASSERT_TRUE(json.has_value());
  EXPECT_NE(json->find(R"("needs_restart":[{"from":"1","key":"cores","to":"2"}])"),
            std::string::npos)
      << *json;
  const ReloadReport refused{.errors = {"f:1:1: log: wrong", "and more"}};
  for (const bool as_json : {false, true}) {
    const auto failure = render_reload(control_reloaded(refused), as_json);
    ASSERT_FALSE(failure.has_value());
    EXPECT_EQ(failure.error().text, to_text(refused));
  }
}

TEST(ReloadReport, AnswersThatAreNoneAreTold) {
  for (const char* line :
       {"", "[]", "{}", R"({"ok":false,"error":"no"})", R"({"ok":1,"changed":7,"errors":[7]})"}) {
    EXPECT_FALSE(render_reload(line, false).has_value()) << line;
  }
  const auto odd = render_reload(R"({"ok":true,"changed":[7,{"key":7}],"files":"x"})", false);
  EXPECT_TRUE(odd.has_value());
}

}  // namespace
}  // namespace strata::service::reload_report_test
