// SPDX-License-Identifier: Apache-2.0
#include "ip/ipv6_options.h"

#include "strata/wire/ip_protocol.h"

namespace strata::ip {
namespace {

using wire::Ipv6ChainEnd;
using wire::Ipv6Extension;
using wire::Ipv6Layout;
using wire::Ipv6UnknownOption;

class Walk {
 public:
  Walk(const wire::Ipv6View& packet, Ipv6HeaderScope scope)
      : packet_(packet), scope_(scope), chain_(packet.next_header(), packet.payload()) {}

  [[nodiscard]] Ipv6Headers run() {
    while (const auto extension = chain_.next()) {
      if (!on_extension(*extension)) return found_;
    }
    stand_at_chain();
    judge_end(*chain_.end());
    return found_;
  }

 private:
  // False when the walk ends with this header.
  [[nodiscard]] bool on_extension(const Ipv6Extension& extension) {
    const std::size_t named_at = last_named_at_;
    last_named_at_ = Ipv6Layout::kSize + extension.offset;
    const bool is_hop_by_hop = extension.type == wire::kIpProtocolHopByHop;
    if (scope_ == Ipv6HeaderScope::kForwarder && !is_hop_by_hop) {
      return end_before(extension, named_at);
    }
    switch (extension.type) {
      case wire::kIpProtocolHopByHop:
      case wire::kIpProtocolDestinationOptions: return on_options(extension, is_hop_by_hop);
      case wire::kIpProtocolRouting: return on_routing(extension);
      case wire::kIpProtocolFragment: return on_fragment(extension, named_at);
      default: return end_before(extension, named_at);
    }
  }

  // The header is left to whoever handles its protocol.
  bool end_before(const Ipv6Extension& extension, std::size_t named_at) {
    found_.protocol = extension.type;
    found_.payload_offset = Ipv6Layout::kSize + extension.offset;
    found_.protocol_at = named_at;
    return false;
  }

  bool on_options(const Ipv6Extension& extension, bool is_hop_by_hop) {
    const auto view = wire::Ipv6OptionsView::parse(extension.bytes);
    if (!view) return refuse(DropReason::kIpv6BadExtension);
    const std::size_t base = Ipv6Layout::kSize + extension.offset + 2;
    wire::Ipv6OptionReader reader(view->options());
    while (const auto option = reader.next()) {
      if (is_hop_by_hop && option->type == wire::kIpv6OptionRouterAlert) {
        if (option->data.size() != 2) {
          return refuse(DropReason::kIpv6BadExtension, kErroneousHeaderField,
                        base + option->offset + 1);
        }
        found_.router_alert = load_big_endian<std::uint16_t>(option->data.data());
      } else if (!is_skippable(*option, base)) {
        return false;
      }
    }
    const auto fault = reader.fault();
    if (!fault) return true;
    // RFC 8504 5.3: what is over a limit is dropped silently; what is broken is reported.
    if (fault->error == wire::ParseError::kBadValue) return refuse(DropReason::kIpv6BadExtension);
    return refuse(DropReason::kIpv6BadExtension, kErroneousHeaderField, base + fault->offset);
  }

  // RFC 8200 4.2: the type itself says what happens where nobody knows it.
  [[nodiscard]] bool is_skippable(const wire::Ipv6Option& option, std::size_t base) {
    const bool to_group = packet_.destination().is_multicast();
    switch (option.if_unknown()) {
      case Ipv6UnknownOption::kSkip: return true;
      case Ipv6UnknownOption::kDiscard: return refuse(DropReason::kIpv6UnknownOption);
      case Ipv6UnknownOption::kDiscardAndReportUnlessMulticast:
        if (to_group) return refuse(DropReason::kIpv6UnknownOption);
        break;
      case Ipv6UnknownOption::kDiscardAndReport: break;
    }
    return refuse(DropReason::kIpv6UnknownOption, kUnrecognizedOption, base + option.offset);
  }

  // RFC 8200 4.4 and RFC 5095 3: no routing type is ours to follow, so one that still has
  // segments to visit is refused at its type field, type 0 among them.
  bool on_routing(const Ipv6Extension& extension) {
    constexpr std::size_t kRoutingTypeAt = 2;
    constexpr std::size_t kSegmentsLeftAt = 3;
    found_.has_routing_header = true;
    if (extension.bytes[kSegmentsLeftAt] == std::byte{0}) return true;
    return refuse(DropReason::kIpv6RoutingRefused, kErroneousHeaderField,
                  Ipv6Layout::kSize + extension.offset + kRoutingTypeAt);
  }

  bool on_fragment(const Ipv6Extension& extension, std::size_t named_at) {
    const auto view = wire::Ipv6FragmentView::parse(extension.bytes);
    if (!view) return refuse(DropReason::kIpv6BadExtension);
    if (view->is_atomic()) return true;
    found_.fragment =
        Ipv6FragmentPlace{Ipv6Layout::kSize + extension.offset, named_at, view->header()};
    found_.protocol = wire::kIpProtocolFragment;
    found_.payload_offset = found_.fragment->payload_at();
    found_.protocol_at = named_at;
    if (view->fragment_offset() == 0) judge_fragmented_headers();
    return false;
  }

  // What the first fragment shows of the packet that was cut.
  void judge_fragmented_headers() {
    std::size_t named_at = last_named_at_;
    while (const auto extension = chain_.next()) {
      named_at = Ipv6Layout::kSize + extension->offset;
      // RFC 8200 4.5: only whole packets are cut. Fragments of fragments would let one packet set
      // off the reassembly of another, and that of a third.
      if (extension->type == wire::kIpProtocolFragment) {
        (void)refuse(DropReason::kFragmentMalformed, kErroneousHeaderField, named_at);
        return;
      }
    }
    if (*chain_.end() == Ipv6ChainEnd::kHopByHopMisplaced) {
      // RFC 8200 4: behind a fragment header it does not stand first, whatever the whole shows.
      (void)refuse(DropReason::kIpv6BadExtension, kUnrecognizedNextHeader, named_at);
    } else if (*chain_.end() == Ipv6ChainEnd::kTooMany) {
      (void)refuse(DropReason::kIpv6ExtensionChainTooLong);
    } else if (!holds_all_headers()) {
      // RFC 7112 5: code 3, with a pointer of zero.
      (void)refuse(DropReason::kFragmentMalformed, kIncompleteHeaderChain, 0);
    }
  }

  // RFC 7112: every header up to and including that of the upper layer.
  [[nodiscard]] bool holds_all_headers() const {
    const Ipv6ChainEnd end = *chain_.end();
    if (end == Ipv6ChainEnd::kTruncated) return false;
    if (end != Ipv6ChainEnd::kUpperLayer) return true;
    std::size_t needed = 0;
    switch (chain_.protocol()) {
      case wire::kIpProtocolTcp: needed = 20; break;
      case wire::kIpProtocolUdp:
      case wire::kIpProtocolIcmpv6: needed = 8; break;
      default: break;
    }
    return chain_.payload().size() >= needed;
  }

  void stand_at_chain() {
    found_.protocol = chain_.protocol();
    found_.payload_offset = Ipv6Layout::kSize + chain_.offset();
    found_.protocol_at = last_named_at_;
  }

  void judge_end(Ipv6ChainEnd end) {
    switch (end) {
      case Ipv6ChainEnd::kUpperLayer:
      case Ipv6ChainEnd::kNoNextHeader:
      case Ipv6ChainEnd::kEncrypted:
      case Ipv6ChainEnd::kLaterFragment: return;
      case Ipv6ChainEnd::kTruncated:
        // RFC 4443 3.4: the length byte of the header that does not fit.
        if (scope_ == Ipv6HeaderScope::kForwarder && found_.protocol != 0) return;
        (void)refuse(DropReason::kIpv6BadExtension, kErroneousHeaderField,
                     found_.payload_offset + 1);
        return;
      case Ipv6ChainEnd::kHopByHopMisplaced:
        // RFC 8200 4: as any next header value that is not recognized.
        if (scope_ == Ipv6HeaderScope::kForwarder) return;
        (void)refuse(DropReason::kIpv6BadExtension, kUnrecognizedNextHeader, found_.protocol_at);
        return;
      case Ipv6ChainEnd::kTooMany:
        if (scope_ == Ipv6HeaderScope::kForwarder && found_.protocol != 0) return;
        (void)refuse(DropReason::kIpv6ExtensionChainTooLong);
        return;
    }
  }

  // Always false, so that a step can end with it.
  bool refuse(DropReason reason) {
    found_.drop = reason;
    return false;
  }
  bool refuse(DropReason reason, std::uint8_t code, std::size_t pointer) {
    found_.problem = ParameterProblem{code, static_cast<std::uint32_t>(pointer)};
    return refuse(reason);
  }

  const wire::Ipv6View& packet_;
  Ipv6HeaderScope scope_;
  wire::Ipv6ChainWalker chain_;
  Ipv6Headers found_;
  std::size_t last_named_at_ = Ipv6Layout::NextHeader::kBegin;
};

}  // namespace

Ipv6Headers walk_ipv6_headers(Bytes packet, Ipv6HeaderScope scope) {
  const auto view = wire::Ipv6View::parse_quoted(packet);
  if (!view) {
    Ipv6Headers refused;
    refused.drop = DropReason::kIpv6TooShort;
    return refused;
  }
  return Walk(*view, scope).run();
}

}  // namespace strata::ip
