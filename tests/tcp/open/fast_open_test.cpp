// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/fast_open.h"

#include <gtest/gtest.h>

#include <array>

#include "strata/rng.h"
#include "tcp/support/opening.h"

namespace strata::tcp::fast_open_test {
namespace {

using namespace std::chrono_literals;
using testing::flow_of;
using testing::kStart;

constexpr IpAddress kServer = IpAddress::v4(192, 0, 2, 1);

wire::TcpFastOpenCookie some_cookie(std::byte fill) {
  std::array<std::byte, 8> bytes;
  bytes.fill(fill);
  return *wire::TcpFastOpenCookie::from_bytes(bytes);
}

// RFC 7413 4.1.2 MUST: the cookie is bound to the client's address and cannot be guessed.
TEST(FastOpenCookies, AreGoodForTheHostTheyWereGivenTo) {
  const FastOpenCookies cookies({1, 2});
  const auto cookie = cookies.cookie_for(flow_of(1, 1000), {}, false, kStart);
  EXPECT_FALSE(cookie.is_request());
  EXPECT_TRUE(cookies.accepts(flow_of(1, 2000), {}, cookie, kStart + 1min));
  EXPECT_FALSE(cookies.accepts(flow_of(2, 1000), {}, cookie, kStart + 1min));
  EXPECT_FALSE(FastOpenCookies({1, 3}).accepts(flow_of(1, 1000), {}, cookie, kStart));
  EXPECT_TRUE(cookies.cookie_for(flow_of(1), {}, true, kStart).experimental());
}

// RFC 7413 4.1.2 SHOULD: cookies expire, by a key that rotates.
TEST(FastOpenCookies, ExpireWithTheirKey) {
  const FastOpenCookies cookies({1, 2});
  const Time begin(10h);
  const auto cookie = cookies.cookie_for(flow_of(1), {}, false, begin);
  EXPECT_FALSE(cookies.is_stale(flow_of(1), {}, cookie, begin + 59min));
  EXPECT_TRUE(cookies.is_stale(flow_of(1), {}, cookie, begin + 61min));
  EXPECT_TRUE(cookies.accepts(flow_of(1), {}, cookie, begin + 119min));
  EXPECT_FALSE(cookies.accepts(flow_of(1), {}, cookie, begin + 121min));
  EXPECT_FALSE(cookies.is_stale(flow_of(1), {}, cookie, begin + 121min));
}

// RFC 7413 4.2.2 MUST: a forged cookie does not open anything.
TEST(FastOpenCookies, RefuseWhatIsForged) {
  const FastOpenCookies cookies({1, 2});
  Rng rng(1);
  for (int i = 0; i < 10'000; ++i) {
    std::array<std::byte, 16> bytes;
    for (std::byte& each : bytes) each = static_cast<std::byte>(rng.next());
    const std::size_t size = 4 + 2 * static_cast<std::size_t>(rng.below(7));
    const auto forged = wire::TcpFastOpenCookie::from_bytes(Bytes(bytes).first(size));
    EXPECT_FALSE(cookies.accepts(flow_of(1), {}, *forged, kStart));
  }
  EXPECT_FALSE(cookies.accepts(flow_of(1), {}, wire::TcpFastOpenCookie{}, kStart));
}

// The cookies that Linux makes with this key for these addresses.
TEST(FastOpenCookies, OfASharedKeyAreThoseOfAFarm) {
  const auto word = [](std::uint32_t value, TcpFastOpenKey& key, std::size_t at) {
    for (std::size_t i = 0; i < 4; ++i) key[at + i] = static_cast<std::byte>(value >> (8 * i));
  };
  TcpFastOpenKey key{};
  word(0xa1a1'a1a1, key, 0);
  word(0xb2b2'b2b2, key, 4);
  word(0xc3c3'c3c3, key, 8);
  word(0xd4d4'd4d4, key, 12);
  const FastOpenCookies cookies({1, 2});
  const Flow flow{.local_address = IpAddress::v4(192, 168, 0, 1),
                  .remote_address = IpAddress::v4(192, 0, 2, 1)};
  const FastOpenCookies::Keys keys{.given = key};
  const auto cookie = cookies.cookie_for(flow, keys, false, kStart);
  std::array<std::byte, 8> expected;
  store_big_endian(expected.data(), std::uint64_t{0x3021'b9d8'8901'7eeb});
  EXPECT_TRUE(std::ranges::equal(cookie.bytes(), expected));
  EXPECT_TRUE(cookies.accepts(flow, keys, cookie, kStart + 100h));
  EXPECT_FALSE(cookies.is_stale(flow, keys, cookie, kStart + 100h));
  EXPECT_FALSE(cookies.accepts(flow, {}, cookie, kStart));
  TcpFastOpenKey next = key;
  next[0] = std::byte{1};
  const FastOpenCookies::Keys turned{.given = next, .before = key};
  EXPECT_TRUE(cookies.accepts(flow, turned, cookie, kStart));
  EXPECT_TRUE(cookies.is_stale(flow, turned, cookie, kStart));
}

// RFC 7413 4.1.3 MUST: a client asks for a cookie first and caches it with the server's MSS.
TEST(FastOpenCache, AsksFirstAndThenOffersWhatItGot) {
  HeapMemory memory;
  FastOpenCache cache(memory, 8, {1, 2});
  ASSERT_TRUE(cache.offer_for(kServer, kStart));
  EXPECT_TRUE(cache.offer_for(kServer, kStart)->cookie.is_request());
  cache.on_syn_ack(kServer, {.mss = 1400, .cookie = some_cookie(std::byte{7})}, kStart);
  const auto offer = cache.offer_for(kServer, kStart);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->cookie, some_cookie(std::byte{7}));
  EXPECT_EQ(offer->mss, 1400);
  // A SYN-ACK without a cookie keeps the one there is; another replaces it.
  cache.on_syn_ack(kServer, {.mss = 1300}, kStart);
  EXPECT_EQ(cache.offer_for(kServer, kStart)->cookie, some_cookie(std::byte{7}));
  EXPECT_EQ(cache.offer_for(kServer, kStart)->mss, 1300);
  cache.on_syn_ack(kServer, {.mss = 1300, .cookie = some_cookie(std::byte{8})}, kStart);
  EXPECT_EQ(cache.offer_for(kServer, kStart)->cookie, some_cookie(std::byte{8}));
}

TEST(FastOpenCache, RemembersNothingOfServersThatDoNotKnowFastOpen) {
  HeapMemory memory;
  FastOpenCache cache(memory, 8, {1, 2});
  cache.on_syn_ack(kServer, {.mss = 1400}, kStart);
  EXPECT_EQ(cache.size(), 0U);
}

// RFC 7413 4.1.3.1 SHOULD: a path that drops such SYNs is remembered, and not tried for a while.
TEST(FastOpenCache, LeavesPathsAloneThatDropItsSyns) {
  HeapMemory memory;
  FastOpenCache cache(memory, 8, {1, 2});
  cache.on_syn_ack(kServer, {.mss = 1400, .cookie = some_cookie(std::byte{7})}, kStart);
  Time now = kStart;
  cache.on_syn_ack(kServer, {.mss = 1400, .was_sent_again = true}, now);
  EXPECT_TRUE(cache.offer_for(kServer, now)) << "any SYN may be lost once";
  for (const Duration wait : {Duration(1min), Duration(2min), Duration(4min)}) {
    cache.on_syn_ack(kServer, {.mss = 1400, .was_sent_again = true}, now);
    EXPECT_FALSE(cache.offer_for(kServer, now + wait - 1ns));
    now += wait;
    EXPECT_TRUE(cache.offer_for(kServer, now));
  }
  cache.on_syn_ack(kServer, {.mss = 1400}, now);
  cache.on_timeout(kServer, now);
  EXPECT_TRUE(cache.offer_for(kServer, now + 1min));
  for (int i = 0; i < 300; ++i) cache.on_timeout(kServer, now);
  EXPECT_TRUE(cache.offer_for(kServer, now + 1024min));
}

// A late answer tells as much of the server as one in time.
TEST(FastOpenCache, KeepsTheCookieOfAnAnswerThatCameLate) {
  HeapMemory memory;
  FastOpenCache cache(memory, 8, {1, 2});
  cache.on_syn_ack(
      kServer, {.mss = 1240, .cookie = some_cookie(std::byte{7}), .was_sent_again = true}, kStart);
  const auto offer = cache.offer_for(kServer, kStart);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->cookie, some_cookie(std::byte{7}));
  EXPECT_EQ(offer->mss, 1240);
  cache.clear();
  EXPECT_TRUE(cache.offer_for(kServer, kStart)->cookie.is_request());
  EXPECT_EQ(cache.size(), 0U);
}

TEST(FastOpenCache, GivesUpTheEntryNotUsedForLongest) {
  HeapMemory memory;
  FastOpenCache cache(memory, 4, {1, 2});
  const auto server = [](std::uint32_t number) { return IpAddress::v4(0xc000'0200 + number); };
  for (std::uint32_t i = 0; i < 4; ++i) {
    cache.on_syn_ack(server(i), {.mss = 1400, .cookie = some_cookie(std::byte{7})}, kStart);
  }
  ASSERT_TRUE(cache.offer_for(server(0), kStart));
  cache.on_syn_ack(server(4), {.mss = 1400, .cookie = some_cookie(std::byte{7})}, kStart);
  EXPECT_EQ(cache.size(), 4U);
  EXPECT_FALSE(cache.offer_for(server(0), kStart)->cookie.is_request());
  EXPECT_TRUE(cache.offer_for(server(1), kStart)->cookie.is_request());
}

TEST(FastOpenCache, DoesWithoutMemory) {
  HeapMemory memory(100);
  FastOpenCache cache(memory, 4, {1, 2});
  cache.on_syn_ack(kServer, {.mss = 1400, .cookie = some_cookie(std::byte{7})}, kStart);
  EXPECT_TRUE(cache.offer_for(kServer, kStart)->cookie.is_request());
  EXPECT_EQ(memory.bytes_used(), 0U);
}

// RFC 7413 4.1.3 MUST: the text of a SYN fits the cached MSS, or the default one.
TEST(SynText, FitsTheServersMss) {
  EXPECT_EQ(syn_text_max(0, 1460, true), 536 - 40);
  EXPECT_EQ(syn_text_max(0, 1440, false), 1220 - 40);
  EXPECT_EQ(syn_text_max(1460, 1460, true), 1420);
  EXPECT_EQ(syn_text_max(9000, 1460, true), 1420);
  EXPECT_EQ(syn_text_max(88, 1460, true), 48);
}

}  // namespace
}  // namespace strata::tcp::fast_open_test
