// SPDX-License-Identifier: Apache-2.0
#include "ip/reassembly.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

namespace strata::ip {
namespace {

using wire::Ipv4Layout;
using wire::Ipv6FragmentLayout;
using wire::Ipv6Layout;

constexpr std::uint32_t kDatagramMax = 65535;
// Invariant 2: a buffer may be this many times larger than what it holds of a fragment.
constexpr std::size_t kPinnedFactorMax = 4;

[[nodiscard]] std::uint32_t payload_size(const Fragment& fragment) {
  return static_cast<std::uint32_t>(fragment.packet->size() - fragment.header_length);
}

// What the IP header says beside the payload counts against 65535: IPv4's total length has its
// header in it, IPv6's payload length the extension headers but not the fragment header.
[[nodiscard]] std::uint32_t header_share(const Fragment& fragment) {
  if (fragment.source.is_v4()) return fragment.header_length;
  return static_cast<std::uint32_t>(fragment.header_length - Ipv6Layout::kSize -
                                    Ipv6FragmentLayout::kSize);
}

[[nodiscard]] bool has_sane_header(const Fragment& fragment) {
  const std::size_t least =
      fragment.source.is_v4() ? Ipv4Layout::kSize : Ipv6Layout::kSize + Ipv6FragmentLayout::kSize;
  return fragment.packet != nullptr && fragment.header_length >= least &&
         fragment.header_length <= fragment.packet->slice_size() &&
         fragment.next_header_at + Ipv6FragmentLayout::kSize < fragment.header_length &&
         fragment.source.is_v4() == fragment.destination.is_v4();
}

// RFC 3168 5.3 over the set of codepoints seen. `ecn_seen` has bit n for codepoint n. Empty: the
// fragments contradict each other and the datagram must be dropped.
[[nodiscard]] std::optional<std::uint8_t> combined_ecn(std::uint8_t ecn_seen) {
  constexpr unsigned kNotEct = 1U << 0U;
  constexpr unsigned kEct0 = 1U << 2U;
  constexpr unsigned kCe = 1U << 3U;
  if ((ecn_seen & kCe) != 0) {
    // Congestion was marked on a flow that half claims not to understand marks.
    if ((ecn_seen & kNotEct) != 0) return std::nullopt;
    return 3;
  }
  if ((ecn_seen & kNotEct) != 0) return 0;
  return (ecn_seen & kEct0) != 0 ? 2 : 1;
}

[[nodiscard]] bool holds_same_bytes(const Packet& a, std::size_t a_at, const Packet& b,
                                    std::size_t b_at, std::size_t count) {
  std::array<std::byte, 256> a_part;
  std::array<std::byte, 256> b_part;
  for (std::size_t done = 0; done < count;) {
    const std::size_t here = std::min(count - done, a_part.size());
    a.copy_out(a_at + done, MutableBytes(a_part).first(here));
    b.copy_out(b_at + done, MutableBytes(b_part).first(here));
    if (std::memcmp(a_part.data(), b_part.data(), here) != 0) return false;
    done += here;
  }
  return true;
}

// Keeps a small fragment from pinning a large buffer. Without room for a copy it stays as it is.
[[nodiscard]] PacketPtr economical(PacketPtr packet) {
  if (packet->buffer_bytes() <= std::max(packet->size() * kPinnedFactorMax, kSmallBufferBytes)) {
    return packet;
  }
  if (PacketPtr copy = packet->copy(packet->pool()); copy != nullptr) return copy;
  return packet;
}

// A packet that begins with its header in a buffer that may be written.
[[nodiscard]] PacketPtr with_own_header(PacketPtr packet, std::size_t header_length) {
  if (packet->is_writable()) return packet;
  PacketPtr head = packet->pool().allocate();
  if (head == nullptr || header_length > head->tailroom()) return nullptr;
  packet->copy_out(0, head->append(header_length));
  head->notes() = packet->notes();
  packet->skip(header_length);
  head->append_chain(std::move(packet));
  return head;
}

void rebuild_v4(Packet& packet, std::uint16_t header_length, std::uint8_t ecn) {
  const MutableBytes header = packet.mutable_bytes().first(header_length);
  Ipv4Layout::TotalLength::set(header, static_cast<std::uint16_t>(packet.size()));
  Ipv4Layout::FlagsOffset::set(header, 0);
  Ipv4Layout::TrafficClass::set(
      header, static_cast<std::uint8_t>((Ipv4Layout::TrafficClass::get(header) & 0xfcU) | ecn));
  wire::set_ipv4_checksum(header);
}

// RFC 8200 4.5: the fragment header goes, the header before it names what the first fragment's
// named, and the per-fragment headers move up to the payload.
void rebuild_v6(Packet& packet, std::uint16_t header_length, std::uint16_t next_header_at,
                std::uint8_t protocol, std::uint8_t ecn) {
  const std::size_t kept = header_length - Ipv6FragmentLayout::kSize;
  const MutableBytes bytes = packet.mutable_bytes();
  std::memmove(bytes.data() + Ipv6FragmentLayout::kSize, bytes.data(), kept);
  packet.trim_front(Ipv6FragmentLayout::kSize);
  const MutableBytes header = packet.mutable_bytes().first(kept);
  header[next_header_at] = std::byte{protocol};
  Ipv6Layout::PayloadLength::set(header,
                                 static_cast<std::uint16_t>(packet.size() - Ipv6Layout::kSize));
  const auto traffic_class =
      static_cast<std::uint8_t>((Ipv6Layout::TrafficClass::get(header) & 0xfcU) | ecn);
  Ipv6Layout::TrafficClass::set(header, traffic_class);
}

[[nodiscard]] Reassembly::Outcome dropped(DropReason reason, std::uint32_t shed = 0) {
  Reassembly::Outcome outcome;
  outcome.drop = reason;
  outcome.shed = shed;
  return outcome;
}

}  // namespace

Reassembly::Reassembly(Memory& memory, const SipKey& key, const ReassemblyConfig& config)
    : key_(key),
      config_(config),
      index_(memory),
      source_index_(memory),
      datagrams_(memory, config.datagrams_max),
      sources_(memory, config.datagrams_max),
      pieces_(memory, config.fragments_max) {}

Reassembly::~Reassembly() { clear(); }

void Reassembly::clear() {
  while (!by_age_.empty()) destroy(*by_age_.front());
}

Reassembly::Outcome Reassembly::on_fragment(Fragment fragment, Time now) {
  if (!has_sane_header(fragment)) return dropped(DropReason::kFragmentMalformed);
  if (auto refused = refuse_malformed(fragment)) return std::move(*refused);
  // RFC 6946 4: a fragment that is the whole has nothing to do with others of the same key.
  if (fragment.offset == 0 && !fragment.more) return finish_atomic(std::move(fragment));
  fragment.packet = economical(std::move(fragment.packet));
  const Key key = key_of(fragment);
  Datagram* datagram = find(key);
  if (datagram != nullptr) {
    const DropReason reason = contradiction(*datagram, fragment);
    if (reason != DropReason::kNone) {
      const std::uint32_t lost = datagram->fragments;
      bury(*datagram);
      return dropped(reason, lost);
    }
    if (holds_already(*datagram, fragment)) return {};
  }
  const std::size_t buffer_bytes = fragment.packet->buffer_bytes();
  const std::uint32_t shed = make_room(key, buffer_bytes);
  if (buffer_bytes_ + buffer_bytes > config_.buffer_bytes_max) {
    return dropped(DropReason::kFragmentBudget, shed);
  }
  if (datagram == nullptr) datagram = create(key, now);
  if (datagram == nullptr) return dropped(DropReason::kFragmentBudget, shed);
  if (!store(*datagram, fragment)) {
    if (datagram->fragments == 0) destroy(*datagram);
    return dropped(DropReason::kFragmentBudget, shed);
  }
  Outcome outcome;
  if (datagram->total == datagram->received) outcome = complete(*datagram);
  outcome.shed += shed;
  return outcome;
}

std::optional<Reassembly::Outcome> Reassembly::refuse_malformed(Fragment& fragment) const {
  const bool is_v4 = fragment.source.is_v4();
  const std::uint32_t size = payload_size(fragment);
  std::optional<std::size_t> pointer;
  if (fragment.more && size % 8 != 0) {
    // RFC 8200 4.5: the Payload Length field.
    pointer = Ipv6Layout::PayloadLength::kBegin;
  } else if (header_share(fragment) + fragment.offset + size > kDatagramMax) {
    // RFC 8200 4.5: the Fragment Offset field.
    pointer = fragment.header_length - Ipv6FragmentLayout::kSize +
              Ipv6FragmentLayout::OffsetFlags::kBegin;
  } else if (size != 0 || (!fragment.more && fragment.offset == 0)) {
    return std::nullopt;
  }
  // An empty fragment says nothing that another could not say; neither RFC asks for a report.
  Outcome outcome = dropped(DropReason::kFragmentMalformed);
  if (!is_v4 && pointer) {
    outcome.problem = ParameterProblem{kErroneousHeaderField, static_cast<std::uint32_t>(*pointer)};
    outcome.refused = std::move(fragment.packet);
  }
  return outcome;
}

// Whether a fragment can belong to the same datagram as those that are there.
DropReason Reassembly::contradiction(const Datagram& datagram, const Fragment& fragment) const {
  // Invariant 3: what comes for a discarded datagram is discarded, too.
  if (datagram.is_tombstone) return DropReason::kFragmentOverlap;
  const std::uint32_t begin = fragment.offset;
  const std::uint32_t end = begin + payload_size(fragment);
  if (datagram.fragments >= config_.fragments_per_datagram_max) {
    return DropReason::kFragmentTooMany;
  }
  const std::uint32_t seen_end =
      datagram.last_piece == kNoIndex ? 0 : pieces_[datagram.last_piece].end;
  if (datagram.total) {
    if (fragment.more ? end >= *datagram.total : end != *datagram.total) {
      return DropReason::kFragmentOverlap;
    }
  } else if (!fragment.more && end < seen_end) {
    return DropReason::kFragmentOverlap;
  }
  if (begin >= seen_end) return DropReason::kNone;
  for (Index at = datagram.first_piece; at != kNoIndex; at = pieces_[at].next) {
    const Piece& piece = pieces_[at];
    if (piece.begin >= end) break;
    if (piece.end <= begin || is_repetition(piece, fragment)) continue;
    return DropReason::kFragmentOverlap;
  }
  return DropReason::kNone;
}

bool Reassembly::is_repetition(const Piece& piece, const Fragment& fragment) const {
  const std::uint32_t size = payload_size(fragment);
  return piece.begin == fragment.offset && piece.end == fragment.offset + size &&
         holds_same_bytes(*piece.packet, piece.header_length, *fragment.packet,
                          fragment.header_length, size);
}

// After contradiction() has found nothing, a piece that begins here is the same piece.
bool Reassembly::holds_already(const Datagram& datagram, const Fragment& fragment) const {
  if (datagram.last_piece == kNoIndex || pieces_[datagram.last_piece].begin < fragment.offset) {
    return false;
  }
  for (Index at = datagram.first_piece; at != kNoIndex; at = pieces_[at].next) {
    if (pieces_[at].begin == fragment.offset) return true;
  }
  return false;
}

bool Reassembly::store(Datagram& datagram, Fragment& fragment) {
  const Index index = pieces_.try_create();
  if (index == kNoIndex) return false;
  Piece& piece = pieces_[index];
  piece.begin = fragment.offset;
  piece.end = fragment.offset + payload_size(fragment);
  piece.header_length = fragment.header_length;
  piece.next_header_at = fragment.next_header_at;
  piece.protocol = fragment.protocol;
  piece.buffer_bytes = static_cast<std::uint32_t>(fragment.packet->buffer_bytes());
  piece.packet = std::move(fragment.packet);
  link_piece(datagram, index);
  datagram.received += piece.end - piece.begin;
  datagram.buffer_bytes += piece.buffer_bytes;
  datagram.ecn_seen = static_cast<std::uint8_t>(datagram.ecn_seen | 1U << (fragment.ecn & 3U));
  if (++datagram.fragments == 2) slight_.erase(datagram);
  if (!fragment.more) datagram.total = piece.end;
  if (fragment.offset == 0) datagram.interface = fragment.interface;
  Source& source = sources_[datagram.source];
  source.buffer_bytes += piece.buffer_bytes;
  ++source.fragments;
  buffer_bytes_ += piece.buffer_bytes;
  return true;
}

void Reassembly::link_piece(Datagram& datagram, Index index) {
  Piece& piece = pieces_[index];
  const bool is_last =
      datagram.last_piece == kNoIndex || pieces_[datagram.last_piece].begin < piece.begin;
  if (is_last) {
    (datagram.last_piece == kNoIndex ? datagram.first_piece : pieces_[datagram.last_piece].next) =
        index;
    datagram.last_piece = index;
    return;
  }
  Index* at = &datagram.first_piece;
  while (pieces_[*at].begin < piece.begin) at = &pieces_[*at].next;
  piece.next = *at;
  *at = index;
}

Reassembly::Outcome Reassembly::complete(Datagram& datagram) {
  const Piece& first = pieces_[datagram.first_piece];
  const Heading heading{first.header_length, first.next_header_at, first.protocol,
                        datagram.ecn_seen,   datagram.interface,   datagram.key.source.is_v4()};
  const std::uint32_t fragments = datagram.fragments;
  PacketPtr chain = take_chain(datagram);
  destroy(datagram);
  Outcome outcome = finish(std::move(chain), heading);
  if (outcome.whole == nullptr) outcome.shed = fragments - 1;
  return outcome;
}

Reassembly::Outcome Reassembly::finish_atomic(Fragment fragment) {
  return finish(std::move(fragment.packet),
                {fragment.header_length, fragment.next_header_at, fragment.protocol,
                 static_cast<std::uint8_t>(1U << (fragment.ecn & 3U)), fragment.interface,
                 fragment.source.is_v4()});
}

// `chain` begins with the first fragment's headers, behind which the payload is complete.
Reassembly::Outcome Reassembly::finish(PacketPtr chain, const Heading& heading) {
  const auto ecn = combined_ecn(heading.ecn_seen);
  // The first fragment's headers count for the whole, and may be longer than those of others.
  const std::size_t uncounted = heading.is_v4 ? 0 : Ipv6Layout::kSize + Ipv6FragmentLayout::kSize;
  if (!ecn || chain->size() - uncounted > kDatagramMax) {
    return dropped(DropReason::kFragmentMalformed);
  }
  PacketPtr whole = with_own_header(std::move(chain), heading.header_length);
  if (whole == nullptr) return dropped(DropReason::kPoolEmpty);
  if (heading.is_v4) {
    rebuild_v4(*whole, heading.header_length, *ecn);
  } else {
    rebuild_v6(*whole, heading.header_length, heading.next_header_at, heading.protocol, *ecn);
  }
  PacketNotes& notes = whole->notes();
  notes.is_reassembled = true;
  notes.interface = heading.interface;
  notes.checksum = ChecksumState::kUnknown;  // a device can only have vouched for pieces
  notes.segment_kind = SegmentKind::kNone;
  notes.transport_offset = 0;
  notes.flow_hash = 0;
  Outcome outcome;
  outcome.whole = std::move(whole);
  return outcome;
}

// All pieces as one chain, headers cut off but for the first. Built from the back, so that each
// append walks over one packet only; the list is turned round on the way.
PacketPtr Reassembly::take_chain(Datagram& datagram) {
  Index reversed = kNoIndex;
  for (Index at = datagram.first_piece; at != kNoIndex;) {
    const Index next = pieces_[at].next;
    pieces_[at].next = reversed;
    reversed = at;
    at = next;
  }
  PacketPtr chain;
  for (Index at = reversed; at != kNoIndex; at = pieces_[at].next) {
    Piece& piece = pieces_[at];
    if (piece.begin != 0) piece.packet->skip(piece.header_length);
    if (chain != nullptr) piece.packet->append_chain(std::move(chain));
    chain = std::move(piece.packet);
  }
  datagram.first_piece = reversed;
  return chain;
}

std::optional<Reassembly::Expired> Reassembly::next_output(Time) {
  while (expired_until_ && !by_age_.empty() && by_age_.front()->expires <= *expired_until_) {
    Datagram& datagram = *by_age_.front();
    if (datagram.is_tombstone) {
      destroy(datagram);
      continue;
    }
    Expired expired;
    expired.fragments = datagram.fragments;
    expired.interface = datagram.interface;
    Piece& first = pieces_[datagram.first_piece];
    if (first.begin == 0) expired.first = std::move(first.packet);
    destroy(datagram);
    return expired;
  }
  expired_until_.reset();
  return std::nullopt;
}

std::optional<Time> Reassembly::next_deadline() const {
  if (by_age_.empty()) return std::nullopt;
  return by_age_.front()->expires;
}

void Reassembly::on_deadline(Time now) { expired_until_ = now; }

}  // namespace strata::ip
