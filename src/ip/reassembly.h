// SPDX-License-Identifier: Apache-2.0
// Reassembly: fragments in, whole packets out, IPv4 (RFC 791, 815) and IPv6 (RFC 8200 4.5) alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/hash_index.h"
#include "base/intrusive_list.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "ip/problem.h"
#include "strata/address.h"
#include "strata/drop_reason.h"
#include "strata/memory.h"
#include "strata/packet.h"
#include "strata/packet_pool.h"
#include "strata/time.h"

//   datagram -> piece [0, 1480) -> piece [2960, 4440) -> ...     sorted, and they never overlap
//                 |                  |
//               packet             packet                        whole, as they came
//
// 1. Pieces do not overlap, so a datagram is complete exactly when the bytes of its pieces add up
//    to the total that the last fragment told. No list of holes is needed.
// 2. Bytes are not copied: the result is the first fragment with a rebuilt header and the payload
//    slices of the others behind it. (A payload that would pin a buffer more than four times its
//    size is copied into a small one.)
// 3. A fragment that repeats an earlier one byte for byte is ignored. Any other overlap discards
//    the datagram, and its key stays as a tombstone until the timeout (RFC 5722 4, RFC 8200 4.5).
// 4. Every datagram has the same lifetime, so the list by age is also the list of deadlines.
// 5. Buffers, datagrams and fragments are bounded. A source over its own share loses its own
//    oldest datagram. Over the whole budget, while most datagrams hold one fragment at most, the
//    oldest of those goes: a flood from forged sources sheds itself, and not what is half there.
//    Otherwise the oldest of all goes, so that halves do not hold the table either.

namespace strata::ip {

struct ReassemblyConfig {
  std::size_t buffer_bytes_max = std::size_t{1} << 20U;  // counted by buffer, not by payload
  // One source may hold a quarter of every limit while others are waiting for room.
  std::size_t source_share_divisor = 4;
  std::uint32_t datagrams_max = 1024;
  std::uint32_t fragments_max = 4096;
  std::uint16_t fragments_per_datagram_max = 128;
  // RFC 8200 4.5: 60 seconds. RFC 1122 3.3.2 recommends a fixed value from 60 to 120 for IPv4.
  Duration timeout = std::chrono::seconds(60);
};

// One fragment, as the receiver has read it from the headers.
struct Fragment {
  IpAddress source{};
  IpAddress destination{};
  std::uint32_t identification = 0;
  std::uint8_t protocol = 0;  // IPv6: the next header that the fragment header names
  std::uint16_t offset = 0;   // bytes
  bool more = false;
  std::uint8_t ecn = 0;              // the two ECN bits of the IP header
  std::uint16_t header_length = 0;   // up to the payload; IPv6: fragment header included
  std::uint16_t next_header_at = 0;  // IPv6: the byte that says 44; offset from packet start
  InterfaceId interface = kNoInterface;
  PacketPtr packet{};  // from the IP header on, padding cut off
};

class Reassembly {
 public:
  Reassembly(Memory& memory, const SipKey& key, const ReassemblyConfig& config = {});
  ~Reassembly();

  // What became of a fragment. At most one of `whole` and `refused` holds a packet; neither:
  // it was kept, or dropped for the reason given.
  struct Outcome {
    PacketPtr whole{};  // complete; notes().is_reassembled is set
    DropReason drop = DropReason::kNone;
    PacketPtr refused{};                        // with problem: the fragment that must be quoted
    std::optional<ParameterProblem> problem{};  // IPv6: send this about `refused`
    // Earlier fragments that went with it: to make room (kFragmentBudget), or as parts of the
    // same datagram for the reason given.
    std::uint32_t shed = 0;
  };
  [[nodiscard]] Outcome on_fragment(Fragment fragment, Time now);

  // A datagram whose time ran out. With `first` an ICMP Time Exceeded (code 1) quoting it is due
  // (RFC 792, RFC 1122 3.3.2, RFC 8200 4.5); without, nothing is sent.
  struct Expired {
    PacketPtr first{};
    std::uint32_t fragments = 0;  // dropped for DropReason::kFragmentTimeout
    InterfaceId interface = kNoInterface;
  };
  [[nodiscard]] std::optional<Expired> next_output(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

  [[nodiscard]] std::uint32_t datagrams() const { return datagrams_.size(); }
  [[nodiscard]] std::uint32_t fragments() const { return pieces_.size(); }
  [[nodiscard]] std::size_t buffer_bytes() const { return buffer_bytes_; }
  // Gives everything back; the counters of what it held are lost.
  void clear();
  // For a copy elsewhere: visit(fragment, packet) for each that waits for the rest of its datagram,
  // in the order of its bytes. The fragment has no packet; its ECN stands in the packet's header.
  template <typename Visit>
  void for_each_waiting(Visit visit) const;

 private:
  struct Key {
    IpAddress source{};
    IpAddress destination{};
    std::uint32_t identification = 0;
    std::uint8_t protocol = 0;        // RFC 791 3.2; IPv6 has no protocol in the key: 0
    InterfaceId zone = kNoInterface;  // link-local addresses of two links are strangers
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Heading {  // what the whole takes from its fragments beside their bytes
    std::uint16_t header_length = 0;
    std::uint16_t next_header_at = 0;
    std::uint8_t protocol = 0;
    std::uint8_t ecn_seen = 0;
    InterfaceId interface = kNoInterface;
    bool is_v4 = true;
  };
  struct Piece {
    PacketPtr packet{};
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint16_t header_length = 0;
    std::uint16_t next_header_at = 0;
    std::uint8_t protocol = 0;
    std::uint32_t buffer_bytes = 0;
    Index next = kNoIndex;
  };
  struct Datagram {
    Key key;
    Index self = kNoIndex;
    Index source = kNoIndex;
    Index first_piece = kNoIndex;
    Index last_piece = kNoIndex;
    std::uint32_t received = 0;            // payload bytes
    std::optional<std::uint32_t> total{};  // known once the last fragment is here
    std::uint32_t buffer_bytes = 0;
    std::uint16_t fragments = 0;
    std::uint8_t ecn_seen = 0;  // a bit for each of the four codepoints
    bool is_tombstone = false;
    InterfaceId interface = kNoInterface;
    Time expires{};
    ListLink<Datagram> by_age;
    ListLink<Datagram> by_source;
    ListLink<Datagram> slight_link;
  };
  struct Source {
    IpAddress address{};
    std::size_t buffer_bytes = 0;
    std::uint32_t fragments = 0;
    IntrusiveList<Datagram, &Datagram::by_source> datagrams;
  };

  [[nodiscard]] std::optional<Outcome> refuse_malformed(Fragment& fragment) const;
  [[nodiscard]] DropReason contradiction(const Datagram& datagram, const Fragment& fragment) const;
  [[nodiscard]] bool is_repetition(const Piece& piece, const Fragment& fragment) const;
  [[nodiscard]] bool holds_already(const Datagram& datagram, const Fragment& fragment) const;
  [[nodiscard]] bool store(Datagram& datagram, Fragment& fragment);
  void link_piece(Datagram& datagram, Index index);
  [[nodiscard]] Outcome complete(Datagram& datagram);
  [[nodiscard]] static Outcome finish_atomic(Fragment fragment);
  [[nodiscard]] static Outcome finish(PacketPtr chain, const Heading& heading);
  [[nodiscard]] PacketPtr take_chain(Datagram& datagram);

  [[nodiscard]] static Key key_of(const Fragment& fragment);
  [[nodiscard]] std::uint32_t hash_of(const Key& key) const;
  [[nodiscard]] std::uint32_t hash_of(const IpAddress& address) const;
  [[nodiscard]] Datagram* find(const Key& key);
  [[nodiscard]] Datagram* create(const Key& key, Time now);
  [[nodiscard]] Index source_for(const IpAddress& address);
  void release_if_idle(Index source);
  void drop_pieces(Datagram& datagram);
  void bury(Datagram& datagram);
  void destroy(Datagram& datagram);
  [[nodiscard]] std::uint32_t make_room(const Key& key, std::size_t buffer_bytes);
  void keep_source_in_share(const Key& key, std::size_t buffer_bytes, std::uint32_t& shed);
  template <typename List>
  [[nodiscard]] bool shed_oldest(List& list, const Key& kept, std::uint32_t& shed);

  SipKey key_;
  ReassemblyConfig config_;
  HashIndex index_;
  HashIndex source_index_;
  Slab<Datagram> datagrams_;
  Slab<Source> sources_;
  Slab<Piece> pieces_;
  IntrusiveList<Datagram, &Datagram::by_age> by_age_;
  IntrusiveList<Datagram, &Datagram::slight_link> slight_;  // one fragment at most; by age
  std::size_t buffer_bytes_ = 0;
  std::optional<Time> expired_until_;
};

template <typename Visit>
void Reassembly::for_each_waiting(Visit visit) const {
  for (const Datagram& datagram : by_age_) {
    for (Index i = datagram.first_piece; i != kNoIndex; i = pieces_[i].next) {
      const Piece& piece = pieces_[i];
      visit(Fragment{.source = datagram.key.source,
                     .destination = datagram.key.destination,
                     .identification = datagram.key.identification,
                     .protocol = piece.protocol,
                     .offset = static_cast<std::uint16_t>(piece.begin),
                     .more = datagram.total != piece.end,
                     .header_length = piece.header_length,
                     .next_header_at = piece.next_header_at,
                     .interface = datagram.interface},
            *piece.packet);
    }
  }
}

}  // namespace strata::ip
