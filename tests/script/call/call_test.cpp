// SPDX-License-Identifier: Apache-2.0
#include "script/call/call.h"

#include <gtest/gtest.h>

#include <string>

#include "script/language/parser.h"
#include "script/run/runner.h"

namespace strata::script::call_test {
namespace {

// What a script of calls over one UDP socket, which has a datagram of 5 bytes waiting, came to.
std::string run(std::string_view calls) {
  const std::string text =
      "0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n+0 fcntl(3, F_SETFL, O_NONBLOCK) = 0\n"
      "+0 bind(3, ..., ...) = 0\n+0 < udp (5)\n" +
      std::string(calls) + "\n";
  const auto script = parse_script(text, {});
  if (!script) return script.error().text;
  return run_script(*script, "x", nullptr).message;
}

TEST(Call, EachIsStartedWithItsArguments) {
  const std::string_view rows[] = {
      "+0 read(3, ..., 10) = 5",
      "+0 readv(3, [{..., 2}, {..., 3}], 2) = 5",
      "+0 recv(3, ..., 10, MSG_PEEK|MSG_TRUNC) = 5",
      "+0 recvfrom(3, ..., 10, 0, ..., ...) = 5",
      ("+0 recvfrom(3, ..., 10, 0, {sa_family = AF_INET, sin_port = htons(8080), sin_addr = "
       "inet_addr(\"192.0.2.1\")}, ...) = 5"),
      "+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 9}], msg_flags=0}, 0) = 5",
      ("+0 sendto(3, ..., 9, 0, {sa_family = AF_INET, sin_port = htons(9), sin_addr = "
       "inet_addr(\"192.0.2.9\")}, ...) = 9"),
      "+0 sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 9}], msg_flags=0}, 0) = 9",
      "+0 connect(3, ..., ...) = 0\n+0 write(3, ..., 7) = 7\n+0 send(3, \"abc\", 3, 0) = 3",
      "+0 connect(3, ..., ...) = 0\n+0 writev(3, [{..., 2}, {..., 3}], 2) = 5\n+0 > udp (5)",
      "+0 getsockopt(3, SOL_SOCKET, SO_TYPE, [SOCK_DGRAM], [4]) = 0",
      "+0 getsockopt(3, SOL_SOCKET, SO_TYPE, ..., [4]) = 0",
      ("+0 setsockopt(3, SOL_SOCKET, SO_RCVBUF, [5000], 4) = 0\n"
       "+0 getsockopt(3, SOL_SOCKET, SO_RCVBUF, [10000], [4]) = 0"),
      "+0 poll([{fd=3, events=POLLIN|POLLOUT, revents=POLLIN|POLLOUT}], 1, 0) = 1",
      "+0 pipe([5, 6]) = 0\n+0 splice(3, NULL, 6, NULL, 100, 0) = 5\n+0 read(5, ..., 9) = 5",
      "+0 ioctl(3, FIONREAD, [5]) = 0",
      "+0 fcntl(3, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)",
      "+0 accept(3, ..., ...) = -1 EOPNOTSUPP (Operation not supported)",
      "+0 read(9, ..., 1) = -1 EBADF (Bad file descriptor)",
      "+0 read(3, NULL, 1) = -1 EFAULT (Bad address)",
      "+0 epoll_create(0) = -1 EINVAL (Invalid argument)",
      "+0 close(3) = 0\n+0 close(3) = -1 EBADF (Bad file descriptor)",
  };
  for (const std::string_view row : rows) EXPECT_EQ(run(row), "") << row;
}

TEST(Call, SaysWhatItWasToldWrongly) {
  struct Row {
    std::string_view calls, message;
  };
  const Row rows[] = {
      {"+0 read(3, \"hello\", 9) = 5", "Bad data: expected: 'hello'"},
      {"+0 getsockopt(3, SOL_SOCKET, SO_TYPE, [1], [4]) = 0",
       "Bad getsockopt optval: expected: 1 actual: 2"},
      {"+0 getsockopt(3, SOL_SOCKET, SO_TYPE, [2], [8]) = 0",
       "Bad getsockopt optlen: expected: 8 actual: 4"},
      {"+0 poll([{fd=3, events=POLLIN, revents=0}], 1, 0) = 1",
       "Expected revents of 0x0 but got 0x1 for pollfd 0"},
      {"+0 poll([{fd=3, events=POLLIN}], 2, 0) = 1",
       "nfds 2 does not match 1-element pollfd array"},
      {"+0 ioctl(3, FIONREAD, [4]) = 0", "Bad ioctl optval: expected: 4 actual: 5"},
      {"+0 readv(3, [{..., 2}], 2) = 5", "iov_count 2 does not match 1-element iovec array"},
      {"+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 9}], msg_flags=MSG_TRUNC}, 0) = 5",
       "Expected msg_flags 0x00000020 but got 0x00000000"},
      {"+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 9}], msg_flags=0, msg_control=["
       "{cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=1}]}, 0) = 5",
       "received only 0 cmsgs"},
      {"+0 recvfrom(3, ..., 10, 0, {sa_family = AF_INET, sin_port = htons(1), sin_addr = "
       "inet_addr(\"192.0.2.1\")}, ...) = 5",
       "Bad source address"},
      {"+0 read(3, ..., 100000000000) = 5", "scripts may have up to"},
      {"+0 read(3, ..., -1) = 5", "scripts may have up to"},
      {"+0 socket(..., SOCK_DGRAM, 0) = 4\n+0 bind(4, 7, ...) = 0", "Expected ... or NULL"},
      {"+0 setsockopt(3, SOL_SOCKET, SO_RCVBUF, {a=1}, 4) = 0", "unsupported"},
      {"+0 pipe(5) = 0", "Expected [<descriptor>, <descriptor>]"},
  };
  for (const Row& row : rows) {
    const std::string message = run(row.calls);
    EXPECT_NE(message.find(row.message), std::string::npos) << row.calls << "\n" << message;
  }
}

}  // namespace
}  // namespace strata::script::call_test
