// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/pipe_file.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <vector>

namespace strata::posix::pipe_file_test {
namespace {

constexpr Time kNow{};

Answer send(File& file, std::size_t size) {
  std::vector<char> bytes(size, 'x');
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return file.send(message, 0, kNow);
}

Answer receive(File& file, std::size_t size, int flags = 0) {
  std::vector<char> bytes(size);
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return file.receive(message, flags, kNow);
}

TEST(PipeFile, IsFirstInFirstOutAndBounded) {
  const auto [reader, writer] = PipeFile::make();
  EXPECT_EQ(receive(*reader, 10), -EAGAIN);
  EXPECT_EQ(send(*writer, 100'000), static_cast<Answer>(PipeFile::kCapacity));
  EXPECT_EQ(send(*writer, 1), -EAGAIN);
  EXPECT_EQ(writer->events() & POLLOUT, 0U);
  EXPECT_EQ(receive(*reader, 1000, MSG_PEEK), 1000);
  EXPECT_EQ(receive(*reader, 1000), 1000);
  // POSIX write(): up to PIPE_BUF bytes go whole or not at all.
  EXPECT_EQ(send(*writer, 4096), -EAGAIN);
  EXPECT_EQ(send(*writer, 1000), 1000);
}

TEST(PipeFile, EndsWithItsOtherEnd) {
  const auto [reader, writer] = PipeFile::make();
  EXPECT_EQ(send(*writer, 5), 5);
  EXPECT_TRUE(writer->close(kNow, false));
  EXPECT_EQ(receive(*reader, 10), 5);
  EXPECT_EQ(receive(*reader, 10), 0);
  EXPECT_NE(reader->events() & POLLHUP, 0U);
  const auto [other_reader, other_writer] = PipeFile::make();
  EXPECT_TRUE(other_reader->close(kNow, false));
  EXPECT_EQ(send(*other_writer, 1), -EPIPE);
  EXPECT_NE(other_writer->events() & POLLERR, 0U);
}

TEST(PipeFile, EndsAreForOneDirection) {
  const auto [reader, writer] = PipeFile::make();
  EXPECT_EQ(send(*reader, 1), -EBADF);
  EXPECT_EQ(receive(*writer, 1), -EBADF);
}

}  // namespace
}  // namespace strata::posix::pipe_file_test
