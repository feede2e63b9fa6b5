// SPDX-License-Identifier: Apache-2.0
#include "service/explore/draw.h"

#include <algorithm>
#include <array>
#include <utility>

#include "service/explore/conversation.h"
#include "service/explore/datagram_exchange.h"
#include "strata/rng.h"

namespace strata::service {
namespace {

class TrialDraw {
 public:
  TrialDraw(const LabFile& lab, std::uint64_t seed)
      : lab_(lab),
        rng_(seed * 0x9e37'79b9'7f4a'7c15U + 1),
        manner_(seed * 0xbf58'476d'1ce4'e5b9U + 1),
        trial_{.seed = seed} {}

  Trial trial() {
    for (const LabLink& link : lab_.links) {
      add_frame_faults(link.from + "-" + link.to);
      add_frame_faults(link.to + "-" + link.from);
      if (one_in(6)) add({ItemKind::kDown, link.name(), moment(), span(4 * kSecond)});
      if (one_in(8)) add({ItemKind::kPartition, link.name(), moment(), span(4 * kSecond)});
      if (one_in(8))
        add({ItemKind::kPartition, link.to + "-" + link.from, moment(), span(4 * kSecond)});
    }
    for (const LabNode& node : lab_.nodes) {
      if (!is_machine(node.kind)) continue;
      if (one_in(16)) add({ItemKind::kCrash, node.name, moment(), span(3 * kSecond)});
      // Of the same MTU: a lesser one at one end of a wire is a fault of the wire, not of TCP.
      if (one_in(8)) add({ItemKind::kExchange, node.name, moment(), kLinkMtu});
    }
    if (one_in(10)) {
      add({ItemKind::kStarve, "world", moment(), span(2 * kSecond)});
      trial_.items.back().left = rng_.below(one_in(2) ? 4 : 64);
    }
    for (const LabTraffic& traffic : lab_.traffic) {
      if (is_conversation(traffic)) add_choices_of_streams(traffic);
    }
    // Behind all others, which they move no more than manners do.
    for (const LabTraffic& traffic : lab_.traffic) {
      if (is_datagram_exchange(traffic)) add_datagram_choices(traffic);
    }
    return std::move(trial_);
  }

 private:
  static constexpr std::uint64_t kMicrosecond = 1'000, kMillisecond = 1'000'000,
                                 kSecond = 1'000'000'000;
  static constexpr std::uint64_t kLinkMtu = 1500;

  [[nodiscard]] bool one_in(std::uint64_t count) { return rng_.below(count) == 0; }
  // Text says microseconds without loss.
  [[nodiscard]] std::uint64_t span(std::uint64_t most) {
    return (1 + rng_.below(most / kMicrosecond)) * kMicrosecond;
  }
  [[nodiscard]] std::uint64_t moment() {
    const auto until = static_cast<std::uint64_t>(lab_.until.count());
    // Most conversations are young, or over, when a lab is half through.
    return span(std::max(one_in(3) ? until : std::min(until, 3 * kSecond), kMillisecond));
  }
  // Braces: what is drawn between them is drawn in that order, by every compiler.
  void add(TrialItem item) { trial_.items.push_back(std::move(item)); }

  void add_frame_faults(const std::string& way) {
    if (one_in(3)) {
      // A few, where connections begin.
      for (std::uint64_t left = 1 + rng_.below(3); left != 0; --left) {
        add_frame_fault(way, rng_.below(12));
      }
    }
    if (one_in(2)) return;
    const std::array<std::uint64_t, 4> gaps{8, 30, 100, 400};
    const std::uint64_t gap = gaps[rng_.below(gaps.size())];
    constexpr std::uint64_t kPlacesMost = 1500;
    for (std::uint64_t place = rng_.below(2 * gap); place < kPlacesMost;
         place += 1 + rng_.below(2 * gap)) {
      add_frame_fault(way, place);
    }
  }

  void add_frame_fault(const std::string& way, std::uint64_t place) {
    switch (rng_.below(8)) {
      case 0: return add({ItemKind::kDuplicate, way, place});
      case 1: return add({ItemKind::kCorrupt, way, place, rng_.below(1'000'000)});
      case 2:
      case 3:
        return add({ItemKind::kHold, way, place, span(one_in(4) ? kSecond : 30 * kMillisecond)});
      default: return add({ItemKind::kLose, way, place});
    }
  }

  void add_choices_of_streams(const LabTraffic& traffic) {
    const bool is_bulk = traffic.kind == LabTraffic::Kind::kBulk;
    if (is_bulk && manner_.below(6) == 0) return add_coroutine_choices(traffic);
    add_choices(traffic);
  }

  void add_coroutine_choices(const LabTraffic& traffic) {
    const std::string client = traffic.name + ".client", server = traffic.name + ".server";
    add({ItemKind::kCoroutines, traffic.name});
    if (one_in(2)) add({ItemKind::kTalk, server, rng_.below(one_in(3) ? 3'000 : 200'000)});
    if (one_in(3)) add({ItemKind::kEnd, client, rng_.below(one_in(3) ? 3'000 : 200'000)});
    if (one_in(8)) add({ItemKind::kAcceptLate, server, span(3 * kSecond)});
    for (const std::string& program : {client, server}) {
      for (std::uint64_t left = rng_.below(4); left != 0; --left) add_coroutine_choice(program);
    }
  }

  void add_coroutine_choice(const std::string& program) {
    const std::uint64_t size = 20 + rng_.below(one_in(2) ? 30 : 5'000);
    switch (rng_.below(4)) {
      case 0: return add({ItemKind::kReadSize, program, place(), size});
      case 1: return add({ItemKind::kReadPause, program, place(), span(5 * kSecond)});
      case 2: return add({ItemKind::kWriteSize, program, place(), size});
      default: return add({ItemKind::kWritePause, program, place(), span(3 * kSecond)});
    }
  }

  void add_choices(const LabTraffic& traffic) {
    const bool is_bulk = traffic.kind == LabTraffic::Kind::kBulk;
    const std::string client = traffic.name + ".client", server = traffic.name + ".server";
    if (is_bulk && one_in(2))
      add({ItemKind::kTalk, server, rng_.below(one_in(3) ? 3'000 : 200'000)});
    if (is_bulk && one_in(3))
      add({ItemKind::kEnd, client, rng_.below(one_in(3) ? 3'000 : 200'000)});
    if (is_bulk && one_in(8)) add({ItemKind::kAnswerLast, server});
    if (one_in(8)) add({ItemKind::kAcceptLate, server, span(3 * kSecond)});
    for (const std::string& program : {client, server}) {
      for (std::uint64_t left = rng_.below(4); left != 0; --left) add_choice(program, is_bulk);
      if (one_in(24)) add({one_in(2) ? ItemKind::kClose : ItemKind::kAbort, program, place()});
    }
  }

  [[nodiscard]] std::uint64_t place() {
    return one_in(4) ? 0 : rng_.below(one_in(2) ? 5'000 : 200'000);
  }

  void add_choice(const std::string& program, bool is_bulk) {
    const std::uint64_t size = 1 + rng_.below(one_in(2) ? 30 : 5'000);
    switch (rng_.below(9)) {
      case 0: return add({ItemKind::kReadSize, program, place(), size});
      case 1: return add({ItemKind::kReadPause, program, place(), span(5 * kSecond)});
      case 2:
        return add({ItemKind::kWriteSize, program, place(), std::max<std::uint64_t>(size, 20)});
      case 3: return add({ItemKind::kWritePause, program, place(), span(3 * kSecond)});
      case 4: return add({ItemKind::kPackets, program, place()});
      case 5: return add({is_bulk ? ItemKind::kCork : ItemKind::kNoDelay, program, place()});
      case 6: return add({one_in(2) ? ItemKind::kQuickAck : ItemKind::kSlowAck, program, place()});
      case 7:
        return add({one_in(2) ? ItemKind::kSmallReceive : ItemKind::kSmallSend, program, place()});
      default:
        return add({one_in(2) ? ItemKind::kSmallSegments : ItemKind::kNoDelay, program, place()});
    }
  }

  void add_datagram_choices(const LabTraffic& traffic) {
    const std::string client = traffic.name + ".client", server = traffic.name + ".server";
    if (one_in(2)) add({ItemKind::kTalk, server, 1 + rng_.below(one_in(4) ? 5'000 : 500)});
    if (one_in(8)) add({ItemKind::kAcceptLate, server, span(3 * kSecond)});
    for (const std::string& program : {client, server}) {
      for (std::uint64_t left = rng_.below(3); left != 0; --left) add_datagram_choice(program);
    }
  }

  void add_datagram_choice(const std::string& program) {
    const std::uint64_t at = one_in(3) ? 0 : rng_.below(one_in(2) ? 2'000 : 20'000);
    switch (rng_.below(5)) {
      case 0:
        return add({ItemKind::kWriteSize, program, at, 1 + rng_.below(one_in(2) ? 100 : 5'000)});
      case 1: return add({ItemKind::kReadPause, program, at, span(5 * kSecond)});
      case 2: return add({ItemKind::kWritePause, program, at, span(3 * kSecond)});
      case 3: return add({ItemKind::kPackets, program, at});
      default: return add({ItemKind::kSmallReceive, program, at});
    }
  }

  const LabFile& lab_;
  Rng rng_;
  Rng manner_;  // of programs: it moves no other draw
  Trial trial_;
};

}  // namespace

Trial draw_trial(const LabFile& lab, std::uint64_t seed) { return TrialDraw(lab, seed).trial(); }

}  // namespace strata::service
