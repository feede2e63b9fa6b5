// SPDX-License-Identifier: Apache-2.0
// The addresses of one interface: looked for duplicates, announced and defended.
//
//              probes: ARP request from 0.0.0.0 (RFC 5227 2.1) or
//              solicitation from :: with a nonce (RFC 4862 5.4.2, RFC 7527)
//   add ──> kTentative ──all probes sent, nobody answered──> kReady ──> announcements
//               │                                              │
//               └────── someone else uses or probes it ────────┴──> kDuplicate (until removed)
//                                       (when ready: RFC 5227 2.4)
//
// 1. A tentative address is never told to anyone, and a duplicate one never used again.
// 2. Whatever arrives, an address sends at most one message per interval of its RFC.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/vector.h"
#include "neighbor/config.h"
#include "neighbor/message.h"
#include "strata/error.h"
#include "strata/memory.h"
#include "strata/rng.h"

namespace strata::neighbor {

enum class OwnState : std::uint8_t { kTentative, kReady, kDuplicate };

// RFC 5227 2.4: what to do when another station claims an address in use.
enum class ConflictPolicy : std::uint8_t {
  kCease,         // (a) give it up at once
  kDefendOnce,    // (b) defend, and give up on a second claim within DEFEND_INTERVAL
  kDefendAlways,  // (c) defend, at most once per DEFEND_INTERVAL, and never give up
};

struct OwnAddressOptions {
  bool check_duplicates = true;
  bool delay_first_probe =
      true;  // RFC 4862 5.4.2: so that machines started together do not collide
  bool announce = true;
  ConflictPolicy conflict_policy = ConflictPolicy::kDefendOnce;
};

class OwnAddresses {
 public:
  OwnAddresses(Memory& memory, Rng& rng, const Config& config);

  // kAlreadyExists, kInvalidArgument (not unicast), kOutOfMemory.
  [[nodiscard]] Result<void> add(const IpAddress& address, const OwnAddressOptions& options,
                                 Time now);
  bool remove(const IpAddress& address);

  [[nodiscard]] std::optional<OwnState> state_of(const IpAddress& address) const;
  [[nodiscard]] bool is_ready(const IpAddress& address) const;
  // RFC 4861 7.2.2: whom a solicitation for `target` comes from. `hint`, if it is ready; else the
  // ready address with the same scope and the longest prefix in common. Null when there is none.
  [[nodiscard]] const IpAddress* source_for(const IpAddress& target, const IpAddress& hint) const;

  // The link came back: every address is checked again.
  void restart(Time now);
  // Our link-layer address changed: tell everyone (RFC 4861 7.2.6).
  void announce_all(Time now);

  // True when the message is a conflict, or another's probe, about one of our addresses.
  bool on_arp(const wire::ArpHeader& header, const MacAddress& our_mac, Time now);
  // RFC 4862 5.4.3, for a target that is tentative.
  void on_solicitation(const Solicitation& solicitation, Time now);
  // RFC 4862 5.4.4. True when the target is ours.
  bool on_advertisement(const Advertisement& advertisement, const MacAddress& our_mac, Time now);

  [[nodiscard]] std::optional<Output> next_output(Time now, const MacAddress& our_mac,
                                                  Duration retransmit_timer);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  [[nodiscard]] std::size_t size() const { return addresses_.size(); }

 private:
  static constexpr std::size_t kNonces = 4;

  struct Own {
    IpAddress address;
    OwnAddressOptions options;
    OwnState state = OwnState::kTentative;
    std::uint8_t probes_left = 0;
    std::uint8_t announcements_left = 0;
    bool was_looped_back = false;     // a probe of ours came back since the last one
    bool announces_override = false;  // to all nodes, replacing what they know
    bool owes_ready = false;
    bool owes_duplicate = false;
    bool owes_defence = false;
    bool must_cease = false;
    std::optional<MacAddress> other;      // who claims it
    std::array<Nonce, kNonces> nonces{};  // of the latest probes
    std::uint32_t probes_sent = 0;
    Time due = kNever;  // the next probe, announcement or the end of the check
    Time defended_at = Time::min();
  };

  [[nodiscard]] Own* find(const IpAddress& address);
  [[nodiscard]] const Own* find(const IpAddress& address) const;
  void start_check(Own& own, Time now);
  void finish_check(Own& own, Time now);
  void on_conflict(Own& own, const std::optional<MacAddress>& other, Time now);
  void cease(Own& own, const std::optional<MacAddress>& other, Time now);
  [[nodiscard]] std::optional<Output> output_of(Own& own, Time now, const MacAddress& our_mac,
                                                Duration retransmit_timer);
  [[nodiscard]] Output probe(Own& own, Time now, const MacAddress& our_mac,
                             Duration retransmit_timer);
  [[nodiscard]] static Output announcement(const Own& own, const MacAddress& our_mac,
                                           bool is_override);
  [[nodiscard]] std::optional<Output> due_output(Own& own, Time now, const MacAddress& our_mac,
                                                 Duration retransmit_timer);
  void owe(Time now) { next_due_ = std::min(next_due_, now); }

  Rng& rng_;
  DuplicateDetectionConfig dad_;
  ConflictDetectionConfig acd_;
  std::uint32_t addresses_max_;
  Vector<Own> addresses_;
  Time next_due_ = kNever;      // no address has anything to send before
  std::uint8_t conflicts_ = 0;  // RFC 5227 2.1.1: MAX_CONFLICTS
  Time check_allowed_at_ = Time::min();
};

}  // namespace strata::neighbor
