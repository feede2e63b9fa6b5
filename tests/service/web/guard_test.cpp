// SPDX-License-Identifier: Apache-2.0
#include "service/web/guard.h"

#include <gtest/gtest.h>

#include "service/lab.h"

namespace strata::service::guard_test {
namespace {

TEST(Guard, KnowsAddressesOfTheStackAndNamesItWasGiven) {
  Lab lab;
  const Guard guard({.names = {"box.lan"}});
  const Stack& stack = lab.ours->stack();
  for (const char* host :
       {"10.77.0.2", "10.77.0.2:80", "[fd77::2]", "[fd77::2]:8080", "box.lan", "BOX.LAN:80"}) {
    EXPECT_TRUE(guard.knows_host(host, stack)) << host;
  }
  for (const char* host :
       {"", "10.77.0.1", "evil.example", "box.lan.evil.example", "evilbox.lan", "fd77::2",
        "[fd77::2", "localhost", "10.77.0.2.evil.example", ":80", "[]", "box.lan@evil.example"}) {
    EXPECT_FALSE(guard.knows_host(host, stack)) << host;
  }
}

// Whoever comes by a port of this host uses its addresses, which no name can be made to mean.
TEST(Guard, KnowsAnyAddressBehindPublishedPorts) {
  Lab lab;
  const Guard guard({.is_published = true});
  const Stack& stack = lab.ours->stack();
  for (const char* host : {"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.0.2.1"}) {
    EXPECT_TRUE(guard.knows_host(host, stack)) << host;
  }
  EXPECT_FALSE(guard.knows_host("evil.example:8080", stack));
}

TEST(Guard, TakesNoRequestsOfOtherPages) {
  const Guard guard({});
  struct Row {
    const char* host;
    const char* origin;
    bool is_encrypted;
    bool is_same;
  };
  for (const Row& row : {
           Row{"a", "", false, true},
           Row{"a", "http://a", false, true},
           Row{"a:81", "http://A:81", false, true},
           Row{"a", "https://a", true, true},
           Row{"a", "https://a", false, false},
           Row{"a", "http://a", true, false},
           Row{"a", "http://b", false, false},
           Row{"a", "http://a:81", false, false},
           Row{"a", "http://a.b", false, false},
           Row{"a", "null", false, false},
       }) {
    HttpRequest request;
    request.host = row.host;
    request.origin = row.origin;
    EXPECT_EQ(guard.is_same_origin(request, row.is_encrypted), row.is_same) << row.origin;
  }
}

TEST(Guard, LetsChangeWhoHasTheToken) {
  const Guard guard({.token = "0123456789abcdef"});
  const auto may = [&](const char* authorization) {
    HttpRequest request;
    request.authorization = authorization;
    return guard.may_change(request);
  };
  EXPECT_TRUE(may("Bearer 0123456789abcdef"));
  EXPECT_TRUE(may("bearer 0123456789abcdef"));
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Bearer 0123456789abcdeF", "Bearer 0123456789abcdef0",
        "Bearer 0123456789abcde", "Basic 0123456789abcdef", "0123456789abcdef"}) {
    EXPECT_FALSE(may(wrong)) << wrong;
  }
  HttpRequest request;
  request.authorization = "Bearer ";
  EXPECT_FALSE(Guard({}).may_change(request)) << "without a token nothing is changed";
}

TEST(Guard, ComparesWhatMayBeSecret) {
  EXPECT_TRUE(is_equal_in_constant_time("abc", "abc"));
  EXPECT_TRUE(is_equal_in_constant_time("", ""));
  for (const char* other : {"", "ab", "abd", "abcd", "xbc", "abcabc"}) {
    EXPECT_FALSE(is_equal_in_constant_time("abc", other)) << other;
    EXPECT_FALSE(is_equal_in_constant_time(other, "abc")) << other;
  }
}

}  // namespace
}  // namespace strata::service::guard_test
