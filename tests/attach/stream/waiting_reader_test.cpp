// SPDX-License-Identifier: Apache-2.0
#include "attach/stream/waiting_reader.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <climits>
#include <thread>

#include "attach/pair.h"

namespace strata::attach::waiting_reader_test {
namespace {

// Until it is so; the test's own limit ends what never comes.
void await(bool wanted, int number) {
  while (reader_waits(::gettid(), number) != wanted) std::this_thread::yield();
}

TEST(WaitingReader, IsFoundInTheCallItWaitsIn) {
  Pair pair = *make_pair(SOCK_STREAM);
  const int number = pair.theirs.get();
  EXPECT_FALSE(reader_waits(::gettid(), number));
  for (const bool with_flags : {false, true}) {
    std::thread reader([&] {
      char byte = 0;
      const ssize_t count =
          with_flags ? ::recv(number, &byte, 1, MSG_PEEK | MSG_WAITALL) : ::read(number, &byte, 1);
      EXPECT_EQ(count, 1);
    });
    await(true, number);
    EXPECT_FALSE(reader_waits(::gettid(), pair.ours.get())) << "at that descriptor alone";
    EXPECT_EQ(::send(pair.ours.get(), "x", 1, 0), 1);
    reader.join();
    await(false, number);
  }
}

TEST(WaitingReader, OfAProcessThatIsNotThereMayWait) { EXPECT_TRUE(reader_waits(INT_MAX, 5)); }

}  // namespace
}  // namespace strata::attach::waiting_reader_test
