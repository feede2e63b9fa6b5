// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/fast_open.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "tcp/isn.h"
#include "tcp/open/negotiation.h"

namespace strata::tcp {
namespace {

constexpr auto kKeyPeriod = std::chrono::hours(1);
constexpr std::size_t kCookieBytes = 8;  // RFC 7413 4.1.2 recommends it
constexpr Duration kBlockFirst = std::chrono::minutes(1);
constexpr unsigned kBlockDoublingsMax = 10;

std::int64_t period_of(Time now) { return now.time_since_epoch() / kKeyPeriod; }

std::array<std::byte, kCookieBytes> bytes_of(std::uint64_t hash) {
  std::array<std::byte, kCookieBytes> bytes;
  store_big_endian(bytes.data(), hash);
  return bytes;
}

}  // namespace

std::uint64_t FastOpenCookies::hash(const Flow& flow, std::int64_t period) const {
  const Flow hosts{.local_address = flow.local_address,
                   .remote_address = flow.remote_address,
                   .interface = flow.interface};
  return seen_hash_of(key_, hosts, static_cast<std::uint64_t>(period));
}

wire::TcpFastOpenCookie FastOpenCookies::cookie_for(const Flow& flow, bool experimental,
                                                    Time now) const {
  const auto bytes = bytes_of(hash(flow, period_of(now)));
  return wire::TcpFastOpenCookie::from_bytes(bytes, experimental)
      .value_or(wire::TcpFastOpenCookie{});
}

bool FastOpenCookies::accepts(const Flow& flow, const wire::TcpFastOpenCookie& cookie,
                              Time now) const {
  if (cookie.bytes().size() != kCookieBytes) return false;
  const auto given = load_big_endian<std::uint64_t>(cookie.bytes().data());
  return given == hash(flow, period_of(now)) || given == hash(flow, period_of(now) - 1);
}

bool FastOpenCookies::is_stale(const Flow& flow, const wire::TcpFastOpenCookie& cookie,
                               Time now) const {
  return accepts(flow, cookie, now) &&
         load_big_endian<std::uint64_t>(cookie.bytes().data()) != hash(flow, period_of(now));
}

Index FastOpenCache::find(const IpAddress& server) const {
  return index_.find(hash(server), [&](Index index) { return entries_[index].server == server; });
}

FastOpenCache::Entry* FastOpenCache::touch(const IpAddress& server) {
  Index index = find(server);
  if (index != kNoIndex) {
    used_.erase(entries_, index);
    used_.push_back(entries_, index);
    return &entries_[index];
  }
  if (entries_.full() && !used_.empty()) {
    const Index oldest = used_.front();
    index_.erase(hash(entries_[oldest].server), oldest);
    used_.erase(entries_, oldest);
    entries_.destroy(oldest);
  }
  index = entries_.try_create();
  if (index == kNoIndex) return nullptr;
  if (!index_.insert(hash(server), index)) {
    entries_.destroy(index);
    return nullptr;
  }
  entries_[index].server = server;
  used_.push_back(entries_, index);
  return &entries_[index];
}

std::optional<FastOpenCache::Offer> FastOpenCache::offer_for(const IpAddress& server, Time now) {
  const Index index = find(server);
  if (index == kNoIndex) return Offer{};
  const Entry& entry = entries_[index];
  if (now < entry.blocked_until) return std::nullopt;
  used_.erase(entries_, index);
  used_.push_back(entries_, index);
  return Offer{.cookie = entry.cookie, .mss = entry.mss};
}

void FastOpenCache::on_syn_ack(const IpAddress& server, std::uint16_t mss,
                               const std::optional<wire::TcpFastOpenCookie>& cookie,
                               bool was_sent_again, Time now) {
  if (was_sent_again) return on_timeout(server, now);
  const bool is_given = cookie && !cookie->is_request();
  // A server without a word about Fast Open is not worth remembering.
  if (!is_given && find(server) == kNoIndex) return;
  Entry* const entry = touch(server);
  if (entry == nullptr) return;
  entry->mss = mss;
  entry->failures = 0;
  if (is_given) entry->cookie = *cookie;
}

void FastOpenCache::on_timeout(const IpAddress& server, Time now) {
  Entry* const entry = touch(server);
  if (entry == nullptr) return;
  const unsigned doublings = std::min<unsigned>(entry->failures, kBlockDoublingsMax);
  entry->blocked_until = now + kBlockFirst * (std::int64_t{1} << doublings);
  if (entry->failures < UINT8_MAX) ++entry->failures;
}

std::uint16_t syn_text_max(std::uint16_t cached_mss, std::uint16_t own_mss, bool is_v4) {
  const std::uint16_t fallback = is_v4 ? kMssDefaultV4 : kMssDefaultV6;
  const std::uint16_t mss = std::min(cached_mss != 0 ? cached_mss : fallback, own_mss);
  const auto options = static_cast<std::uint16_t>(wire::kTcpOptionBytesMax);
  return mss > options ? static_cast<std::uint16_t>(mss - options) : std::uint16_t{0};
}

}  // namespace strata::tcp
