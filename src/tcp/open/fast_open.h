// SPDX-License-Identifier: Apache-2.0
// TCP Fast Open (RFC 7413): text in the SYN for those who have shown that they are where they say.
#pragma once

#include <cstdint>
#include <optional>

#include "base/hash_index.h"
#include "base/index_list.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "strata/memory.h"
#include "strata/tcp_config.h"
#include "strata/time.h"
#include "tcp/flow.h"
#include "tcp/segment.h"

namespace strata::tcp {

// RFC 7413 4.1.2: a cookie is the keyed hash of the client's address; ours is of the server's too.
// Our own key changes every hour, and cookies of the hour before are still good. A key that was
// given stays; with it a cookie is SipHash-2-4 of both addresses in the order of a packet's header,
// least significant byte first, as Linux has it, so that a farm of servers may be mixed.
class FastOpenCookies {
 public:
  explicit FastOpenCookies(const SipKey& key) : key_(key) {}

  // What was given instead of our own key: the one to make cookies with, and one whose cookies are
  // still good.
  struct Keys {
    std::optional<TcpFastOpenKey> given{};
    std::optional<TcpFastOpenKey> before{};
    [[nodiscard]] static Keys of(const TcpConfig& config, const TcpSocketOptions& listener);
  };

  [[nodiscard]] wire::TcpFastOpenCookie cookie_for(const Flow& flow, const Keys& keys,
                                                   bool experimental, Time now) const;
  [[nodiscard]] bool accepts(const Flow& flow, const Keys& keys,
                             const wire::TcpFastOpenCookie& cookie, Time now) const;
  // It is good, but the client should get a new one before it is not (RFC 7413 4.2.2).
  [[nodiscard]] bool is_stale(const Flow& flow, const Keys& keys,
                              const wire::TcpFastOpenCookie& cookie, Time now) const;

 private:
  [[nodiscard]] std::uint64_t hash(const Flow& flow, std::int64_t period) const;

  SipKey key_;
};

// RFC 7413 4.1.3: what servers gave us, by their address; the one not used for longest goes first.
// A server that a Fast Open SYN did not reach is not tried again for a while, each time for longer:
// something on the path drops such segments (4.1.3.1).
class FastOpenCache {
 public:
  FastOpenCache(Memory& memory, std::uint32_t entries_max, const SipKey& key)
      : entries_(memory, entries_max), index_(memory), key_(key) {}

  // What a SYN to the server should carry.
  struct Offer {
    wire::TcpFastOpenCookie cookie;  // a request when none is known
    std::uint16_t mss = 0;           // the server's as of last time: bounds the SYN's text
  };
  // Nothing when the path is known to drop it.
  [[nodiscard]] std::optional<Offer> offer_for(const IpAddress& server, Time now);

  // A SYN-ACK answered a SYN with any Fast Open option, or with text.
  struct Answer {
    std::uint16_t mss = 0;
    std::optional<wire::TcpFastOpenCookie> cookie{};  // none when the SYN had no such option
    bool was_sent_again = false;                      // only a plain SYN may have got through
    bool took_text = false;
  };
  void on_syn_ack(const IpAddress& server, const Answer& answer, Time now);
  // No SYN got through at all, or the connection was reset or fell silent right after its text was
  // taken with the SYN: it may not be Fast Open's fault, but is no reason to go on.
  void on_timeout(const IpAddress& server, Time now);

  void clear();
  [[nodiscard]] std::uint32_t size() const { return entries_.size(); }

 private:
  struct Entry {
    IndexLink link;
    IpAddress server;
    wire::TcpFastOpenCookie cookie;
    std::uint16_t mss = 0;
    std::uint8_t failures = 0;
    Time blocked_until = Time::min();
  };

  [[nodiscard]] std::uint32_t hash(const IpAddress& server) const {
    return static_cast<std::uint32_t>(hash_words(key_, {server.high(), server.low()}));
  }
  [[nodiscard]] Index find(const IpAddress& server) const;
  // Null when Memory has no more.
  [[nodiscard]] Entry* touch(const IpAddress& server);

  Slab<Entry> entries_;
  HashIndex index_;
  IndexList<Entry, &Entry::link> used_;  // the one not used for longest is first
  SipKey key_;
};

// How much text fits a first SYN: the server's MSS as it was, less the options.
[[nodiscard]] std::uint16_t syn_text_max(std::uint16_t cached_mss, std::uint16_t own_mss,
                                         bool is_v4);

// How much of what a program has written goes with its first SYN.
[[nodiscard]] std::uint16_t first_text_max(const TcpConfig& config, const TcpSocketOptions& options,
                                           const FastOpenCache::Offer& offer, std::uint32_t mtu,
                                           bool is_v4);

}  // namespace strata::tcp
