// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/time.h>

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

// Who only writes is not woken for ever by a peer that sends no more.
TEST_F(CApi, AnEndIsToldToWhoReadsOrAsksForIt) {
  const int listener = listen_at(7);
  const int asking = strata_socket(client_, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_connect(client_, asking, "10.0.0.1", 7), -EINPROGRESS);
  wait_for(server_, listener, STRATA_READABLE);
  const int accepted = strata_accept(server_, listener);
  ASSERT_GT(accepted, 0);
  strata_event event{};
  const std::string block(100'000, 'x');
  EXPECT_EQ(strata_watch(server_, accepted, STRATA_WRITABLE, 1), 0);
  do {  // until there is no room at either end
    while (strata_write(server_, accepted, block.data(), block.size()) > 0) {
    }
  } while (strata_wait(server_, &event, 1, 1000) > 0);
  EXPECT_EQ(strata_shutdown(client_, asking, STRATA_SHUT_WRITE), 0);
  const auto before = strata_now(server_);
  EXPECT_EQ(strata_wait(server_, &event, 1, 1000), 0);
  EXPECT_EQ(strata_now(server_), before + kSecond);
  EXPECT_EQ(wait_for(server_, accepted, STRATA_ENDED), STRATA_ENDED);
  EXPECT_EQ(wait_for(server_, accepted, STRATA_READABLE),
            std::uint32_t{STRATA_READABLE | STRATA_ENDED});
  EXPECT_EQ(strata_close(client_, asking), 0);  // with bytes it never read: reset
  EXPECT_NE(wait_for(server_, accepted, STRATA_WRITABLE) & STRATA_ENDED, 0U);
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
  EXPECT_EQ(strata_join(server_, "10.1.0.1/24", client_, "ten"), -EINVAL);
  EXPECT_EQ(strata_add_address(server_, "eth1", "10.1.0.3/24"), -ENODEV);  // of half a link
  EXPECT_EQ(strata_attach(server_, "nonsense:x", "10.1.0.1/24"), -ENODEV);
  EXPECT_NE(std::string(strata_failure(server_)).find("nonsense"), std::string::npos);
  EXPECT_EQ(strata_attach(server_, "null:x", "ten"), -EINVAL);
  EXPECT_EQ(strata_add_gateway(server_, "ten"), -EINVAL);
  EXPECT_STREQ(strata_error_text(-ECONNREFUSED), "Connection refused");
  strata_stack_destroy(nullptr);
}

// A program in a hurry: no call may take the process with it.
TEST_F(CApi, NothingAndWhatIsGoneAreRefusedByEveryCall) {
  int value = 0;
  strata_address address = STRATA_INIT(strata_address);
  EXPECT_EQ(strata_attach(nullptr, "null:x", "10.0.0.1/24"), -EINVAL);
  EXPECT_EQ(strata_join(server_, "10.0.0.1/24", nullptr, "10.0.0.2/24"), -EINVAL);
  EXPECT_STREQ(strata_failure(nullptr), "");
  EXPECT_EQ(strata_add_address(server_, nullptr, "10.0.0.9/24"), -EINVAL);
  EXPECT_EQ(strata_add_address(server_, "eth7", "10.0.0.9/24"), -ENODEV);
  EXPECT_EQ(strata_add_address(server_, "eth0", "ten"), -EINVAL);
  EXPECT_EQ(strata_raw_socket(server_, STRATA_IPV4, 256), -EINVAL);
  EXPECT_EQ(strata_resolve(server_, nullptr, 0, 0), -EINVAL);
  EXPECT_EQ(strata_resolve(server_, "x", 5, 0), -EINVAL);
  EXPECT_EQ(strata_addresses(server_, 99, &address, 1), -EBADF);
  EXPECT_EQ(strata_addresses(server_, 99, nullptr, 1), -EINVAL);
  EXPECT_EQ(strata_end_question(server_, 99), -EBADF);
  EXPECT_EQ(strata_set_names(nullptr, nullptr, nullptr), -EINVAL);
  EXPECT_EQ(strata_now(nullptr), 0U);
  const int open = strata_socket(server_, STRATA_UDP, STRATA_IPV4);
  const int gone = strata_socket(server_, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_watch(server_, gone, STRATA_READABLE, 0), 0);
  EXPECT_EQ(strata_close(server_, gone), 0);
  EXPECT_EQ(strata_read(server_, open, nullptr, 1), -EINVAL);
  EXPECT_EQ(strata_write(server_, open, nullptr, 1), -EINVAL);
  EXPECT_EQ(strata_receive_from(server_, open, nullptr, 1, nullptr), -EINVAL);
  EXPECT_EQ(strata_send_to(server_, open, nullptr, 1, "10.0.0.2", 1), -EINVAL);
  EXPECT_EQ(strata_local_address(server_, open, nullptr), -EINVAL);
  EXPECT_EQ(strata_set_option(server_, open, SOL_SOCKET, SO_RCVBUF, nullptr, 4), -EINVAL);
  EXPECT_EQ(strata_get_option(server_, open, SOL_SOCKET, SO_RCVBUF, nullptr, 4), -EINVAL);
  for (const int socket : {gone, 0, -1, 1'000'000, INT32_MIN}) {
    EXPECT_EQ(strata_close(server_, socket), -EBADF);
    EXPECT_EQ(strata_listen(server_, socket, 1), -EBADF);
    EXPECT_EQ(strata_accept(server_, socket), -EBADF);
    EXPECT_EQ(strata_connect(server_, socket, "10.0.0.2", 1), -EBADF);
    EXPECT_EQ(strata_take_error(server_, socket), -EBADF);
    EXPECT_EQ(strata_read(server_, socket, &value, 1), -EBADF);
    EXPECT_EQ(strata_write(server_, socket, &value, 1), -EBADF);
    EXPECT_EQ(strata_receive_from(server_, socket, &value, 1, nullptr), -EBADF);
    EXPECT_EQ(strata_send_to(server_, socket, &value, 1, "10.0.0.2", 1), -EBADF);
    EXPECT_EQ(strata_shutdown(server_, socket, STRATA_SHUT_BOTH), -EBADF);
    EXPECT_EQ(strata_local_address(server_, socket, &address), -EBADF);
    EXPECT_EQ(strata_remote_address(server_, socket, &address), -EBADF);
    EXPECT_EQ(strata_set_option(server_, socket, SOL_SOCKET, SO_RCVBUF, &value, 4), -EBADF);
    EXPECT_EQ(strata_get_option(server_, socket, SOL_SOCKET, SO_RCVBUF, &value, 4), -EBADF);
    EXPECT_EQ(strata_watch(server_, socket, 0, 0), -EBADF);
  }
  EXPECT_STREQ(strata_error_text(INT64_MIN), "unknown error");
  EXPECT_STREQ(strata_error_text(0), "no error");
}

// A short array starves nobody, and what has no events costs nothing.
TEST_F(CApi, SocketsThatAreReadyAreToldInTurns) {
  constexpr int kSockets = 3;
  int sockets[kSockets];
  for (int i = 0; i < kSockets; ++i) {
    sockets[i] = strata_socket(server_, STRATA_UDP, STRATA_IPV4);
    EXPECT_EQ(strata_bind(server_, sockets[i], "10.0.0.1", static_cast<std::uint16_t>(100 + i)), 0);
    EXPECT_EQ(strata_watch(server_, sockets[i], STRATA_READABLE, 0), 0);
  }
  const int sender = strata_socket(client_, STRATA_UDP, STRATA_IPV4);
  strata_event event{};
  EXPECT_EQ(strata_wait(server_, &event, 1, 0), 0);
  for (const std::uint16_t port : {std::uint16_t{100}, std::uint16_t{102}}) {
    EXPECT_EQ(strata_send_to(client_, sender, "x", 1, "10.0.0.1", port), 1);
  }
  std::vector<int> told;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(strata_wait(server_, &event, 1, 1000), 1);
    told.push_back(event.socket);
  }
  EXPECT_EQ(told, (std::vector{sockets[0], sockets[2], sockets[0], sockets[2]}));
  EXPECT_EQ(strata_timeout_ms(server_), 0);  // there is something to tell
  char byte = 0;
  EXPECT_EQ(strata_read(server_, sockets[0], &byte, 1), 1);
  EXPECT_EQ(strata_watch(server_, sockets[2], 0, 0), 0);
  EXPECT_EQ(strata_wait(server_, &event, 1, 0), 0);
  EXPECT_EQ(strata_close(server_, sockets[1]), 0);
}

// Sent before anybody watched, and watched before there was anything.
TEST_F(CApi, WhatHappenedBeforeIsToldToo) {
  const int receiver = strata_socket(server_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(server_, receiver, "10.0.0.1", 100), 0);
  const int sender = strata_socket(client_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(strata_send_to(client_, sender, "x", 1, "10.0.0.1", 100), 1);
  strata_event event{};
  EXPECT_EQ(strata_wait(server_, &event, 1, 100), 0);
  EXPECT_EQ(strata_watch(server_, receiver, STRATA_READABLE, 5), 0);
  EXPECT_EQ(strata_wait(server_, &event, 1, 0), 1);
  EXPECT_EQ(event.data, 5U);
  // A shutdown of our own makes readable without any news from outside.
  const int asking = strata_socket(client_, STRATA_TCP, STRATA_IPV4);
  listen_at(7);
  EXPECT_EQ(strata_connect(client_, asking, "10.0.0.1", 7), -EINPROGRESS);
  wait_for(client_, asking, STRATA_WRITABLE);
  EXPECT_EQ(strata_watch(client_, asking, STRATA_READABLE, 6), 0);
  EXPECT_EQ(strata_wait(client_, &event, 1, 10), 0);
  EXPECT_EQ(strata_shutdown(client_, asking, STRATA_SHUT_READ), 0);
  EXPECT_EQ(strata_wait(client_, &event, 1, 10), 1);
  EXPECT_EQ(event.data, 6U);
}

// A DNS server of one datagram: A is 192.0.2.1, anything else is not there.
class CApiNames : public CApi {
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

TEST_F(CApi, PingAndRawSocketsSpeakTheirProtocols) {
  const int ping = strata_socket(client_, STRATA_PING, STRATA_IPV4);
  ASSERT_GT(ping, 0);
  const unsigned char request[] = {8, 0, 0, 0, 0, 0, 0, 1, 'a', 'b'};
  EXPECT_EQ(strata_send_to(client_, ping, request, sizeof(request), "10.0.0.1", 0), 10);
  wait_for(client_, ping, STRATA_READABLE);
  unsigned char reply[64];
  EXPECT_EQ(strata_receive_from(client_, ping, reply, sizeof(reply), nullptr), 10);
  EXPECT_EQ(reply[0], 0);
  EXPECT_EQ(reply[9], 'b');
  const int sends = strata_raw_socket(client_, STRATA_IPV4, 253);
  const int hears = strata_raw_socket(server_, STRATA_IPV4, 253);
  ASSERT_GT(sends, 0);
  EXPECT_EQ(strata_send_to(client_, sends, "raw", 3, "10.0.0.1", 0), 3);
  wait_for(server_, hears, STRATA_READABLE);
  EXPECT_EQ(strata_receive_from(server_, hears, reply, sizeof(reply), nullptr), 23);
  EXPECT_EQ(reply[20], 'r');
}

TEST_F(CApi, LinkLocalAddressesNameTheirInterface) {
  EXPECT_EQ(strata_add_address(server_, "eth0", "fe80::1/64"), 0);
  EXPECT_EQ(strata_add_address(client_, "eth0", "fe80::2/64"), 0);
  const int server = strata_socket(server_, STRATA_UDP, STRATA_IPV6);
  EXPECT_EQ(strata_bind(server_, server, nullptr, 100), 0);
  const int client = strata_socket(client_, STRATA_UDP, STRATA_IPV6);
  EXPECT_EQ(strata_send_to(client_, client, "x", 1, "fe80::1%eth0", 100), 1);
  wait_for(server_, server, STRATA_READABLE);
  char byte = 0;
  strata_address source = STRATA_INIT(strata_address);
  EXPECT_EQ(strata_receive_from(server_, server, &byte, 1, &source), 1);
  EXPECT_NE(source.zone, 0);
  const std::string back = std::string(source.text) + "%" + std::to_string(source.zone);
  EXPECT_EQ(strata_send_to(server_, server, "y", 1, back.c_str(), source.port), 1);
  wait_for(client_, client, STRATA_READABLE);
  for (const char* const bad : {"fe80::1%", "fe80::1%eth9", "10.0.0.1%eth0", "fe80::1%99999999"}) {
    EXPECT_EQ(strata_send_to(client_, client, "x", 1, bad, 100), -EINVAL) << bad;
  }
}

TEST_F(CApi, OptionsAreTheSystemsOrRefused) {
  const int socket = strata_socket(server_, STRATA_TCP, STRATA_IPV4);
  const int on = 1;
  int value = 0;
  EXPECT_EQ(strata_get_option(server_, socket, SOL_SOCKET, SO_TYPE, &value, sizeof(value)), 4);
  EXPECT_EQ(value, SOCK_STREAM);
  EXPECT_EQ(strata_get_option(server_, socket, 12345, 1, &value, sizeof(value)), -ENOPROTOOPT);
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

// A closed socket has nobody to wait for what is left, and it is no error that there is some.
TEST_F(CApi, CloseDoesNotLinger) {
  const int listener = listen_at(7);
  const int asking = strata_socket(client_, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_connect(client_, asking, "10.0.0.1", 7), -EINPROGRESS);
  wait_for(server_, listener, STRATA_READABLE);
  const int accepted = strata_accept(server_, listener);
  const linger a_minute{.l_onoff = 1, .l_linger = 60};
  EXPECT_EQ(strata_set_option(client_, asking, SOL_SOCKET, SO_LINGER, &a_minute, sizeof(a_minute)),
            0);
  wait_for(client_, asking, STRATA_WRITABLE);
  EXPECT_EQ(strata_write(client_, asking, "last", 4), 4);
  EXPECT_EQ(strata_close(client_, asking), 0);
  EXPECT_EQ(strata_close(client_, asking), -EBADF);
  char buffer[8];
  wait_for(server_, accepted, STRATA_READABLE);
  EXPECT_EQ(strata_read(server_, accepted, buffer, sizeof(buffer)), 4);
  wait_for(server_, accepted, STRATA_ENDED);
  EXPECT_EQ(strata_read(server_, accepted, buffer, sizeof(buffer)), 0);
}

TEST_F(CApi, ABadSourceCostsNoDatagram) {
  const int server = strata_socket(server_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(server_, server, "10.0.0.1", 53), 0);
  const int client = strata_socket(client_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(strata_send_to(client_, client, "ping", 4, "10.0.0.1", 53), 4);
  wait_for(server_, server, STRATA_READABLE);
  char buffer[16];
  strata_address source{};  // without its size
  EXPECT_EQ(strata_receive_from(server_, server, buffer, sizeof(buffer), &source), -EINVAL);
  source.size = sizeof(source);
  EXPECT_EQ(strata_receive_from(server_, server, buffer, sizeof(buffer), &source), 4);
}

TEST_F(CApi, AStreamsBytesComeFromNobody) {
  const int listener = listen_at(7);
  const int asking = strata_socket(client_, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_connect(client_, asking, "10.0.0.1", 7), -EINPROGRESS);
  wait_for(server_, listener, STRATA_READABLE);
  const int accepted = strata_accept(server_, listener);
  wait_for(client_, asking, STRATA_WRITABLE);
  EXPECT_EQ(strata_write(client_, asking, "ab", 2), 2);
  wait_for(server_, accepted, STRATA_READABLE);
  char buffer[16];
  strata_address source = STRATA_INIT(strata_address);
  source.port = 4711;
  EXPECT_EQ(strata_receive_from(server_, accepted, buffer, sizeof(buffer), &source), 2);
  EXPECT_EQ(source.port, 0);
  EXPECT_STREQ(source.text, "");
}

// Whoever cancels may free at once what the timer's data points to.
TEST_F(CApi, ATimerThatFiredAndWasNotToldIsCancelledToo) {
  const auto first = strata_start_timer(server_, kSecond, 1);
  const auto second = strata_start_timer(server_, kSecond, 2);
  strata_event event{};
  EXPECT_EQ(strata_wait(server_, &event, 1, -1), 1);
  EXPECT_EQ(event.data, 1);
  EXPECT_EQ(strata_cancel_timer(server_, first), -ENOENT);
  EXPECT_EQ(strata_cancel_timer(server_, second), 0);
  EXPECT_EQ(strata_cancel_timer(server_, second), -ENOENT);
  EXPECT_EQ(strata_wait(server_, &event, 1, 10'000), 0);
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

// A stack says of what is due at once that it was due ever since.
TEST(CApiReal, WhatIsDueAtOnceIsNotSleptOver) {
  strata_stack* stack = nullptr;
  ASSERT_EQ(strata_stack_create(nullptr, &stack), 0);
  const int listener = strata_socket(stack, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(stack, listener, "127.0.0.1", 7), 0);
  EXPECT_EQ(strata_listen(stack, listener, 4), 0);
  EXPECT_EQ(strata_watch(stack, listener, STRATA_READABLE, 8), 0);
  const int asking = strata_socket(stack, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_connect(stack, asking, "127.0.0.1", 7), -EINPROGRESS);
  ASSERT_EQ(strata_timeout_ms(stack), 0);
  strata_event event{};
  EXPECT_EQ(strata_wait(stack, &event, 1, 10'000), 1);
  EXPECT_EQ(event.data, 8);
  strata_stack_destroy(stack);
}

// Or a program that is to end would not hear of it.
TEST(CApiReal, ASignalEndsTheSleep) {
  strata_stack* stack = nullptr;
  ASSERT_EQ(strata_stack_create(nullptr, &stack), 0);
  struct sigaction former{};
  struct sigaction action{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGALRM, &action, &former), 0);
  const itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 20'000},
                        .it_value = {.tv_sec = 0, .tv_usec = 20'000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &often, nullptr), 0);
  strata_event event{};
  EXPECT_EQ(strata_wait(stack, &event, 1, -1), 0);
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &former, nullptr);
  strata_stack_destroy(stack);
}

}  // namespace
}  // namespace strata::capi::c_api_test
