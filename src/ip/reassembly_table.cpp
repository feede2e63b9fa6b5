// SPDX-License-Identifier: Apache-2.0
// The bounded side of Reassembly: datagrams, sources and who has to go when room is short.
#include "ip/reassembly.h"

#include <algorithm>
#include <utility>

namespace strata::ip {

Reassembly::Key Reassembly::key_of(const Fragment& fragment) {
  const bool has_zone = fragment.source.is_link_local() || fragment.destination.is_link_local();
  return {.source = fragment.source,
          .destination = fragment.destination,
          .identification = fragment.identification,
          .protocol = fragment.source.is_v4() ? fragment.protocol : std::uint8_t{0},
          .zone = has_zone ? fragment.interface : kNoInterface};
}

std::uint32_t Reassembly::hash_of(const Key& key) const {
  return static_cast<std::uint32_t>(hash_words(
      key_,
      {key.source.high(), key.source.low(), key.destination.high(), key.destination.low(),
       std::uint64_t{key.identification} << 32U | std::uint64_t{key.zone} << 8U | key.protocol}));
}

std::uint32_t Reassembly::hash_of(const IpAddress& address) const {
  return static_cast<std::uint32_t>(hash_words(key_, {address.high(), address.low()}));
}

Reassembly::Datagram* Reassembly::find(const Key& key) {
  const Index index =
      index_.find(hash_of(key), [&](Index at) { return datagrams_[at].key == key; });
  return index == kNoIndex ? nullptr : &datagrams_[index];
}

Reassembly::Datagram* Reassembly::create(const Key& key, Time now) {
  const Index source = source_for(key.source);
  if (source == kNoIndex) return nullptr;
  const Index index = datagrams_.try_create();
  const bool is_indexed = index != kNoIndex && index_.insert(hash_of(key), index);
  if (!is_indexed) {
    if (index != kNoIndex) datagrams_.destroy(index);
    release_if_idle(source);
    return nullptr;
  }
  Datagram& datagram = datagrams_[index];
  datagram.key = key;
  datagram.self = index;
  datagram.source = source;
  datagram.expires = now + config_.timeout;
  by_age_.push_back(datagram);
  slight_.push_back(datagram);
  sources_[source].datagrams.push_back(datagram);
  return &datagram;
}

Index Reassembly::source_for(const IpAddress& address) {
  const std::uint32_t hash = hash_of(address);
  Index index = source_index_.find(hash, [&](Index at) { return sources_[at].address == address; });
  if (index != kNoIndex) return index;
  index = sources_.try_create();
  if (index == kNoIndex) return kNoIndex;
  if (!source_index_.insert(hash, index)) {
    sources_.destroy(index);
    return kNoIndex;
  }
  sources_[index].address = address;
  return index;
}

void Reassembly::release_if_idle(Index source) {
  const Source& idle = sources_[source];
  if (!idle.datagrams.empty()) return;
  source_index_.erase(hash_of(idle.address), source);
  sources_.destroy(source);
}

void Reassembly::drop_pieces(Datagram& datagram) {
  for (Index at = datagram.first_piece; at != kNoIndex;) {
    const Index next = pieces_[at].next;
    pieces_.destroy(at);
    at = next;
  }
  Source& source = sources_[datagram.source];
  source.buffer_bytes -= datagram.buffer_bytes;
  source.fragments -= datagram.fragments;
  buffer_bytes_ -= datagram.buffer_bytes;
  datagram.first_piece = datagram.last_piece = kNoIndex;
  datagram.buffer_bytes = 0;
  datagram.fragments = 0;
}

// RFC 5722 4: the fragments go, the key stays until the time that the datagram had.
void Reassembly::bury(Datagram& datagram) {
  drop_pieces(datagram);
  datagram.is_tombstone = true;
  if (!datagram.slight_link.is_linked()) slight_.push_back(datagram);
}

void Reassembly::destroy(Datagram& datagram) {
  drop_pieces(datagram);
  index_.erase(hash_of(datagram.key), datagram.self);
  by_age_.erase(datagram);
  if (datagram.slight_link.is_linked()) slight_.erase(datagram);
  const Index source = datagram.source;
  sources_[source].datagrams.erase(datagram);
  datagrams_.destroy(datagram.self);
  release_if_idle(source);
}

// Invariant 5. The datagram that the fragment belongs to stays, so that a shed never undoes the
// work it is done for; its own limits end it.
std::uint32_t Reassembly::make_room(const Key& key, std::size_t buffer_bytes) {
  std::uint32_t shed = 0;
  keep_source_in_share(key, buffer_bytes, shed);
  while (buffer_bytes_ + buffer_bytes > config_.buffer_bytes_max || pieces_.full() ||
         datagrams_.full()) {
    const bool are_most_slight = slight_.size() > datagrams_.size() / 2;
    if (are_most_slight && shed_oldest(slight_, key, shed)) continue;
    if (!shed_oldest(by_age_, key, shed)) break;
  }
  return shed;
}

void Reassembly::keep_source_in_share(const Key& key, std::size_t buffer_bytes,
                                      std::uint32_t& shed) {
  const std::size_t share = std::max<std::size_t>(config_.source_share_divisor, 1);
  const auto is_over = [&](const Source& source) {
    return source.buffer_bytes + buffer_bytes > config_.buffer_bytes_max / share ||
           source.fragments + 1 > config_.fragments_max / share ||
           source.datagrams.size() + 1 > config_.datagrams_max / share;
  };
  for (;;) {
    const Index source = source_index_.find(
        hash_of(key.source), [&](Index at) { return sources_[at].address == key.source; });
    if (source == kNoIndex || !is_over(sources_[source])) return;
    if (!shed_oldest(sources_[source].datagrams, key, shed)) return;
  }
}

template <typename List>
bool Reassembly::shed_oldest(List& list, const Key& kept, std::uint32_t& shed) {
  auto at = list.begin();
  while (at != list.end() && at->key == kept) ++at;
  if (at == list.end()) return false;
  shed += at->fragments;
  destroy(*at);
  return true;
}

}  // namespace strata::ip
