// SPDX-License-Identifier: Apache-2.0
#include "attach/client/transfer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <thread>

#include "attach/lease/lease_lab.h"

namespace strata::attach::client::transfer_test {
namespace {

constexpr Libc kLibc{.recv = ::recv, .send = ::send};

struct Leased : LeaseLab {
  explicit Leased(bool is_non_blocking = false) {
    const int flags = is_non_blocking ? O_NONBLOCK : 0;
    EXPECT_EQ(::fcntl(pair.theirs.get(), F_SETFL, flags), 0);
    new (entry.storage) StreamEnd(end);
    entry.is_non_blocking = is_non_blocking;
    entry.state = State::kLeased;
  }

  std::string receive(std::size_t size, int flags = 0) {
    std::string text(size, '\0');
    const iovec part{text.data(), text.size()};
    answer = receive_leased(kLibc, entry, pair.theirs.get(), {&part, 1}, flags);
    text.resize(answer < 0 ? 0 : static_cast<std::size_t>(answer));
    return text;
  }
  ssize_t send(std::string_view text, int flags = MSG_NOSIGNAL) {
    const iovec part{const_cast<char*>(text.data()), text.size()};
    return send_leased(kLibc, entry, pair.theirs.get(), {&part, 1}, flags);
  }

  Entry entry;
  ssize_t answer = 0;
};

TEST(Transfer, NothingToReadIsEagainForWhoDoesNotWait) {
  Leased lab(/*is_non_blocking=*/true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(lab.receive(10), "");
    EXPECT_EQ(lab.answer, -1);
    EXPECT_EQ(errno, EAGAIN);
  }
  lab.launcher_writes("now");
  EXPECT_EQ(lab.receive(10), "now");
}

TEST(Transfer, SaysHowManyBytesWait) {
  Leased lab;
  EXPECT_EQ(unread_leased(lab.entry), 0);
  lab.launcher_writes("five!");
  EXPECT_EQ(unread_leased(lab.entry), 5);
  lab.entry.state = State::kUnknown;
  EXPECT_EQ(unread_leased(lab.entry), std::nullopt);
}

TEST(Transfer, WhoWaitsIsWokenByTheFirstByte) {
  Leased lab;
  std::jthread launcher([&lab] { lab.launcher_writes("late"); });
  EXPECT_EQ(lab.receive(10), "late");
  launcher.join();
  EXPECT_FALSE(lab.is_readable());
}

TEST(Transfer, WaitAllWaitsForAll) {
  Leased lab;
  std::jthread launcher([&lab] {
    for (int i = 0; i < 1000; ++i) lab.launcher_writes("123");
  });
  EXPECT_EQ(lab.receive(3000, MSG_WAITALL).size(), 3000U);
}

TEST(Transfer, TimesOutAsTheKernelDoes) {
  Leased lab;
  const timeval patience{0, 20'000};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    ASSERT_EQ(::setsockopt(lab.pair.theirs.get(), SOL_SOCKET, option, &patience, sizeof(patience)),
              0);
  }
  EXPECT_EQ(lab.receive(1), "");
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(lab.send(std::string(kLaneBytes + 5, 'x')), static_cast<ssize_t>(kLaneBytes));
  EXPECT_EQ(lab.send("x"), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Transfer, TheEndComesBehindTheLastByte) {
  for (const bool is_non_blocking : {false, true}) {
    Leased lab(is_non_blocking);
    lab.launcher_writes("last");
    EXPECT_EQ(lab.receive(10, MSG_PEEK), "last");
    EXPECT_EQ(lab.receive(10), "last");
    lab.lease->say_ended();
    ASSERT_EQ(::shutdown(lab.pair.ours.get(), SHUT_WR), 0);
    EXPECT_EQ(lab.receive(10), "");
    EXPECT_EQ(lab.answer, 0);
  }
}

TEST(Transfer, AWriteThatWaitsGoesOnWhenThereIsRoom) {
  Leased lab;
  constexpr std::size_t kSize = 5 * kLaneBytes + 7;
  std::jthread launcher([&lab] {
    for (std::size_t got = 0; got < kSize;) {
      got += lab.launcher_reads(kLaneBytes).size();
      if (lab.lease->is_roomy()) lab.launcher_looks();
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(lab.send(std::string(kSize, 'x')), static_cast<ssize_t>(kSize));
}

// There are programs that tell by errno alone whether their writes went well.
TEST(Transfer, SuccessLeavesErrnoAlone) {
  Leased lab;
  auto all = std::make_unique<Descriptors>();
  const std::string much(5 * kLaneBytes, 'x');
  std::jthread launcher([&lab, left = much.size()]() mutable {
    while (left != 0) {
      left -= lab.launcher_reads(kLaneBytes).size();
      if (lab.lease->is_roomy()) lab.launcher_looks();
      std::this_thread::yield();
    }
  });
  errno = 0;
  const ssize_t count = transfer(
      *all, &lab.entry, lab.pair.theirs.get(), [&](Entry&) { return lab.send(much); },
      [] { return ssize_t{-1}; });
  EXPECT_EQ(errno, 0);
  EXPECT_EQ(count, static_cast<ssize_t>(much.size()));
}

TEST(Transfer, AWriteThatDoesNotWaitTakesWhatFits) {
  Leased lab;
  EXPECT_EQ(lab.send(std::string(kLaneBytes + 1, 'x'), MSG_DONTWAIT),
            static_cast<ssize_t>(kLaneBytes));
  EXPECT_FALSE(lab.is_writable());
  EXPECT_EQ(lab.send("x", MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Transfer, NothingIsWrittenOnceItIsCut) {
  Leased lab;
  lab.lease->cut();
  ASSERT_EQ(::shutdown(lab.pair.theirs.get(), SHUT_WR), 0);
  EXPECT_EQ(lab.send("x"), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST(Transfer, AnAddressThatCannotBeIsEfault) {
  Leased lab;
  EXPECT_EQ(lab.send({reinterpret_cast<char*>(8), 3}), -1);
  EXPECT_EQ(errno, EFAULT);
}

TEST(Transfer, ManyPartsAreOneStream) {
  Leased lab;
  std::string text(300, '\0');
  std::vector<iovec> parts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>('a' + i % 26);
    parts.push_back({text.data() + i, 1});
    parts.push_back({nullptr, 0});
  }
  EXPECT_EQ(send_leased(kLibc, lab.entry, lab.pair.theirs.get(), parts, 0), 300);
  EXPECT_EQ(lab.launcher_reads(1000), text);
}

TEST(Transfer, AFileGoesIntoTheRing) {
  Leased lab;
  char name[] = "/tmp/strata-transfer-XXXXXX";
  const Descriptor file(::mkstemp(name));
  ::unlink(name);
  const std::string text(100'000, 'f');
  ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  off_t offset = 99'990;
  const int end = lab.pair.theirs.get();
  EXPECT_EQ(send_file_leased(kLibc, lab.entry, end, file.get(), &offset, 100), 10);
  EXPECT_EQ(offset, 100'000);
  EXPECT_EQ(send_file_leased(kLibc, lab.entry, end, file.get(), &offset, 100), 0);
  ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  lab.entry.is_non_blocking = true;
  ssize_t sent = 0;
  for (ssize_t count = 1; count > 0; sent += count) {
    count = send_file_leased(kLibc, lab.entry, end, file.get(), nullptr, 1 << 20);
  }
  EXPECT_EQ(sent, 100'000);
  EXPECT_EQ(lab.launcher_reads(kLaneBytes), std::string(100'010, 'f'));
}

// A signal comes while the thread copies, and its handler writes to the same descriptor.
TEST(Transfer, AHandlerInTheMiddleOfACallIsTurnedAway) {
  Leased lab;
  ASSERT_TRUE(lab.entry.outward.lock());
  EXPECT_EQ(lab.send("x"), -1);
  EXPECT_EQ(errno, EAGAIN);
  lab.entry.outward.unlock();
  EXPECT_EQ(lab.send("x"), 1);
}

TEST(Transfer, IsTheKernelsWhenTheLeaseHasEnded) {
  Leased lab;
  auto all = std::make_unique<Descriptors>();
  lab.entry.state = State::kUnknown;
  std::string text(4, '\0');
  const iovec part{text.data(), text.size()};
  EXPECT_EQ(receive_leased(kLibc, lab.entry, lab.pair.theirs.get(), {&part, 1}, 0), kLookAgain);
  ASSERT_EQ(::send(lab.pair.ours.get(), "pair", 4, 0), 4);
  const ssize_t count = transfer(
      *all, &lab.entry, -1, [](Entry&) -> ssize_t { return kLookAgain; },
      [&] { return ::recv(lab.pair.theirs.get(), text.data(), text.size(), 0); });
  EXPECT_EQ(count, 4);
  EXPECT_EQ(text, "pair");
}

}  // namespace
}  // namespace strata::attach::client::transfer_test
