// SPDX-License-Identifier: Apache-2.0
#include "service/explore/datagram_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace strata::service::datagram_ledger_test {
namespace {

using testing::HasSubstr;
using Datagram = std::vector<std::byte>;

Datagram send(DatagramLedger& ledger, std::size_t size) {
  Datagram datagram(size);
  ledger.fill_next(datagram);
  ledger.note_sent(size);
  return datagram;
}

TEST(DatagramLedger, CountsWhatCameOnceAgainAndNever) {
  DatagramLedger ledger(1);
  const Datagram first = send(ledger, 100);
  const Datagram lost = send(ledger, 16);
  const Datagram last = send(ledger, 3'000);
  for (const Datagram* datagram : {&last, &first, &last, &last}) ledger.note_arrival(*datagram);
  const DatagramCounts counts = ledger.counts();
  EXPECT_EQ(counts.sent, 3U);
  EXPECT_EQ(counts.taken, 4U);
  EXPECT_EQ(counts.missing, 1U);
  EXPECT_EQ(counts.repeated, 2U);
  EXPECT_EQ(counts.wrong, 0U);
  EXPECT_EQ(ledger.bytes_sent(), 3'116U);
  EXPECT_EQ(ledger.bytes_taken(), 9'100U);
  EXPECT_EQ(ledger.wrong(), "");
}

TEST(DatagramLedger, AnyBitMattersAndSoDoesTheSize) {
  for (std::size_t bit = 0; bit < 24 * 8; ++bit) {
    DatagramLedger ledger(1);
    Datagram datagram = send(ledger, 24);
    static_cast<void>(send(ledger, 24));
    datagram[bit / 8] ^= std::byte{1} << (bit % 8);
    ledger.note_arrival(datagram);
    EXPECT_NE(ledger.wrong(), "") << bit;
    EXPECT_EQ(ledger.counts().missing, 2U);
  }
  DatagramLedger ledger(1);
  Datagram datagram = send(ledger, 24);
  datagram.pop_back();
  ledger.note_arrival(datagram);
  EXPECT_THAT(ledger.wrong(), HasSubstr("23 bytes came that nobody sent so, as datagram 0 of 1"));
}

TEST(DatagramLedger, WhatAnotherSentIsWrong) {
  DatagramLedger there(1), back(2);
  static_cast<void>(send(back, 100));
  back.note_arrival(send(there, 100));
  EXPECT_NE(back.wrong(), "");
  back.note_arrival(Datagram(3));
  EXPECT_EQ(back.counts().taken, 2U);
  EXPECT_EQ(back.counts().wrong, 2U);
}

// It comes before it was sent: its number is none yet.
TEST(DatagramLedger, WhatWillBeSentIsWrong) {
  DatagramLedger ledger(1);
  Datagram early(100);
  ledger.fill_next(early);
  ledger.note_arrival(early);
  EXPECT_NE(ledger.wrong(), "");
}

}  // namespace
}  // namespace strata::service::datagram_ledger_test
