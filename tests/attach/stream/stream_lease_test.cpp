// SPDX-License-Identifier: Apache-2.0
// A StreamSocket with a lease.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "attach/client/stream_end.h"
#include "attach/stream/stream_lab.h"

namespace strata::attach::stream_lease_test {
namespace {

using client::kLaneBytes;
using stream_lab::events;
using stream_lab::Held;
using stream_lab::read_all;

struct LeasedLab : stream_lab::Lab {
  LeasedLab() : room(SharedRoom::make(::getpid(), file)) {}

  // What the shim does when it is granted one.
  client::StreamEnd lease(Held& one) {
    const Answer slot = one.socket->begin_lease(room, one.end.get());
    EXPECT_GE(slot, 0);
    return {room->memory(), static_cast<std::uint32_t>(slot), one.end.get()};
  }
  static std::string read(client::StreamEnd& end, std::size_t size = 1 << 20U) {
    std::string text(size, '\0');
    const iovec part{text.data(), text.size()};
    text.resize(end.read({&part, 1}, false));
    return text;
  }
  static std::size_t write(client::StreamEnd& end, std::string_view text) {
    const iovec part{const_cast<char*>(text.data()), text.size()};
    return end.write({&part, 1});
  }

  Descriptor file;
  std::shared_ptr<SharedRoom> room;
};

TEST(StreamLease, BeginsAndEndsInTheMiddleOfAStream) {
  LeasedLab lab;
  auto [near, far] = lab.connected();
  near.write("by the pair, ");
  lab.turn({&near, &far});
  near.write("still in it, ");
  auto leased = lab.lease(near);
  auto other = lab.lease(far);
  EXPECT_EQ(lab.write(leased, "by the ring, "), 13U);
  EXPECT_EQ(lab.write(other, "unread"), 6U);
  lab.turn({&near, &far});
  EXPECT_EQ(lab.read(other, 20), "by the pair, still i");
  EXPECT_EQ(lab.write(leased, "left there, "), 12U);
  near.socket->end_lease(near.end.get());
  far.socket->end_lease(far.end.get());
  near.write("and by the pair");
  lab.turn({&near, &far});
  EXPECT_EQ(read_all(far.end), "n it, by the ring, left there, and by the pair");
  EXPECT_EQ(read_all(near.end), "unread");
  EXPECT_EQ(events(near.end), POLLOUT);
}

TEST(StreamLease, TheEndFollowsTheLastByte) {
  LeasedLab lab;
  auto [near, far] = lab.connected();
  auto leased = lab.lease(far);
  near.write("last words");
  near.end.reset();
  lab.turn({&near, &far});
  EXPECT_EQ(events(far.end), POLLIN | POLLOUT);
  EXPECT_FALSE(leased.is_ended());
  EXPECT_EQ(lab.read(leased), "last words");
  lab.turn({&far});
  EXPECT_TRUE(leased.is_ended());
  EXPECT_EQ(events(far.end), POLLIN | POLLOUT | POLLRDHUP);
}

TEST(StreamLease, ClosingWithBytesUnreadIsAReset) {
  for (const bool has_read : {false, true}) {
    LeasedLab lab;
    auto [near, far] = lab.connected();
    auto leased = lab.lease(far);
    near.write("words");
    lab.turn({&near, &far});
    if (has_read) {
      EXPECT_EQ(lab.read(leased), "words");
    }
    EXPECT_EQ(lab.write(leased, "reply"), 5U);
    far.end.reset();
    lab.turn({&far, &near});
    EXPECT_EQ((events(near.end) & POLLERR) != 0, !has_read);
    if (has_read) {
      EXPECT_EQ(read_all(near.end), "reply");
    }
    EXPECT_TRUE(lab.room->is_empty());
  }
}

TEST(StreamLease, WhatWasWrittenBeforeShutdownGoesFirst) {
  LeasedLab lab;
  auto [near, far] = lab.connected();
  auto leased = lab.lease(near);
  EXPECT_EQ(lab.write(leased, "all of it"), 9U);
  EXPECT_EQ(near.socket->shut_down(SHUT_WR, near.end.get(), lab.now), 0);
  EXPECT_TRUE(leased.is_cut());
  lab.turn({&near, &far});
  EXPECT_EQ(read_all(far.end), "all of it");
  EXPECT_EQ(events(far.end), POLLIN | POLLOUT | POLLRDHUP);
}

TEST(StreamLease, AProgramThatBreaksTheRulesLosesItsConnection) {
  LeasedLab lab;
  auto [near, far] = lab.connected();
  auto leased = lab.lease(near);
  lab.room->memory().slots[0].outward.indices.tail = kLaneBytes + 1;
  lab.turn({&near, &far});
  EXPECT_TRUE(leased.is_cut());
  EXPECT_NE(events(near.end) & POLLERR, 0);
  EXPECT_NE(events(far.end) & POLLERR, 0);
}

TEST(StreamLease, KeepsAnUrgentByteAside) {
  LeasedLab lab;
  auto [near, far] = lab.connected();
  ASSERT_EQ(far.socket->begin_lease(lab.room, far.end.get()), 0);
  EXPECT_EQ(near.send('!', MSG_OOB, lab.now), 1);
  near.write("behind");
  lab.turn({&near, &far});
  EXPECT_EQ(far.socket->bytes_inward(), 6U);
  EXPECT_EQ(far.socket->take_urgent(), std::byte{'!'});
  EXPECT_EQ(far.socket->take_urgent(), std::nullopt);
}

TEST(StreamLease, IsNotForStreamsWithUrgentBytes) {
  LeasedLab lab;
  auto [near, far] = lab.connected();
  EXPECT_EQ(near.send('!', MSG_OOB, lab.now), 1);
  lab.turn({&near, &far});
  EXPECT_EQ(far.socket->begin_lease(lab.room, far.end.get()), -ENOTCONN);
}

TEST(StreamLease, IsForOpenConnectionsOnlyAndOnce) {
  LeasedLab lab;
  Held fresh = lab.open_stream();
  EXPECT_EQ(fresh.socket->begin_lease(lab.room, fresh.end.get()), -ENOTCONN);
  auto [near, far] = lab.connected();
  EXPECT_EQ(near.socket->begin_lease(lab.room, near.end.get()), 0);
  EXPECT_EQ(near.socket->begin_lease(lab.room, near.end.get()), -ENOTCONN);
  far.end.reset();
  lab.turn({&near, &far});
  near.socket->end_lease(near.end.get());
  EXPECT_EQ(near.socket->begin_lease(lab.room, near.end.get()), -ENOTCONN);
  EXPECT_TRUE(lab.room->is_empty());
}

}  // namespace
}  // namespace strata::attach::stream_lease_test
