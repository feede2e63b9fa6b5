// SPDX-License-Identifier: Apache-2.0
// LossyPath: a SenderLab, a plain receiver, and between them a path that loses, delays, reorders
// and duplicates, on virtual time.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "tcp/send/sender_testing.h"

namespace strata::tcp {

// Keeps what it got as a set of ranges, and answers each segment at once. Knows nothing of windows.
class PlainReceiver {
 public:
  struct Answer {
    std::uint32_t ack = 0;
    std::uint32_t echo = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> blocks;
    bool is_owed = true;
  };

  Answer on_segment(std::uint32_t begin, std::uint32_t end, std::uint32_t clock) {
    Answer answer;
    if (begin <= next_ && end > begin) recent_clock_ = std::max(recent_clock_, clock);
    const bool is_duplicate = covers(begin, end);
    if (is_duplicate) answer.blocks.emplace_back(begin, end);
    insert(begin, end);
    if (const auto first = ranges_.find(next_); first != ranges_.end()) {
      next_ = first->second;
      ranges_.erase(first);
    }
    history_.push_front(begin);
    answer.ack = next_;
    answer.echo = recent_clock_;
    // RFC 2018 4: the range that holds the newest first, then others that were told before.
    for (const std::uint32_t place : history_) {
      const auto range = range_of(place);
      if (range.first == range.second) continue;
      if (std::ranges::find(answer.blocks, range) == answer.blocks.end()) {
        answer.blocks.push_back(range);
      }
      if (answer.blocks.size() == 3) break;
    }
    if (history_.size() > 64) history_.pop_back();
    return answer;
  }
  // Throws away what it SACKed (RFC 2018 8).
  void renege() { ranges_.clear(); }
  [[nodiscard]] std::uint32_t next() const { return next_; }
  [[nodiscard]] std::size_t duplicates() const { return duplicates_; }

 private:
  bool covers(std::uint32_t begin, std::uint32_t end) {
    const auto range = range_of(begin);
    const bool is = end <= next_ || (range.first < range.second && end <= range.second);
    if (is) ++duplicates_;
    return is;
  }
  [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> range_of(std::uint32_t place) const {
    auto behind = ranges_.upper_bound(place);
    if (behind == ranges_.begin()) return {0, 0};
    --behind;
    return place < behind->second ? std::pair(behind->first, behind->second)
                                  : std::pair<std::uint32_t, std::uint32_t>(0, 0);
  }
  void insert(std::uint32_t begin, std::uint32_t end) {
    begin = std::max(begin, next_);
    if (begin >= end) return;
    for (auto at = ranges_.begin(); at != ranges_.end();) {
      if (at->second < begin || at->first > end) {
        ++at;
        continue;
      }
      begin = std::min(begin, at->first);
      end = std::max(end, at->second);
      at = ranges_.erase(at);
    }
    ranges_[begin] = end;
  }

  std::uint32_t next_ = 0;
  std::uint32_t recent_clock_ = 0;
  std::size_t duplicates_ = 0;
  std::map<std::uint32_t, std::uint32_t> ranges_;
  std::deque<std::uint32_t> history_;
};

struct PathOptions {
  LabOptions lab{};
  std::uint64_t seed = 1;
  Ratio loss{};      // of segments
  Ratio ack_loss{};  // of acknowledgements
  Ratio late{};      // segments that take up to twice as long
  Ratio twice{};     // segments that arrive twice
  Ratio reneging{};  // acknowledgements after which the receiver forgets what it SACKed
  Duration one_way = 20ms;
  std::uint64_t rate = 0;                      // bytes a second; 0: no limit
  std::uint32_t queue_bytes_max = UINT32_MAX;  // before the bottleneck
  std::uint32_t bytes = 200'000;
  std::uint32_t super_segment = 65535;
};

class LossyPath {
 public:
  explicit LossyPath(const PathOptions& options)
      : lab(options.lab), options_(options), rng_(options.seed) {}

  // True when everything arrived and was acknowledged within `limit`.
  bool run(Duration limit = 600s) {
    const Time end = lab.now + limit;
    while (lab.now < end) {
      write();
      send();
      if (is_done()) return true;
      const auto deadline = lab.sender.next_deadline(lab.shared);
      Time next = kNever;
      if (!events_.empty()) next = events_.begin()->first;
      if (deadline) next = std::min(next, std::max(*deadline, lab.now));
      if (next == kNever) {
        ADD_FAILURE() << "nothing will ever happen again at " << receiver.next();
        return false;
      }
      if (++steps > 2'000'000) {
        ADD_FAILURE() << "a storm";
        return false;
      }
      lab.now = next;
      if (deadline && *deadline <= lab.now) {
        ++deadlines;
        EXPECT_NE(lab.sender.on_deadline(lab.shared, {.retries = 40}, lab.now),
                  DeadlineOutcome::kGaveUp);
      }
      while (!events_.empty() && events_.begin()->first <= lab.now) arrive();
      const TcpInfo info = lab.info();
      EXPECT_LE(info.in_flight, info.unacknowledged);
      if (::testing::Test::HasFailure()) return false;
    }
    return false;
  }
  [[nodiscard]] bool is_done() const {
    return receiver.next() == options_.bytes && !lab.sender.has_outstanding();
  }

  SenderLab lab;
  PlainReceiver receiver;
  std::uint64_t segments_sent = 0;
  std::uint64_t segments_lost = 0;
  std::uint64_t steps = 0;
  std::uint64_t deadlines = 0;

 private:
  struct Event {
    bool is_ack = false;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t clock = 0;
    PlainReceiver::Answer answer{};
  };

  void write() {
    while (lab.written < options_.bytes) {
      const std::uint32_t room = lab.sender.room(lab.shared);
      if (room == 0) return;
      (void)lab.write(std::min({options_.bytes - lab.written, room, 65'000U}));
    }
  }
  void send() {
    for (const Transmission& sent : lab.pull(options_.super_segment)) {
      const std::uint32_t begin = SenderLab::offset(sent.text.begin);
      const std::uint32_t end = SenderLab::offset(sent.text.end);
      for (std::uint32_t at = begin; at < end; at += sent.segment_size) {
        transmit({.begin = at,
                  .end = std::min<std::uint32_t>(at + sent.segment_size, end),
                  .clock = lab.clock()});
      }
    }
  }
  void transmit(const Event& segment) {
    ++segments_sent;
    if (rng_.chance(options_.loss)) {
      ++segments_lost;
      return;
    }
    Time arrival = lab.now;
    if (options_.rate != 0) {
      const std::uint64_t size = segment.end - segment.begin + 40U;
      const Duration span(static_cast<std::int64_t>(size * 1'000'000'000 / options_.rate));
      const Duration queued = std::max(busy_until_ - lab.now, Duration{});
      if (static_cast<std::uint64_t>(queued.count()) * options_.rate / 1'000'000'000 >
          options_.queue_bytes_max) {
        ++segments_lost;
        return;
      }
      busy_until_ = lab.now + queued + span;
      arrival = busy_until_;
    }
    arrival += options_.one_way;
    if (rng_.chance(options_.late)) {
      arrival += Duration(static_cast<std::int64_t>(
          rng_.below(static_cast<std::uint64_t>(options_.one_way.count()))));
    }
    events_.emplace(arrival, segment);
    if (rng_.chance(options_.twice)) events_.emplace(arrival + 1ms, segment);
  }
  void arrive() {
    const Event event = events_.begin()->second;
    events_.erase(events_.begin());
    if (!event.is_ack) {
      Event answer{.is_ack = true};
      answer.answer = receiver.on_segment(event.begin, event.end, event.clock);
      if (rng_.chance(options_.reneging)) receiver.renege();
      if (!rng_.chance(options_.ack_loss)) events_.emplace(lab.now + options_.one_way, answer);
      return;
    }
    AckEvent ack = lab.event(event.answer.ack);
    ack.echo = event.answer.echo;
    std::vector<wire::TcpSackBlock> blocks;
    for (const auto& [left, right] : event.answer.blocks) {
      blocks.push_back({SenderLab::at(left).value(), SenderLab::at(right).value()});
    }
    if (options_.lab.sack) ack.sack = blocks;
    (void)lab.sender.on_ack(lab.shared, ack, lab.now);
  }

  PathOptions options_;
  Rng rng_;
  Time busy_until_{};
  std::multimap<Time, Event> events_;
};

}  // namespace strata::tcp
