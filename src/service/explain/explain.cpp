// SPDX-License-Identifier: Apache-2.0
#include "service/explain/explain.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

#include "service/explain/scratch_stack.h"
#include "service/explain/witness.h"
#include "service/packet_line.h"
#include "stack/core.h"
#include "strata/wire/arp.h"
#include "strata/wire/ethernet.h"

namespace strata::service {
namespace {

std::string text_of(const auto& value) { return std::string(std::string_view(to_text(value))); }

// One question, from the copy to the end.
class Question {
 public:
  Question(Stack& live, ScratchStack& scratch, std::string_view interface, Bytes packet, Time now)
      : live_(live),
        scratch_(scratch),
        device_(*scratch.device(interface)),
        interface_(interface),
        packet_(packet),
        now_(now),
        witness_(scratch) {}

  Outcome<Explanation> answer() {
    if (auto done = witness_.attach(); !done) return std::unexpected(std::move(done).error());
    count_drops(before_);
    const StackCounters counted = scratch_.stack().counters();
    device_.push(packet_);
    scratch_.stack().poll(now_);
    count_drops(after_);
    taken_ = difference(counted, scratch_.stack().counters());
    scratch_.stack().flush(now_);
    tell();
    return std::move(explanation_);
  }

 private:
  using Drops = std::array<std::uint64_t, kDropReasonCount>;

  // What the packet itself moved.
  struct Taken {
    bool ip = false, delivered = false, forwarded = false, fragment = false, whole = false;
    bool icmp = false, udp = false, tcp = false, arp = false, nd = false;
  };
  static Taken difference(const StackCounters& a, const StackCounters& b) {
    return {.ip = b.ipv4_received + b.ipv6_received != a.ipv4_received + a.ipv6_received,
            .delivered = b.ipv4_delivered + b.ipv6_delivered != a.ipv4_delivered + a.ipv6_delivered,
            .forwarded = b.ipv4_forwarded + b.ipv6_forwarded != a.ipv4_forwarded + a.ipv6_forwarded,
            .fragment = b.fragments_received != a.fragments_received,
            .whole = b.reassembled != a.reassembled,
            .icmp = b.icmp_received != a.icmp_received,
            .udp = b.udp_received != a.udp_received,
            .tcp = b.tcp_received != a.tcp_received,
            .arp = b.arp_received != a.arp_received,
            .nd = b.nd_received != a.nd_received};
  }

  void count_drops(Drops& into) const {
    for (std::size_t i = 0; i < kDropReasonCount; ++i) {
      into[i] = scratch_.stack().drops(static_cast<DropReason>(i));
    }
  }

  void step(std::string at, std::string what) {
    explanation_.steps.push_back({std::move(at), std::move(what)});
  }

  void tell() {
    const Medium medium = device_.capabilities().medium;
    explanation_.packet = packet_line(medium, packet_, packet_.size());
    find_drop();
    tell_interface();
    tell_handlers();
    if (witness_.saw(HookPoint::kFrameIn)) tell_frame(medium);
    if (witness_.saw(HookPoint::kIpIn)) tell_ip();
    if (taken_.arp) step("ARP", "read, and learnt from as RFC 826 says");
    if (taken_.fragment) tell_fragment();
    if (taken_.icmp || taken_.udp || taken_.tcp || taken_.nd) tell_protocol();
    tell_answers();
    tell_end();
  }

  void find_drop() {
    for (std::size_t i = 1; i < kDropReasonCount; ++i) {
      if (after_[i] != before_[i]) explanation_.dropped = static_cast<DropReason>(i);
    }
  }

  void tell_interface() {
    live_.for_each_interface([&](const InterfaceEntry& entry) {
      if (entry.name.view() != interface_) return;
      step("interface",
           fmt::format("{}: {}, MTU {}{}", interface_, entry.is_up ? "up" : "down", entry.mtu,
                       entry.mac.is_unspecified() ? "" : ", " + text_of(entry.mac)));
    });
    for (const auto& [point, name] : kPoints) {
      std::size_t count = 0;
      for (const auto& entry : live_.core().hooks[static_cast<std::size_t>(point)]) {
        count += entry.hook == nullptr ? 0 : 1;
      }
      if (count == 0) continue;
      step("hooks", fmt::format("{} at {}, which are not asked here and may drop packets, too",
                                count, name));
    }
  }

  // Somebody else's code: it is not copied, and may take the packet or drop it.
  void tell_handlers() {
    const std::size_t count = live_.core().ethertypes.size() + live_.core().protocols.size();
    if (count == 0) return;
    step("handlers",
         fmt::format("{} of ethertypes or IP protocols, which are not asked here", count));
  }

  void tell_frame(Medium medium) {
    const auto frame = wire::EthernetView::parse(packet_);
    if (medium != Medium::kEthernet || !frame) return;
    const MacAddress to = frame->destination();
    const bool is_group = to.is_multicast();
    if (explanation_.dropped == DropReason::kFrameNotForUs) {
      return step("frame", fmt::format("to {}, which is not this interface's", text_of(to)));
    }
    step("frame", fmt::format("to {}: {}", text_of(to),
                              to.is_broadcast() ? "everybody"
                              : is_group        ? "a group"
                                                : "this interface"));
  }

  void tell_ip() {
    const Witness::Seen& seen = witness_.seen(HookPoint::kIpIn);
    if (seen.interface != interface_) step("VLAN", "the tag leads to " + seen.interface);
    step("IP header",
         fmt::format("sound: {}", packet_line(Medium::kIp, seen.bytes, seen.bytes.size())));
    if (witness_.saw(HookPoint::kForward)) {
      return step("destination", "not ours: to be forwarded");
    }
    if (!witness_.destination()) return;
    const IpAddress& to = *witness_.destination();
    const bool is_ours = scratch_.stack().is_local(to) || taken_.delivered;
    step("destination", fmt::format("{} is {}", text_of(to), is_ours ? "ours" : "not ours"));
  }

  void tell_fragment() {
    const std::size_t earlier = witness_.earlier_fragments();
    const std::string before = earlier == 0
                                   ? "the first of its datagram to come"
                                   : fmt::format("{} of its datagram came before", earlier);
    step("reassembly", before + (taken_.whole ? ": now it is complete" : ""));
  }

  void tell_protocol() {
    const char* name = taken_.tcp ? "TCP" : taken_.udp ? "UDP" : taken_.nd ? "ND" : "ICMP";
    if (!explanation_.dropped) {
      return step(name, "header and checksum are sound");
    }
    step(name, std::string(explanation_of(*explanation_.dropped)));
  }

  void tell_answers() {
    for (const auto& device : scratch_.devices()) {
      for (const auto& frame : device->sent()) {
        step("sends", fmt::format("{} on {}",
                                  packet_line(device->capabilities().medium, frame, frame.size()),
                                  device->name()));
      }
    }
  }

  void tell_end() {
    if (explanation_.dropped) {
      explanation_.end = fmt::format("dropped: {}: {}", name_of(*explanation_.dropped),
                                     explanation_of(*explanation_.dropped));
    } else if (taken_.forwarded) {
      explanation_.end = "forwarded";
    } else if (const std::string taker = witness_.taker(); !taker.empty()) {
      explanation_.end = "accepted by " + taker;
    } else if (taken_.fragment && !taken_.whole) {
      explanation_.end = "kept until the other fragments come";
    } else {
      explanation_.end = "accepted by the stack itself";
    }
  }

  static constexpr std::pair<HookPoint, const char*> kPoints[] = {
      {HookPoint::kFrameIn, "frame_in"},
      {HookPoint::kIpIn, "ip_in"},
      {HookPoint::kForward, "forward"},
  };

  Stack& live_;
  ScratchStack& scratch_;
  ScratchDevice& device_;
  std::string interface_;
  Bytes packet_;
  Time now_;
  Witness witness_;
  Drops before_{};
  Drops after_{};
  Taken taken_;
  Explanation explanation_;
};

}  // namespace

Outcome<Explanation> explain(Stack& live, std::string_view interface, Bytes packet, Time now) {
  auto scratch = ScratchStack::copy_of(live, now);
  if (!scratch) return std::unexpected(std::move(scratch).error());
  if ((*scratch)->device(interface) == nullptr) {
    std::string names;
    for (const auto& device : (*scratch)->devices()) {
      names += (names.empty() ? "" : ", ") + device->name();
    }
    return failed(fmt::format("{}: no interface with a device has this name", interface),
                  names.empty() ? "" : "there are: " + names);
  }
  return Question(live, **scratch, interface, packet, now).answer();
}

}  // namespace strata::service
