// SPDX-License-Identifier: Apache-2.0
#include "ip/fragmentation.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4_options.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"

namespace strata::ip {
namespace {

using wire::Ipv4Layout;
using wire::Ipv6FragmentLayout;
using wire::Ipv6Layout;

// RFC 8200 4.5: the per-fragment headers end behind the last header that routers on the way
// process: hop-by-hop options, and a routing header with what stands before it.
struct PerFragmentPart {
  std::size_t size = Ipv6Layout::kSize;
  std::size_t next_header_at = Ipv6Layout::NextHeader::kBegin;
};

// None for a chain that cannot be followed or has been fragmented already.
[[nodiscard]] std::optional<PerFragmentPart> per_fragment_part(const wire::Ipv6View& view) {
  PerFragmentPart part;
  wire::Ipv6ChainWalker chain(view.next_header(), view.payload());
  while (const auto extension = chain.next()) {
    if (extension->type == wire::kIpProtocolFragment) return std::nullopt;
    if (extension->type != wire::kIpProtocolHopByHop &&
        extension->type != wire::kIpProtocolRouting) {
      continue;
    }
    part.next_header_at = Ipv6Layout::kSize + extension->offset;
    part.size = part.next_header_at + extension->bytes.size();
  }
  const auto end = chain.end().value_or(wire::Ipv6ChainEnd::kTruncated);
  if (end == wire::Ipv6ChainEnd::kTruncated || end == wire::Ipv6ChainEnd::kTooMany) {
    return std::nullopt;
  }
  return part;
}

[[nodiscard]] constexpr std::size_t whole_units(std::size_t bytes) {
  return bytes & ~std::size_t{7};
}

}  // namespace

Result<Fragmenter> Fragmenter::make(PacketPtr packet, std::size_t mtu,
                                    std::uint32_t identification) {
  if (packet == nullptr || packet->notes().checksum == ChecksumState::kPartial) {
    return std::unexpected(Error::kInvalidArgument);
  }
  Fragmenter fragmenter(std::move(packet), mtu, identification);
  const Bytes first = fragmenter.packet_->bytes();
  if (first.empty()) return std::unexpected(Error::kInvalidArgument);
  const bool is_v4 = std::to_integer<unsigned>(first[0]) >> 4U == 4;
  const Result<void> ready = is_v4 ? fragmenter.prepare_v4() : fragmenter.prepare_v6();
  if (!ready) return std::unexpected(ready.error());
  if (fragmenter.payload_size_ == 0) return std::unexpected(Error::kInvalidArgument);
  const std::size_t headers =
      std::max(fragmenter.first_header_size_, fragmenter.later_header_size_);
  if (mtu < headers + 8) return std::unexpected(Error::kMessageTooLong);
  return fragmenter;
}

Result<void> Fragmenter::prepare_v4() {
  const auto view = wire::Ipv4View::parse_quoted(packet_->bytes());
  if (!view || view->total_length() > packet_->size()) {
    return std::unexpected(Error::kInvalidArgument);
  }
  if (view->dont_fragment()) return std::unexpected(Error::kMessageTooLong);
  const wire::Ipv4OptionWriter later = wire::copied_options(view->options());
  copy_bytes(later.bytes(), later_options_);
  header_size_ = first_header_size_ = static_cast<std::uint16_t>(view->header_length());
  later_header_size_ = static_cast<std::uint16_t>(Ipv4Layout::kSize + later.bytes().size());
  last_has_more_ = view->more_fragments();
  offset_base_ = view->fragment_offset();
  // RFC 791 3.2: a fragment that is cut again keeps the identification it came with.
  if (view->is_fragment()) identification_ = view->identification();
  payload_size_ = view->total_length() - view->header_length();
  // A stranger's fragment may claim bytes beyond any datagram; cut again, its offset would wrap.
  if (offset_base_ + payload_size_ > 0xffff) return std::unexpected(Error::kInvalidArgument);
  return {};
}

Result<void> Fragmenter::prepare_v6() {
  version_ = 6;
  const auto view = wire::Ipv6View::parse_quoted(packet_->bytes());
  if (!view || view->total_length() > packet_->size()) {
    return std::unexpected(Error::kInvalidArgument);
  }
  const auto part = per_fragment_part(*view);
  if (!part) return std::unexpected(Error::kInvalidArgument);
  header_size_ = static_cast<std::uint16_t>(part->size);
  next_header_at_ = static_cast<std::uint16_t>(part->next_header_at);
  first_header_size_ = later_header_size_ =
      static_cast<std::uint16_t>(part->size + Ipv6FragmentLayout::kSize);
  payload_size_ = view->total_length() - part->size;
  return {};
}

std::size_t Fragmenter::count() const {
  if (first_header_size_ + payload_size_ <= mtu_) return 1;
  const std::size_t first = whole_units(mtu_ - first_header_size_);
  const std::size_t later = whole_units(mtu_ - later_header_size_);
  const std::size_t rest = payload_size_ - first;
  // The last one may fill the room that is no whole unit.
  const std::size_t last_max = mtu_ - later_header_size_;
  return rest <= last_max ? 2 : 2 + (rest - last_max + later - 1) / later;
}

PacketPtr Fragmenter::next_fragment(PacketPool& pool) {
  if (is_done()) return nullptr;
  const std::size_t header_size = offset_ == 0 ? first_header_size_ : later_header_size_;
  const std::size_t left = payload_size_ - offset_;
  const std::size_t room = mtu_ - header_size;
  const bool is_last = left <= room;
  const std::size_t size = is_last ? left : whole_units(room);
  // A header that fits a small buffer may not take a large one: those are few.
  const bool is_small = header_size <= kSmallBufferBytes - kHeadroom;
  PacketPtr fragment = is_small ? pool.allocate() : pool.allocate_for(header_size);
  if (fragment == nullptr) return nullptr;
  PacketPtr payload = packet_->share(header_size_ + offset_, size);
  if (payload == nullptr) return nullptr;
  const MutableBytes header = fragment->append(header_size);
  if (version_ == 4) {
    write_v4(header, size, is_last);
  } else {
    write_v6(header, size, is_last);
  }
  fragment->notes() = packet_->notes();
  fragment->notes().segment_kind = SegmentKind::kNone;
  fragment->notes().segment_size = 0;
  fragment->append_chain(std::move(payload));
  offset_ += size;
  return fragment;
}

void Fragmenter::write_v4(MutableBytes header, std::size_t size, bool is_last) const {
  const Bytes original = packet_->bytes();
  if (offset_ == 0) {
    copy_bytes(original.first(header_size_), header);
  } else {
    copy_bytes(original.first(Ipv4Layout::kSize), header);
    copy_bytes(Bytes(later_options_).first(later_header_size_ - Ipv4Layout::kSize),
               header.subspan(Ipv4Layout::kSize));
  }
  Ipv4Layout::HeaderWords::set(header, static_cast<std::uint8_t>(header.size() / 4));
  Ipv4Layout::TotalLength::set(header, static_cast<std::uint16_t>(header.size() + size));
  Ipv4Layout::Identification::set(header, static_cast<std::uint16_t>(identification_));
  Ipv4Layout::MoreFragments::set(header, !is_last || last_has_more_ ? 1 : 0);
  Ipv4Layout::FragmentUnits::set(header, static_cast<std::uint16_t>((offset_base_ + offset_) / 8));
  wire::set_ipv4_checksum(header);
}

void Fragmenter::write_v6(MutableBytes header, std::size_t size, bool is_last) const {
  copy_bytes(packet_->bytes().first(header_size_), header);
  const auto next_header = std::to_integer<std::uint8_t>(header[next_header_at_]);
  header[next_header_at_] = std::byte{wire::kIpProtocolFragment};
  Ipv6Layout::PayloadLength::set(
      header, static_cast<std::uint16_t>(header.size() - Ipv6Layout::kSize + size));
  const wire::Ipv6FragmentHeader fragment{.next_header = next_header,
                                          .fragment_offset = static_cast<std::uint16_t>(offset_),
                                          .more_fragments = !is_last,
                                          .identification = identification_};
  write(fragment, header.subspan(header_size_).first<Ipv6FragmentLayout::kSize>());
}

std::uint32_t IdentificationSource::next(const IpAddress& source, const IpAddress& destination,
                                         std::uint8_t protocol, std::uint32_t count) {
  Flow& flow = flows_[flow_slot(destination)];
  if (!flow.is_known || flow.destination != destination || flow.source != source ||
      flow.protocol != protocol) {
    flow = {.source = source, .destination = destination, .protocol = protocol};
    place(flow);
  }
  return flow.place + std::exchange(counters_[flow.counter], counters_[flow.counter] + count);
}

// RFC 7739 5.3: F() places each destination on the circle, G() picks the counter that moves it.
void IdentificationSource::place(Flow& flow) const {
  const IpAddress& destination = flow.destination;
  const std::uint64_t place =
      hash_words(secret_, {flow.source.high(), flow.source.low(), destination.high(),
                           destination.low(), flow.protocol});
  const std::uint64_t pick = hash_words(secret_, {~place, destination.high(), destination.low()});
  flow.place = static_cast<std::uint32_t>(place);
  flow.counter = static_cast<std::uint8_t>(pick % counters_.size());
  flow.is_known = true;
}

}  // namespace strata::ip
