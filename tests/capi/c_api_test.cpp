// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "strata/strata.h"

namespace strata::capi::c_api_test {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

// Two stacks on virtual time, joined.
class CApi : public testing::Test {
 public:
  ~CApi() override {
    strata_stack_destroy(server_);
    strata_stack_destroy(client_);
  }

 protected:
  CApi() {
    strata_options options = STRATA_INIT(strata_options);
    options.is_virtual = 1;
    options.seed = 1;
    EXPECT_EQ(strata_stack_create(&options, &server_), 0);
    options.seed = 2;
    EXPECT_EQ(strata_stack_create(&options, &client_), 0);
    EXPECT_EQ(strata_join(server_, "10.0.0.1/24", client_, "10.0.0.2/24"), 0);
  }
  static std::uint32_t wait_for(strata_stack* stack, int socket, std::uint32_t what) {
    EXPECT_EQ(strata_watch(stack, socket, what, 77), 0);
    strata_event event{};
    const int count = strata_wait(stack, &event, 1, 10'000);
    EXPECT_EQ(count, 1);
    EXPECT_EQ(event.socket, socket);
    EXPECT_EQ(event.data, 77);
    EXPECT_EQ(strata_watch(stack, socket, 0, 0), 0);
    return event.what;
  }
  int listen_at(std::uint16_t port) {
    const int listener = strata_socket(server_, STRATA_TCP, STRATA_IPV4);
    EXPECT_EQ(strata_bind(server_, listener, nullptr, port), 0);
    EXPECT_EQ(strata_listen(server_, listener, 4), 0);
    return listener;
  }

  strata_stack* server_ = nullptr;
  strata_stack* client_ = nullptr;
};

TEST_F(CApi, AStreamCarriesBytesUntilItsEnd) {
  const int listener = listen_at(7);
  const int asking = strata_socket(client_, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_connect(client_, asking, "10.0.0.1", 7), -EINPROGRESS);
  EXPECT_EQ(wait_for(client_, asking, STRATA_WRITABLE), STRATA_WRITABLE);
  EXPECT_EQ(strata_take_error(client_, asking), 0);
  wait_for(server_, listener, STRATA_READABLE);
  const int accepted = strata_accept(server_, listener);
  ASSERT_GT(accepted, 0);
  EXPECT_EQ(strata_accept(server_, listener), -EAGAIN);

  const std::string sent(100'000, 'x');
  std::size_t written = 0;
  std::size_t received = 0;
  char buffer[5000];
  while (received < sent.size()) {
    const auto put = strata_write(client_, asking, sent.data() + written, sent.size() - written);
    if (put > 0) written += static_cast<std::size_t>(put);
    wait_for(server_, accepted, STRATA_READABLE);
    const auto got = strata_read(server_, accepted, buffer, sizeof(buffer));
    ASSERT_GT(got, 0);
    received += static_cast<std::size_t>(got);
  }
  EXPECT_EQ(strata_read(server_, accepted, buffer, sizeof(buffer)), -EAGAIN);
  EXPECT_EQ(strata_shutdown(client_, asking, STRATA_SHUT_WRITE), 0);
  EXPECT_NE(wait_for(server_, accepted, STRATA_READABLE) & STRATA_ENDED, 0U);
  EXPECT_EQ(strata_read(server_, accepted, buffer, sizeof(buffer)), 0);
  EXPECT_EQ(strata_close(server_, accepted), 0);
  EXPECT_EQ(strata_read(server_, accepted, buffer, sizeof(buffer)), -EBADF);
}

TEST_F(CApi, ARefusedConnectionSaysSo) {
  const int asking = strata_socket(client_, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_connect(client_, asking, "10.0.0.1", 9), -EINPROGRESS);
  EXPECT_NE(wait_for(client_, asking, STRATA_WRITABLE) & STRATA_FAILED, 0U);
  EXPECT_EQ(strata_take_error(client_, asking), -ECONNREFUSED);
}

TEST_F(CApi, DatagramsComeWithTheirSource) {
  const int server = strata_socket(server_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(server_, server, "10.0.0.1", 53), 0);
  const int client = strata_socket(client_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(client_, client, nullptr, 5353), 0);
  EXPECT_EQ(strata_send_to(client_, client, "ping", 4, "10.0.0.1", 53), 4);
  wait_for(server_, server, STRATA_READABLE);
  char buffer[16];
  strata_address source = STRATA_INIT(strata_address);
  EXPECT_EQ(strata_receive_from(server_, server, buffer, sizeof(buffer), &source), 4);
  EXPECT_STREQ(source.text, "10.0.0.2");
  EXPECT_EQ(source.port, 5353);
  EXPECT_EQ(strata_receive_from(server_, server, buffer, sizeof(buffer), nullptr), -EAGAIN);
}

TEST_F(CApi, TimersFireInOrderAsVirtualTimeJumps) {
  EXPECT_EQ(strata_start_timer(server_, 7200 * kSecond, 2), 1);
  EXPECT_EQ(strata_start_timer(server_, 3600 * kSecond, 1), 2);
  EXPECT_EQ(strata_start_timer(server_, 60 * kSecond, 3), 3);
  EXPECT_EQ(strata_cancel_timer(server_, 3), 0);
  EXPECT_EQ(strata_cancel_timer(server_, 3), -ENOENT);
  strata_event event{};
  EXPECT_EQ(strata_wait(server_, &event, 1, 1000), 0);
  EXPECT_EQ(strata_now(server_), kSecond);
  EXPECT_EQ(strata_now(client_), kSecond);  // one clock for both ends of a link
  EXPECT_EQ(strata_wait(server_, &event, 1, -1), 1);
  EXPECT_EQ(event.what, STRATA_TIMER);
  EXPECT_EQ(event.data, 1);
  EXPECT_EQ(strata_now(server_), 3600 * kSecond);
  EXPECT_EQ(strata_wait(server_, &event, 1, -1), 1);
  EXPECT_EQ(event.data, 2);
}

TEST_F(CApi, BadArgumentsAreRefused) {
  strata_event event{};
  strata_options options{};  // without its size
  strata_stack* stack = nullptr;
  EXPECT_EQ(strata_stack_create(&options, &stack), -EINVAL);
  EXPECT_EQ(stack, nullptr);
  EXPECT_EQ(strata_stack_create(nullptr, nullptr), -EINVAL);
  EXPECT_EQ(strata_socket(nullptr, STRATA_TCP, STRATA_IPV4), -EINVAL);
  EXPECT_EQ(strata_socket(server_, 9, STRATA_IPV4), -EINVAL);
  EXPECT_EQ(strata_socket(server_, STRATA_UDP, 5), -EINVAL);
  EXPECT_EQ(strata_close(server_, 99), -EBADF);
  EXPECT_EQ(strata_bind(server_, 99, nullptr, 1), -EBADF);
  EXPECT_EQ(strata_watch(server_, 99, STRATA_READABLE, 0), -EBADF);
  EXPECT_EQ(strata_wait(server_, nullptr, 1, 0), -EINVAL);
  EXPECT_EQ(strata_wait(server_, &event, 0, 0), -EINVAL);
  const int socket = strata_socket(server_, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(server_, socket, "ten", 1), -EINVAL);
  EXPECT_EQ(strata_bind(server_, socket, "fd00::1", 1), -EAFNOSUPPORT);
  EXPECT_EQ(strata_bind(server_, socket, "10.9.9.9", 1), -EADDRNOTAVAIL);
  EXPECT_EQ(strata_watch(server_, socket, 1U << 20U, 0), -EINVAL);
  EXPECT_EQ(strata_join(server_, "10.1.0.1/24", server_, "10.1.0.2/24"), -EINVAL);
  EXPECT_STRNE(strata_failure(server_), "");
  EXPECT_EQ(strata_attach(server_, "nonsense:x", "10.1.0.1/24"), -ENODEV);
  EXPECT_NE(std::string(strata_failure(server_)).find("nonsense"), std::string::npos);
  EXPECT_EQ(strata_attach(server_, "null:x", "ten"), -EINVAL);
  EXPECT_EQ(strata_add_gateway(server_, "ten"), -EINVAL);
  EXPECT_STREQ(strata_error_text(-ECONNREFUSED), "Connection refused");
  strata_stack_destroy(nullptr);
}

TEST_F(CApi, OptionsAreTheSystemsOrRefused) {
  const int socket = strata_socket(server_, STRATA_TCP, STRATA_IPV4);
  const int on = 1;
  EXPECT_EQ(strata_set_option(server_, socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
  EXPECT_EQ(strata_set_option(server_, socket, 12345, 1, &on, sizeof(on)), -ENOPROTOOPT);
}

// An older program knows less of a structure: nothing behind its end is written.
TEST_F(CApi, StructuresOfOlderVersionsAreRespected) {
  struct {
    strata_counters counters;
    std::uint64_t behind;
  } old{};
  old.counters.size = offsetof(strata_counters, ipv6_received);
  old.counters.ipv6_received = 4711;
  EXPECT_EQ(strata_read_counters(server_, &old.counters), 0);
  EXPECT_EQ(old.counters.ipv6_received, 4711);
  EXPECT_EQ(old.counters.size, offsetof(strata_counters, ipv6_received));
  old.counters.size = sizeof(old);
  old.behind = 4711;
  EXPECT_EQ(strata_read_counters(server_, &old.counters), 0);
  EXPECT_EQ(old.behind, 4711);
  old.counters.size = 0;
  EXPECT_EQ(strata_read_counters(server_, &old.counters), -EINVAL);
}

TEST_F(CApi, TheOtherEndMayGoFirst) {
  const int asking = strata_socket(client_, STRATA_TCP, STRATA_IPV4);
  listen_at(7);
  EXPECT_EQ(strata_connect(client_, asking, "10.0.0.1", 7), -EINPROGRESS);
  strata_stack_destroy(server_);
  server_ = nullptr;
  strata_event event{};
  EXPECT_EQ(strata_watch(client_, asking, STRATA_WRITABLE, 0), 0);
  EXPECT_EQ(strata_wait(client_, &event, 1, 600'000), 1);
  EXPECT_NE(event.what & STRATA_FAILED, 0U);
  EXPECT_EQ(strata_take_error(client_, asking), -EHOSTUNREACH);
}

TEST(CApiReal, AStackOnTheMachinesClockWaitsNoLongerThanAsked) {
  strata_stack* stack = nullptr;
  ASSERT_EQ(strata_stack_create(nullptr, &stack), 0);
  EXPECT_EQ(strata_attach(stack, "null:sink", "10.0.0.1/24"), 0);
  strata_event event{};
  EXPECT_EQ(strata_wait(stack, &event, 1, 1), 0);
  EXPECT_GE(strata_descriptor(stack), 0);
  EXPECT_GE(strata_timeout_ms(stack), 0);
  EXPECT_GT(strata_start_timer(stack, 1000, 5), 0);
  EXPECT_EQ(strata_wait(stack, &event, 1, -1), 1);
  EXPECT_EQ(event.data, 5);
  strata_stack_destroy(stack);
}

}  // namespace
}  // namespace strata::capi::c_api_test
