// SPDX-License-Identifier: Apache-2.0
#include "tcp/open/fast_open.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>

#include "tcp/isn.h"
#include "tcp/open/negotiation.h"

namespace strata::tcp {
namespace {

constexpr auto kKeyPeriod = std::chrono::hours(1);
constexpr std::size_t kCookieBytes = 8;  // RFC 7413 4.1.2 recommends it
constexpr Duration kBlockFirst = std::chrono::minutes(1);
constexpr unsigned kBlockDoublingsMax = 10;
constexpr std::uint8_t kFailuresForgiven = 1;  // any SYN may be lost once

std::int64_t key_period_of(Time now) { return now.time_since_epoch() / kKeyPeriod; }

using CookieBytes = std::array<std::byte, kCookieBytes>;

CookieBytes bytes_of(std::uint64_t hash) {
  CookieBytes bytes;
  store_big_endian(bytes.data(), hash);
  return bytes;
}

std::uint64_t load_little_endian(const std::byte* from) {
  return std::byteswap(load_big_endian<std::uint64_t>(from));
}

CookieBytes cookie_of(const TcpFastOpenKey& key, const Flow& flow) {
  std::array<std::byte, 32> hosts;
  const std::size_t width = flow.is_v4() ? 4 : 16;
  const auto put = [&](const IpAddress& address, std::size_t at) {
    std::array<std::byte, 16> whole;
    store_big_endian(whole.data(), address.high());
    store_big_endian(whole.data() + 8, address.low());
    std::copy_n(whole.end() - static_cast<std::ptrdiff_t>(width), width,
                hosts.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(flow.remote_address, 0);
  put(flow.local_address, width);
  const SipKey sip{load_little_endian(key.data()), load_little_endian(key.data() + 8)};
  return bytes_of(std::byteswap(siphash24(sip, Bytes(hosts).first(2 * width))));
}

}  // namespace

std::uint64_t FastOpenCookies::hash(const Flow& flow, std::int64_t period) const {
  const Flow hosts{.local_address = flow.local_address,
                   .remote_address = flow.remote_address,
                   .interface = flow.interface};
  return seen_hash_of(key_, hosts, static_cast<std::uint64_t>(period));
}

FastOpenCookies::Keys FastOpenCookies::Keys::of(const TcpConfig& config,
                                                const TcpSocketOptions& listener) {
  if (listener.fast_open_key) return {.given = listener.fast_open_key};
  return {.given = config.fast_open_key, .before = config.fast_open_key_before};
}

wire::TcpFastOpenCookie FastOpenCookies::cookie_for(const Flow& flow, const Keys& keys,
                                                    bool experimental, Time now) const {
  const auto bytes =
      keys.given ? cookie_of(*keys.given, flow) : bytes_of(hash(flow, key_period_of(now)));
  return wire::TcpFastOpenCookie::from_bytes(bytes, experimental)
      .value_or(wire::TcpFastOpenCookie{});
}

bool FastOpenCookies::accepts(const Flow& flow, const Keys& keys,
                              const wire::TcpFastOpenCookie& cookie, Time now) const {
  if (cookie.bytes().size() != kCookieBytes) return false;
  if (keys.given) {
    return std::ranges::equal(cookie.bytes(), cookie_of(*keys.given, flow)) ||
           (keys.before && std::ranges::equal(cookie.bytes(), cookie_of(*keys.before, flow)));
  }
  const auto given = load_big_endian<std::uint64_t>(cookie.bytes().data());
  return given == hash(flow, key_period_of(now)) || given == hash(flow, key_period_of(now) - 1);
}

bool FastOpenCookies::is_stale(const Flow& flow, const Keys& keys,
                               const wire::TcpFastOpenCookie& cookie, Time now) const {
  return accepts(flow, keys, cookie, now) &&
         !std::ranges::equal(cookie.bytes(), cookie_for(flow, keys, false, now).bytes());
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

void FastOpenCache::on_syn_ack(const IpAddress& server, const Answer& answer, Time now) {
  const bool is_given = answer.cookie && !answer.cookie->is_request();
  // A cookie shows that the option gets there and back, however late.
  const bool has_failed = answer.was_sent_again && !is_given;
  if (has_failed) on_timeout(server, now);
  // A server without a word about Fast Open is not worth remembering.
  if (!is_given && !answer.took_text && find(server) == kNoIndex) return;
  Entry* const entry = touch(server);
  if (entry == nullptr) return;
  entry->mss = answer.mss;
  if (!has_failed) entry->failures = 0;
  if (is_given) entry->cookie = *answer.cookie;
}

void FastOpenCache::on_timeout(const IpAddress& server, Time now) {
  Entry* const entry = touch(server);
  if (entry == nullptr) return;
  if (entry->failures < UINT8_MAX) ++entry->failures;
  if (entry->failures <= kFailuresForgiven) return;
  const unsigned doublings =
      std::min<unsigned>(entry->failures - kFailuresForgiven - 1U, kBlockDoublingsMax);
  entry->blocked_until = now + kBlockFirst * (std::int64_t{1} << doublings);
}

void FastOpenCache::clear() {
  while (!used_.empty()) {
    const Index oldest = used_.front();
    index_.erase(hash(entries_[oldest].server), oldest);
    used_.erase(entries_, oldest);
    entries_.destroy(oldest);
  }
}

std::uint16_t syn_text_max(std::uint16_t cached_mss, std::uint16_t own_mss, bool is_v4) {
  const std::uint16_t fallback = is_v4 ? kMssDefaultV4 : kMssDefaultV6;
  const std::uint16_t mss = std::min(cached_mss != 0 ? cached_mss : fallback, own_mss);
  const auto options = static_cast<std::uint16_t>(wire::kTcpOptionBytesMax);
  return mss > options ? static_cast<std::uint16_t>(mss - options) : std::uint16_t{0};
}

std::uint16_t first_text_max(const TcpConfig& config, const TcpSocketOptions& options,
                             const FastOpenCache::Offer& offer, std::uint32_t mtu, bool is_v4) {
  const bool is_cookieless = config.fast_open_client_cookieless;
  if (offer.cookie.is_request() && !is_cookieless) return 0;
  std::uint16_t own_mss = mss_for(mtu, is_v4);
  if (options.mss_max != 0) own_mss = std::min(own_mss, std::max(options.mss_max, kMssMin));
  // RFC 7413 4.1.3.1 has the default MSS for a server nobody knows; who does without cookies knows
  // the network.
  return syn_text_max(offer.mss == 0 && is_cookieless ? own_mss : offer.mss, own_mss, is_v4);
}

}  // namespace strata::tcp
