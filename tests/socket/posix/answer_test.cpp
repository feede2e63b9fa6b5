// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/answer.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "strata/socket_types.h"

namespace strata::posix::answer_test {
namespace {

TEST(Answer, EveryErrorHasAnErrno) {
  for (int error = 0; error <= static_cast<int>(Error::kCorrupted); ++error) {
    EXPECT_GT(errno_of(static_cast<Error>(error)), 0) << error;
  }
  EXPECT_EQ(errno_of(Error::kPortUnreachable), ECONNREFUSED);
  EXPECT_EQ(answer_of(Result<std::size_t>(5)), 5);
  EXPECT_EQ(answer_of(Result<void>()), 0);
  EXPECT_EQ(answer_of(Result<void>(std::unexpected(Error::kWouldBlock))), -EAGAIN);
}

// As Linux tells them (asked of it by tests/interop/datagram_probe.py).
TEST(Answer, IcmpIsToldByItsTypeAndCode) {
  struct Told {
    bool is_v4;
    std::uint8_t type, code;
    Error error;
    int wanted;
  };
  for (const Told& told : {Told{true, 3, 2, Error::kNotSupported, ENOPROTOOPT},
                           Told{true, 3, 5, Error::kHostUnreachable, EOPNOTSUPP},
                           Told{true, 3, 7, Error::kHostUnreachable, EHOSTDOWN},
                           Told{true, 3, 8, Error::kHostUnreachable, ENONET},
                           Told{true, 3, 13, Error::kHostUnreachable, EHOSTUNREACH},
                           Told{true, 11, 0, Error::kHostUnreachable, EHOSTUNREACH},
                           Told{true, 12, 0, Error::kNotSupported, EPROTO},
                           Told{false, 1, 1, Error::kNotPermitted, EACCES},
                           Told{false, 4, 0, Error::kNotSupported, EPROTO}}) {
    const SocketError error{
        .error = told.error,
        .source = {},
        .destination = {},
        .offender = told.is_v4 ? IpAddress::v4(10, 0, 0, 1) : *IpAddress::parse("fd00::1"),
        .icmp_type = told.type,
        .icmp_code = told.code};
    EXPECT_EQ(errno_of(error), told.wanted) << int{told.type} << '/' << int{told.code};
  }
  const SocketError own{.error = Error::kMessageTooLong, .source = {}, .destination = {}};
  EXPECT_EQ(errno_of(own), EMSGSIZE) << "no ICMP message at all";
  EXPECT_EQ(errno_of_report(Error::kNotSupported), EPROTO);
  EXPECT_EQ(errno_of_report(Error::kPortUnreachable), ECONNREFUSED);
}

}  // namespace
}  // namespace strata::posix::answer_test
