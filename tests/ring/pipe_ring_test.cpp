// SPDX-License-Identifier: Apache-2.0
#include "ring/pipe_ring.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cstring>
#include <memory>
#include <thread>

#include "driver/packets.h"
#include "driver/pipe/own_pipe.h"
#include "ring/pipe_cable.h"
#include "strata/ring.h"

namespace strata::ring::pipe_ring_test {
namespace {

constexpr Duration kLong = std::chrono::seconds(10);

std::vector<std::byte> bytes_of(const Frame& frame) {
  return {frame.bytes().begin(), frame.bytes().end()};
}

bool is_readable(int descriptor) {
  pollfd one{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 0) == 1;
}

class PipeRings : public testing::Test {
 protected:
  PipeRings() : first_(open()), second_(open()) { wait_until_up(); }

  std::unique_ptr<Port> open() {
    auto made = Port::open("pipe:" + pipe_.name()).make();
    EXPECT_TRUE(made.has_value()) << made.error().text;
    return std::make_unique<Port>(*std::move(made));
  }
  void wait_until_up() {
    bool is_up = false;
    for (int i = 0; i < 5000 && !is_up; ++i) {
      is_up = first_->rx().is_up();
      is_up = second_->rx().is_up() && is_up;
      if (!is_up) ::poll(nullptr, 0, 1);
    }
    ASSERT_TRUE(is_up);
  }

  driver::pipe::OwnPipe pipe_;
  Rng rng_{1};
  std::unique_ptr<Port> first_, second_;
};

TEST_F(PipeRings, CarryFramesOfAllSizesBothWays) {
  for (const std::size_t size : {1U, 14U, 64U, 1514U, 1522U}) {
    const auto there = driver::random_frame(rng_, size);
    const auto back = driver::random_frame(rng_, size);
    ASSERT_TRUE(first_->tx().send(there) && second_->tx().send(back));
    auto arrived = second_->rx().batch(64);
    ASSERT_EQ(arrived.size(), 1U);
    EXPECT_EQ(bytes_of(arrived[0]), there);
    arrived = first_->rx().batch(64);
    ASSERT_EQ(arrived.size(), 1U);
    EXPECT_EQ(bytes_of(arrived[0]), back);
  }
  EXPECT_EQ(first_->tx().frames(), 5U);
  EXPECT_EQ(second_->rx().frames(), 5U);
}

TEST_F(PipeRings, KeepTheOrderOfFramesThatAreWrittenInPlace) {
  std::uint32_t sent = 0, received = 0;
  while (received < 100'000) {
    const std::size_t size = rng_.between(4, 1500);
    const auto frames = first_->tx().reserve(rng_.between(1, 64), size);
    std::size_t used = 0;
    for (Frame& frame : frames) {
      frame.resize(rng_.between(4, size));
      std::memcpy(frame.bytes().data(), &sent, sizeof(sent));
      ++sent;
      if (++used == frames.size() || rng_.between(0, 9) == 0) break;
    }
    first_->tx().commit(used);
    if (rng_.between(0, 3) != 0 && !frames.empty()) continue;
    for (Frame& frame : second_->rx().batch(rng_.between(1, 200))) {
      std::uint32_t number = 0;
      std::memcpy(&number, frame.bytes().data(), sizeof(number));
      ASSERT_EQ(number, received++);
    }
  }
}

TEST_F(PipeRings, AnswerNoRoomUntilFramesAreGivenBack) {
  std::size_t sent = 0;
  const auto frame = driver::random_frame(rng_, 1000);
  while (first_->tx().send(frame)) ++sent;
  EXPECT_GT(sent, 500U);
  EXPECT_TRUE(first_->tx().prepare_to_sleep());
  EXPECT_FALSE(is_readable(first_->tx().descriptor()));
  std::size_t received = 0;
  for (auto batch = second_->rx().batch(64); !batch.empty(); batch = second_->rx().batch(64)) {
    received += batch.size();
  }
  EXPECT_EQ(received, sent);
  EXPECT_TRUE(is_readable(first_->tx().descriptor())) << "the sender said that it sleeps";
  EXPECT_TRUE(first_->tx().wait({}));
}

TEST_F(PipeRings, AreWokenOnlyWhenTheySleep) {
  const auto frame = driver::random_frame(rng_, 60);
  ASSERT_TRUE(first_->tx().send(frame));
  EXPECT_FALSE(is_readable(second_->rx().descriptor()));
  EXPECT_FALSE(second_->rx().prepare_to_sleep()) << "there is a frame";
  EXPECT_EQ(second_->rx().batch(64).size(), 1U);
  EXPECT_TRUE(second_->rx().batch(64).empty());
  EXPECT_TRUE(second_->rx().prepare_to_sleep());
  ASSERT_TRUE(first_->tx().send(frame));
  EXPECT_TRUE(is_readable(second_->rx().descriptor()));
  EXPECT_TRUE(second_->rx().wait(kLong));
}

TEST_F(PipeRings, KeepAFrameThatWasMovedOutOfItsBatch) {
  std::vector<std::vector<std::byte>> sent;
  for (int i = 0; i < 3; ++i) {
    sent.push_back(driver::random_frame(rng_, 1000));
    ASSERT_TRUE(first_->tx().send(sent.back()));
  }
  auto batch = second_->rx().batch(64);
  ASSERT_EQ(batch.size(), 3U);
  Frame kept = std::move(batch[1]);
  EXPECT_FALSE(batch[1]);
  // The writer goes around the whole ring, as far as it may.
  const auto other = driver::random_frame(rng_, 1000);
  for (int round = 0; round < 100; ++round) {
    while (first_->tx().send(other)) {
    }
    static_cast<void>(second_->rx().batch(64));
  }
  EXPECT_EQ(bytes_of(kept), sent[1]);
  Frame moved = std::move(kept);
  EXPECT_EQ(bytes_of(moved), sent[1]);
  moved = Frame();
  std::uint64_t before = second_->rx().frames();
  for (int round = 0; round < 100; ++round) {
    while (first_->tx().send(other)) {
    }
    static_cast<void>(second_->rx().batch(64));
  }
  EXPECT_GT(second_->rx().frames(), before + 3000) << "they go back again";
}

TEST_F(PipeRings, DeliverWhatWasSentBeforeTheOtherDiedAndMeetTheNext) {
  const auto frame = driver::random_frame(rng_, 100);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(first_->tx().send(frame));
    first_.reset();
    ASSERT_TRUE(second_->rx().wait(kLong));
    EXPECT_EQ(second_->rx().batch(64).size(), 1U);
    EXPECT_TRUE(second_->rx().batch(64).empty());
    EXPECT_FALSE(second_->rx().is_up());
    EXPECT_TRUE(second_->tx().reserve(1).empty()) << "as on a cable that is not plugged in";
    first_ = open();
    wait_until_up();
    ASSERT_TRUE(second_->tx().wait(kLong));
    ASSERT_TRUE(second_->tx().send(frame));
    ASSERT_TRUE(first_->rx().wait(kLong));
    EXPECT_EQ(first_->rx().batch(64).size(), 1U);
  }
}

TEST_F(PipeRings, LoseAReservationWithItsLink) {
  const auto frames = second_->tx().reserve(4, 100);
  ASSERT_EQ(frames.size(), 4U);
  first_.reset();
  while (second_->tx().is_up()) ::poll(nullptr, 0, 1);
  for (Frame& frame : frames) frame.bytes().front() = std::byte{1};  // still there
  second_->tx().commit(4);
  EXPECT_EQ(second_->tx().drops(), 4U);
}

TEST_F(PipeRings, SpeakWithAStacksDevice) {
  second_.reset();
  auto device = open_pipe({.name = pipe_.name()});
  ASSERT_TRUE(device.has_value());
  bool is_up = false;
  for (int i = 0; i < 5000 && !is_up; ++i) {
    is_up = (*device)->is_up();
    is_up = first_->rx().is_up() && is_up;
    ::poll(nullptr, 0, 1);
  }
  driver::TestPool pool;
  const auto there = driver::random_frame(rng_, 700);
  ASSERT_TRUE(first_->tx().wait(kLong) && first_->tx().send(there));
  PacketBatch batch;
  (*device)->receive(pool.pool, batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(driver::bytes_of(batch[0]), there);
  batch[0].notes().checksum = ChecksumState::kPartial;
  batch[0].notes().transport_offset = 34;
  batch[0].notes().checksum_offset = 16;
  (*device)->transmit(batch);
  const auto frames = first_->rx().batch(64);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(bytes_of(frames[0]), there);
  EXPECT_EQ(frames[0].offload().flags, Offload::kNeedsChecksum);
  EXPECT_EQ(frames[0].offload().checksum_start, 34);
}

TEST(PipeRing, RefusesNotesThatDoNotFitTheirFrame) {
  auto ends = Port::pipe();
  ASSERT_TRUE(ends.has_value());
  auto& [near, far] = *ends;
  for (const bool is_sound : {false, true, false, false, true}) {
    const auto frames = near.tx().reserve(1, 60);
    ASSERT_EQ(frames.size(), 1U);
    Offload offload;
    offload.flags = Offload::kNeedsChecksum;
    offload.checksum_start = is_sound ? 34 : 60;
    offload.checksum_offset = 16;
    frames[0].set_offload(offload);
    near.tx().commit(1);
  }
  EXPECT_EQ(far.rx().batch(64).size(), 2U);
  EXPECT_EQ(far.rx().drops(), 3U);
  far.rx().sync();
  // All their room has come back.
  std::size_t sent = 0;
  while (near.tx().send(std::vector<std::byte>(1000))) ++sent;
  EXPECT_EQ(sent, driver::pipe::SharedMemory::kLaneBytes / driver::pipe::record_bytes(1000));
}

TEST(PipeRing, LosesAReservationToAReaderThatBreaksTheRules) {
  const driver::pipe::OwnPipe pipe;
  auto near = Port::open("pipe:" + pipe.name()).make();
  const auto far = PipeCable::open(pipe.name());
  ASSERT_TRUE(near.has_value() && far.has_value());
  PipeCable::Memory memory;
  // Asking is what moves either end.
  for (int i = 0; i < 5000 && (!near->tx().is_up() || memory == nullptr); ++i) {
    memory = (*far)->link(PipeCable::Side::kReader);
    ::poll(nullptr, 0, 1);
  }
  ASSERT_NE(memory, nullptr);
  ASSERT_EQ(near->tx().reserve(4, 100).size(), 4U);
  for (const std::size_t lane : {0U, 1U}) memory->lane(lane).indices.head += 4096;
  (void)near->tx().prepare_to_sleep();
  near->tx().commit(4);
  EXPECT_EQ(near->tx().drops(), 4U);
}

TEST(PipeRing, CarriesFramesBetweenThreadsWhoseRingsAreApart) {
  constexpr std::uint64_t kFrames = 200'000;
  auto ends = Port::pipe();
  ASSERT_TRUE(ends.has_value());
  auto& [near, far] = *ends;
  const auto send_all = [](TxRing& tx) {
    for (std::uint64_t sent = 0; sent < kFrames;) {
      const auto frames = tx.reserve(std::min<std::uint64_t>(64, kFrames - sent), sizeof(sent));
      for (Frame& frame : frames) {
        std::memcpy(frame.bytes().data(), &sent, sizeof(sent));
        ++sent;
      }
      tx.commit(frames.size());
      if (frames.empty()) (void)tx.wait(kLong);
    }
  };
  const auto receive_all = [](RxRing& rx, bool& is_in_order) {
    std::uint64_t received = 0;
    while (received < kFrames) {
      const auto frames = rx.batch(64);
      for (const Frame& frame : frames) {
        std::uint64_t number = 0;
        std::memcpy(&number, frame.bytes().data(), sizeof(number));
        is_in_order = is_in_order && number == received++;
      }
      if (frames.empty()) (void)rx.wait(kLong);
    }
  };
  bool there = true, back = true;
  {
    const std::jthread sender([&] { send_all(near.tx()); });
    const std::jthread other_sender([&] { send_all(far.tx()); });
    const std::jthread receiver([&] { receive_all(far.rx(), there); });
    receive_all(near.rx(), back);
  }
  EXPECT_TRUE(there && back);
}

}  // namespace
}  // namespace strata::ring::pipe_ring_test
