// SPDX-License-Identifier: Apache-2.0
// Cache: from a next hop to its link-layer address, for ARP and neighbour discovery alike.
//
//            park                 answer (solicited)
//   (none) ───────> INCOMPLETE ─────────────────────────> REACHABLE <──────────────┐
//                      │  │ answer (unsolicited)             │ ReachableTime       │ answer, or
//             no answer│  └──────────────┐                   v                     │ upper layer
//                      v                 └───────────────> STALE                   │ confirms
//                   FAILED <────────┐                        │ resolve             │
//          packets are refused      │                        v   5 s               │
//          for 1, 2, 4 .. 16 s      │     no answer        DELAY ────> PROBE ──────┤
//                                   └────── UNREACHABLE <──────────────┘ 3 unicast │
//                                           multicast, waits of 3, 9, 27 s ────────┘
//
// IPv4 and IPv6 differ only in their messages (RFC 1122 2.3.2.1 asks of ARP what RFC 4861 7.3
// gives: timeouts, unicast polls, advice from above). ARP has no flags; learn.cpp says how its
// messages are read.
//
// 1. Every parked packet leaves exactly once: through Release or Undeliverable, or as what park()
//    returns.
// 2. Messages that do not concern us create nothing. Those that do may create an entry in STALE,
//    which never displaces an address being resolved, nor a router (table.h).
// 3. Nothing is sent from on_*: what is owed is marked, and next_output() forms it. So what is owed
//    is bounded by the tables, and the intervals count from when it was really sent.
// 4. Solicitations: at most one per RetransTimer and neighbour (RFC 1122 2.3.2.1 wants one a second
//    at most), and solicitations_per_second in all.
//
// One Cache serves one interface. Calls in a turn: on_* for what came, on_deadline(now), then
// next_output(now) until it is empty.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/siphash.h"
#include "base/vector.h"
#include "neighbor/config.h"
#include "neighbor/deadline_lists.h"
#include "neighbor/entry.h"
#include "neighbor/message.h"
#include "neighbor/own_addresses.h"
#include "neighbor/parking.h"
#include "neighbor/proxies.h"
#include "neighbor/solicitation_budget.h"
#include "neighbor/table.h"
#include "strata/error.h"
#include "strata/memory.h"
#include "strata/rng.h"

namespace strata::neighbor {

class Cache {
 public:
  // `rng` and `memory` outlive the cache.
  Cache(Memory& memory, Rng& rng, const SipKey& key, const MacAddress& mac,
        const Config& config = {});
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // --- the path of a packet ---------------------------------------------------------------------

  // Where to send what goes to this unicast next hop; right until the cache is told something.
  // Null: park() the packet.
  [[nodiscard]] const MacAddress* resolve(const IpAddress& next_hop, Time now) {
    const MacAddress* const mac = recall(next_hop, now);
    return mac != nullptr ? mac : resolve_slowly(next_hop, now);
  }
  // The same for a neighbour that was asked for lately and is reachable, or is being proved so.
  // Null: resolve() it. Leaves the cache nothing to do.
  [[nodiscard]] const MacAddress* recall(const IpAddress& next_hop, Time now) {
    Entry* const entry = table_.recent(next_hop);
    if (entry == nullptr || entry->address != next_hop) return nullptr;
    const bool is_being_proved = entry->state == State::kDelay || entry->state == State::kProbe;
    if (now >= entry->reachable_until && !is_being_proved) return nullptr;
    entry->last_used = now;
    return &entry->mac;
  }

  // Keeps the packet until next_hop answers. Comes back at once: a packet that had to make room, or
  // this one when next_hop lately did not answer or there is no room. `source` is the packet's own
  // source address, from which the question is best asked (RFC 4861 7.2.2).
  [[nodiscard]] std::optional<Undeliverable> park(const IpAddress& next_hop, PacketPtr packet,
                                                  Time now, const IpAddress& source = {});

  // What is known; nothing when there is no entry. Changes nothing.
  [[nodiscard]] std::optional<EntryView> find(const IpAddress& address, Time now) const;
  // RFC 4861 6.3.6: false for a neighbour that is known not to answer.
  [[nodiscard]] bool is_probably_reachable(const IpAddress& address) const;
  // True: to tell on_reachability_confirmed() of this neighbour now would change next to nothing.
  [[nodiscard]] bool was_just_confirmed(const IpAddress& next_hop, Time now) const {
    const Entry* const entry = table_.recent(next_hop);
    if (entry == nullptr || entry->address != next_hop || now >= entry->reachable_until) {
      return false;
    }
    return entry->is_static || now - entry->last_confirmed < kConfirmationGrain;
  }

  // --- what the interface is --------------------------------------------------------------------

  [[nodiscard]] const MacAddress& mac() const { return mac_; }
  void set_mac(const MacAddress& mac, Time now);

  // AddressReady or Duplicate follows as an output, at once when nothing is to be checked.
  [[nodiscard]] Result<void> add_own_address(const IpAddress& address,
                                             const OwnAddressOptions& options, Time now);
  bool remove_own_address(const IpAddress& address);
  [[nodiscard]] std::optional<OwnState> own_state(const IpAddress& address) const {
    return own_.state_of(address);
  }

  [[nodiscard]] Result<void> add_proxy(const IpAddress& address) { return proxies_.add(address); }
  bool remove_proxy(const IpAddress& address) { return proxies_.remove(address); }
  [[nodiscard]] std::span<const IpAddress> proxies() const { return proxies_.all(); }

  // Routers that are configured rather than discovered: their entries are never shed.
  [[nodiscard]] Result<void> add_router(const IpAddress& address);
  bool remove_router(const IpAddress& address);

  // Entries that no message changes and no timer ends.
  [[nodiscard]] Result<void> add_static(const IpAddress& address, const MacAddress& mac, Time now);
  bool remove_static(const IpAddress& address);

  // Forgets a learned neighbour; one that packets wait for is asked for as if for the first time.
  bool remove(const IpAddress& address);
  // Forgets them all; packets that wait for them are undeliverable.
  void flush();

  // RFC 4861 6.3.4: what a router advertises for this link. Nothing means: no opinion.
  void on_router_parameters(std::optional<Duration> reachable_time,
                            std::optional<Duration> retransmit_timer, Time now);

  // --- events: kNone, or why the message was of no use ------------------------------------------

  DropReason on_arp(const wire::ArpHeader& header, Time now);
  DropReason on_neighbor_solicitation(const Solicitation& solicitation, Time now);
  DropReason on_neighbor_advertisement(const Advertisement& advertisement, Time now);
  // A valid router advertisement came from this address; the option may be absent.
  void on_router_link_layer(const IpAddress& router, const std::optional<MacAddress>& mac,
                            Time now);
  // RFC 4861 6.2.6: a router solicitation with a source link-layer option.
  void on_router_solicitation(const IpAddress& host, const MacAddress& mac, Time now);
  // RFC 4861 8.3: an accepted redirect with a target link-layer option.
  void on_redirect(const IpAddress& target, const MacAddress& mac, bool target_is_router, Time now);
  // RFC 4861 7.3.1: the upper layer saw new data acknowledged over this next hop.
  void on_reachability_confirmed(const IpAddress& next_hop, Time now);
  // RFC 1122 3.3.1.4: the upper layer hears nothing from beyond this next hop any more. Only asks:
  // it may be the peer that is silent.
  void on_reachability_doubted(const IpAddress& next_hop, Time now);
  void on_link_change(bool is_up, Time now);
  // The wire is another one, or we are at another end of it: everyone is told where we are, and
  // neighbours are asked again while what is known of them is still used (RFC 7048 3).
  void on_link_replaced(const MacAddress& mac, Time now);

  // --- answers that keep no state ---------------------------------------------------------------

  [[nodiscard]] std::optional<SendArp> reply_to(const wire::ArpHeader& request) const;
  [[nodiscard]] std::optional<SendAdvertisement> reply_to(const Solicitation& solicitation) const;

  // --- what to do -------------------------------------------------------------------------------

  [[nodiscard]] std::optional<Output> next_output(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

  // --- for people, and for a successor ----------------------------------------------------------

  template <typename Visit>
  void for_each(Time now, Visit visit) const {
    table_.for_each([&](const Entry& entry) { visit(view_of(entry, now)); });
  }
  // Takes over an entry of another cache; it starts in STALE and is proved when used.
  [[nodiscard]] Result<void> restore(const EntryView& entry, Time now);

  [[nodiscard]] std::uint32_t size() const { return table_.size(); }
  [[nodiscard]] std::uint32_t packets_waiting() const { return parking_.size(); }

  struct Counters {
    std::uint64_t solicitations_sent = 0;
    std::uint64_t packets_released = 0;
    std::uint64_t packets_undeliverable = 0;
    std::uint64_t entries_shed = 0;
    std::uint64_t entries_refused = 0;  // the table was full of better ones
    std::uint64_t resolutions_failed = 0;
    std::uint64_t claims_ignored = 0;  // link-layer addresses that were not believed
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Timing {
    Duration reachable_time_base;
    Duration reachable_time;
    Duration retransmit_timer;
  };

  [[nodiscard]] const MacAddress* resolve_slowly(const IpAddress& next_hop, Time now);
  [[nodiscard]] static EntryView view_of(const Entry& entry, Time now);
  [[nodiscard]] Timing& timing_of(const Entry& entry) { return timing_[entry.is_v4() ? 0 : 1]; }

  // cache.cpp: entries come and go.
  [[nodiscard]] Entry* create(const IpAddress& address, Origin origin, Time now);
  // Null: there is none, or it is static.
  [[nodiscard]] Entry* find_learned(const IpAddress& address);
  void start_anew(Entry& entry);
  void destroy(Entry& entry, DropReason reason);
  void forget_all(DropReason reason);
  [[nodiscard]] bool is_configured_router(const IpAddress& address) const;
  void shelve(Entry& entry);
  void set_router(Entry& entry, bool is_router);
  void tell_of_router(const Entry& entry);
  // ReachableTime ends without a timer: whoever looks next finds it over.
  void settle(Entry& entry, Time now);

  // transitions.cpp
  void leave_state(Entry& entry);
  void become_incomplete(Entry& entry);
  void become_reachable(Entry& entry, Time now);
  void become_stale(Entry& entry, Time now);
  void become_delay(Entry& entry, Time now);
  void become_probe(Entry& entry);
  void become_unreachable(Entry& entry);
  void become_failed(Entry& entry, Time now);
  void release_packets(Entry& entry, Time now);
  void owe_solicitation(Entry& entry);
  void on_entry_deadline(Entry& entry, Time now);
  void redraw_reachable_times(Time now);
  [[nodiscard]] static std::uint8_t backoff_of(const Entry& entry);
  [[nodiscard]] Duration wait_for(const Timing& timing, std::uint8_t backoff) const;

  // learn.cpp: messages.
  [[nodiscard]] DropReason learn(const IpAddress& address, const MacAddress& mac, Time now);
  void claim(Entry& entry, const MacAddress& mac, Time now);
  void doubt(Entry& entry, Time now);
  void on_advertisement_of_known(Entry& entry, const Advertisement& advertisement, Time now);
  [[nodiscard]] static bool is_guarded(const Entry& entry);
  [[nodiscard]] static bool is_answer(const Entry& entry, const MacAddress& mac);

  // output.cpp
  [[nodiscard]] std::optional<Output> next_packet();
  [[nodiscard]] std::optional<Output> next_solicitation(Time now);
  [[nodiscard]] Output solicitation_for(const Entry& entry, const IpAddress& source) const;
  [[nodiscard]] std::optional<Output> next_proxy_reply(Time now);

  static constexpr std::uint8_t kFailuresMax = 16;
  // TCP confirms with every other segment: what is as fresh as this is fresh enough.
  static constexpr Duration kConfirmationGrain = seconds(1);

  Rng& rng_;
  Config config_;
  MacAddress mac_;
  MacAddress group_mac_;  // of the group last asked for
  bool is_link_up_ = true;
  std::array<Timing, 2> timing_;  // IPv4, IPv6
  Time redraw_at_ = Time::min();
  Table table_;
  Parking parking_;
  OwnAddresses own_;
  Proxies proxies_;
  DeadlineLists deadlines_;
  SolicitationBudget budget_;
  IntrusiveList<Entry, &Entry::solicit_link> soliciting_;
  IntrusiveList<Entry, &Entry::release_link> releasing_;
  Vector<IpAddress> routers_;        // configured
  Vector<IpAddress> routers_lost_;   // to be told
  Vector<IpAddress> routers_heard_;  // to be told how they are
  Counters counters_;
};

}  // namespace strata::neighbor
