// SPDX-License-Identifier: Apache-2.0
#include "service/web/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <set>
#include <string>

namespace strata::service::metrics_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json stacks() {
  return json::parse(R"([
    {"name":"a\"b","uptime_seconds":1.5,
     "interfaces":[{"name":"x0","received_packets":7,"received_bytes":700,"sent_packets":3,
                    "sent_bytes":30,"mtu":1500,"up":true}],
     "counters":{"tcp_sent":5},"drops":[{"reason":"bad_checksum","count":2}],
     "tcp":{"connections":4,"time_wait":1},
     "memory":{"bytes":10,"pool_bytes":20,"small_buffers":8,"small_buffers_free":6,
               "large_buffers_free":1},
     "timers":{"pending":4,"fired":9,"late":1,"refiled":12,"latest_seconds":0.25,
               "next_due_seconds":null}},
    {"name":"c","uptime_seconds":2,"counters":{"tcp_sent":6}}])");
}

TEST(Metrics, AreNamedAndLabelled) {
  const std::string text = metrics_text(stacks(), "1.2");
  for (const char* line : {
           "strata_build_info{version=\"1.2\"} 1\n",
           "strata_uptime_seconds{stack=\"a\\\"b\"} 1.5\n",
           "strata_interface_received_packets_total{stack=\"a\\\"b\",interface=\"x0\"} 7\n",
           "strata_interface_up{stack=\"a\\\"b\",interface=\"x0\"} 1\n",
           "strata_tcp_sent_total{stack=\"a\\\"b\"} 5\nstrata_tcp_sent_total{stack=\"c\"} 6\n",
           "strata_drops_total{stack=\"a\\\"b\",reason=\"bad_checksum\"} 2\n",
           "strata_tcp_connections{stack=\"a\\\"b\",state=\"time_wait\"} 1\n",
           "strata_pool_bytes{stack=\"a\\\"b\"} 20\n",
           "# TYPE strata_timers_pending gauge\n",
           "# TYPE strata_timers_late_total counter\n",
           "strata_timers_pending{stack=\"a\\\"b\"} 4\n",
           "strata_timers_late_total{stack=\"a\\\"b\"} 1\n",
           "strata_timers_latest_seconds{stack=\"a\\\"b\"} 0.25\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

// Each name has its help and its type once, in front of all its lines.
TEST(Metrics, AreToldOnceEach) {
  const std::string text = metrics_text(stacks(), "1.2");
  std::set<std::string> typed;
  for (auto at = text.find("# TYPE "); at != std::string::npos; at = text.find("# TYPE ", at + 1)) {
    const std::string name = text.substr(at + 7, text.find(' ', at + 7) - at - 7);
    EXPECT_TRUE(typed.insert(name).second) << name;
    EXPECT_THAT(text, HasSubstr("# HELP " + name + " "));
  }
  EXPECT_GT(typed.size(), 10U);
  EXPECT_FALSE(typed.contains("strata_timers_next_due_seconds")) << "nothing is due";
}

TEST(Metrics, LeaveOutWhatThereIsNone) {
  const std::string text = metrics_text(json::parse(R"([{"name":"a"}])"), "1");
  EXPECT_THAT(text, Not(HasSubstr("drops")));
  EXPECT_THAT(metrics_text(json::array(), "1"), HasSubstr("strata_build_info"));
}

}  // namespace
}  // namespace strata::service::metrics_test
