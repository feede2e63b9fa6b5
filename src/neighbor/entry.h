// SPDX-License-Identifier: Apache-2.0
// One neighbour: what is known of it, and which lists it is on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/index.h"
#include "base/intrusive_list.h"
#include "strata/address.h"
#include "strata/drop_reason.h"
#include "strata/packet.h"
#include "strata/time.h"

namespace strata::neighbor {

// RFC 4861 7.3.2, RFC 7048 3. kFailed is the memory that an address did not answer.
enum class State : std::uint8_t {
  kIncomplete,   // asked for, not answered yet
  kReachable,    // answered or was otherwise confirmed within ReachableTime
  kStale,        // was known, is used until proved wrong
  kDelay,        // used again: the upper layer has a moment to confirm it
  kProbe,        // asked by unicast
  kUnreachable,  // did not answer; asked by multicast, ever more rarely, and still used
  kFailed,       // has no link-layer address; packets are refused until the hold is over
};
inline constexpr std::size_t kStateCount = 7;

[[nodiscard]] std::string_view to_text(State state);

// A neighbour for status output and for handing a cache over to a successor.
struct EntryView {
  IpAddress address{};
  MacAddress mac{};  // unspecified in kIncomplete and kFailed
  State state = State::kStale;
  bool is_router = false;
  bool is_static = false;
  Time last_used{};
  Time last_confirmed{};
  std::uint32_t packets_waiting = 0;
};

struct Entry;

// A packet that waits for its next hop, or for the stack to take it back.
struct ParkedPacket {
  PacketPtr packet;
  IpAddress next_hop;
  DropReason reason = DropReason::kNone;  // set once it cannot be delivered
  Index index = kNoIndex;
  Entry* owner = nullptr;             // null once it cannot be delivered
  ListLink<ParkedPacket> age_link;    // all that wait, oldest first
  ListLink<ParkedPacket> owner_link;  // of one entry, or of those that cannot be delivered
};
using ParkedList = IntrusiveList<ParkedPacket, &ParkedPacket::owner_link>;

// Where an entry stands when room is needed: see table.h.
enum class Shelf : std::uint8_t { kUnproven, kFailed, kIncomplete, kResolved, kRouter, kPinned };
inline constexpr std::size_t kShelfCount = 6;

struct Entry {
  [[nodiscard]] bool has_mac() const {
    return state != State::kIncomplete && state != State::kFailed;
  }
  // RFC 4861 6.3.6, RFC 7048 3: known not to answer, or not known to.
  [[nodiscard]] bool is_silent() const { return !has_mac() || state == State::kUnreachable; }
  [[nodiscard]] bool is_v4() const { return address.is_v4(); }

  IpAddress address;
  Time reachable_until = Time::min();  // past now exactly while the fast path may answer
  Time last_used = Time::min();
  MacAddress mac;
  State state = State::kIncomplete;
  Shelf shelf = Shelf::kIncomplete;
  bool is_router = false;
  bool is_static = false;
  bool is_proven = false;          // two-way reachability was confirmed at least once
  bool is_ours = false;            // we sent to it, or tried to
  bool is_doubted = false;         // asked because somebody else claims its address
  std::uint8_t solicitations = 0;  // sent in this state
  std::uint8_t failures = 0;       // resolutions in a row without an answer
  std::uint8_t deadline_list = 0xff;
  Index index = kNoIndex;
  Time last_confirmed = Time::min();
  Time proved_at = Time::min();  // it answered, or was asked because of a claim
  Time deadline = kNever;        // of deadline_list; in kFailed the end of the hold
  IpAddress source_hint;         // of the packet that asked for the address
  ParkedList packets;
  ListLink<Entry> shelf_link;
  ListLink<Entry> deadline_link;
  ListLink<Entry> solicit_link;  // owes a solicitation
  ListLink<Entry> release_link;  // resolved, with packets to release
};

}  // namespace strata::neighbor
