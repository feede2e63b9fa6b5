// SPDX-License-Identifier: Apache-2.0
// Names by way of the C API.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "capi/two_stacks.h"
#include "strata/strata.h"

namespace strata::capi::names_test {
namespace {

// A DNS server of one datagram: A is 192.0.2.1, anything else is not there.
class CApiNames : public TwoStacks {
 protected:
  CApiNames() : server_socket_(strata_socket(server_, STRATA_UDP, STRATA_IPV4)) {
    EXPECT_EQ(strata_bind(server_, server_socket_, "10.0.0.1", 53), 0);
    EXPECT_EQ(strata_set_names(client_, "nameserver 10.0.0.1\noptions attempts:1 timeout:1",
                               "10.0.0.9 nas\nfd00::9 nas\n"),
              0);
  }
  void serve() {
    unsigned char bytes[600];
    strata_address from = STRATA_INIT(strata_address);
    for (;;) {
      const auto size = strata_receive_from(server_, server_socket_, bytes, 512, &from);
      if (size < 0) return;
      auto end = static_cast<std::size_t>(size);
      std::size_t question = 12;
      while (bytes[question] != 0) question += bytes[question] + 1U;
      end = question + 5;
      const bool is_a = bytes[question + 2] == 1;
      const unsigned char answer[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
      bytes[2] = 0x81;
      bytes[3] = 0x80;
      bytes[7] = is_a ? 1 : 0;
      bytes[11] = 0;
      if (is_a) {
        std::memcpy(bytes + end, answer, sizeof(answer));
        end += sizeof(answer);
      }
      EXPECT_EQ(strata_send_to(server_, server_socket_, bytes, end, from.text, from.port),
                static_cast<std::int64_t>(end));
    }
  }
  // What strata_addresses() says once it is told.
  int ask(const char* name, int family, strata_address* found, int count) {
    const auto question = strata_resolve(client_, name, family, 42);
    EXPECT_GT(question, 0);
    strata_event event{};
    for (int i = 0; i < 3000 && event.what == 0; ++i) {
      EXPECT_GE(strata_wait(client_, &event, 1, 1), 0);
      if (answers_) serve();
    }
    EXPECT_EQ(event.what, static_cast<std::uint32_t>(STRATA_RESOLVED));
    EXPECT_EQ(event.data, 42U);
    const int answered = strata_addresses(client_, question, found, count);
    EXPECT_EQ(strata_end_question(client_, question), 0);
    EXPECT_EQ(strata_addresses(client_, question, found, count), -EBADF);
    return answered;
  }

  int server_socket_;
  bool answers_ = true;
};

TEST_F(CApiNames, ANameIsAskedOfTheServer) {
  strata_address found = STRATA_INIT(strata_address);
  EXPECT_EQ(ask("www.example.test", 0, &found, 1), 1);
  EXPECT_STREQ(found.text, "192.0.2.1");
  EXPECT_EQ(ask("www.example.test", STRATA_IPV6, &found, 1), -ENOENT);
  answers_ = false;
  EXPECT_EQ(ask("other.example.test", 0, nullptr, 0), -ETIMEDOUT);
  EXPECT_EQ(ask("a..b", 0, nullptr, 0), -EINVAL);
  EXPECT_EQ(strata_set_names(client_, nullptr, nullptr), 0);
  EXPECT_EQ(ask("third.example.test", 0, nullptr, 0), -ENETUNREACH);
}

TEST_F(CApiNames, AddressesAreFilledInForStructuresOfTheCallersSize) {
  strata_address found[2] = {STRATA_INIT(strata_address), {}};
  EXPECT_EQ(ask("nas", 0, found, 2), 2);
  EXPECT_STREQ(found[0].text[0] == 'f' ? found[1].text : found[0].text, "10.0.0.9");
  EXPECT_EQ(found[1].size, sizeof(strata_address));
  EXPECT_EQ(ask("nas", STRATA_IPV4, found, 1), 1);
  EXPECT_EQ(ask("127.0.0.1", 0, found, 1), 1);
  EXPECT_STREQ(found[0].text, "127.0.0.1");
  found[0].size = 0;
  EXPECT_EQ(ask("nas", 0, found, 1), -EINVAL);
}

TEST_F(CApiNames, AQuestionMayBeEndedBeforeItsAnswer) {
  const auto question = strata_resolve(client_, "www.example.test", 0, 1);
  EXPECT_EQ(strata_addresses(client_, question, nullptr, 0), -EINPROGRESS);
  EXPECT_EQ(strata_end_question(client_, question), 0);
  EXPECT_EQ(strata_end_question(client_, question), -EBADF);
  strata_event event{};
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(strata_wait(client_, &event, 1, 10), 0);
    serve();
  }
  EXPECT_GT(strata_resolve(client_, "next.example.test", 0, 1), question);  // open at the end
}

TEST_F(CApiNames, WhatIsAnsweredAndWasNotToldIsForgottenWithItsQuestion) {
  const auto first = strata_resolve(client_, "127.0.0.1", 0, 1);
  const auto second = strata_resolve(client_, "127.0.0.2", 0, 2);
  strata_event event{};
  ASSERT_EQ(strata_wait(client_, &event, 1, 1000), 1);
  EXPECT_EQ(event.what, static_cast<std::uint32_t>(STRATA_RESOLVED));
  const bool is_first = event.data == 1;
  strata_address found = STRATA_INIT(strata_address);
  ASSERT_EQ(strata_addresses(client_, is_first ? second : first, &found, 1), 1);
  found.size = sizeof(found) + 1;  // the next one would lie askew
  EXPECT_EQ(strata_addresses(client_, first, &found, 1), -EINVAL);
  EXPECT_EQ(strata_end_question(client_, first), 0);
  EXPECT_EQ(strata_end_question(client_, second), 0);
  EXPECT_EQ(strata_wait(client_, &event, 1, 1000), 0);
}

}  // namespace
}  // namespace strata::capi::names_test
