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

#include "capi/two_stacks.h"
#include "strata/strata.h"

namespace strata::capi::c_api_test {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

class CApi : public TwoStacks {
 protected:
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
  EXPECT_EQ(strata_get_option(server_, socket, 12345, 1, &value, sizeof(value)), -EOPNOTSUPP);
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

}  // namespace
}  // namespace strata::capi::c_api_test
