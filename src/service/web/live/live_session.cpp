// SPDX-License-Identifier: Apache-2.0
#include "service/web/live/live_session.h"

#include <utility>

#include "service/capture/packet_filter.h"

namespace strata::service {

LiveSession::LiveSession(const LiveHome& home, std::shared_ptr<void> seat,
                         const HttpRequest& request, std::unique_ptr<Transport> transport,
                         std::string early, HttpLater later)
    : home_(home),
      seat_(std::move(seat)),
      later_(std::move(later)),
      alive_(std::make_shared<LiveSession*>(this)) {
  socket_ = home_.sockets.accept(request, std::move(transport), std::move(early),
                                 {.on_message = [this](std::string_view text) { on_message(text); },
                                  .on_free = [this] { on_free(); },
                                  .on_end = [later = later_] { later.end(); }});
}

LiveSession::~LiveSession() {
  *alive_ = nullptr;
  for (std::size_t i = 0; i < watches_.size(); ++i) stop(static_cast<LiveSubject>(i));
}

void LiveSession::on_message(std::string_view text) {
  auto wish = parse_live_wish(text);
  if (!wish) return say(live_error(wish.error().text));
  stop(wish->subject);
  if (wish->is_wanted) start(*std::move(wish));
}

void LiveSession::start(LiveWish wish) {
  Watch& watch = watch_of(wish.subject);
  const LiveSubject subject = wish.subject;
  watch.wish = std::move(wish);
  if (subject == LiveSubject::kPackets) {
    if (!start_packets(watch)) return;
  }
  // The hub has the feeds of the first stack.
  if (subject == LiveSubject::kConnection && watch.wish.query.stack == 0) {
    watch.segments = std::make_shared<SegmentRing>();
    home_.hub.add(loop(), watch.segments, watch.wish.query.id);
  }
  tick(subject);
}

bool LiveSession::start_packets(Watch& watch) {
  auto filters = PacketFilters::compile(watch.wish.filter);
  if (!filters) {
    say(live_error(filters.error().text, watch.wish.number));
    return false;
  }
  PacketWish wish;
  if (!watch.wish.filter.empty()) {
    wish = [filters = *std::move(filters)](Medium medium, Bytes bytes, std::size_t size) {
      return filters.matches(medium, bytes, size);
    };
  }
  watch.packets = std::make_shared<PacketRing>(std::move(wish));
  home_.hub.add(loop(), watch.packets);
  return true;
}

void LiveSession::stop(LiveSubject subject) {
  Watch& watch = watch_of(subject);
  if (watch.timer) loop().cancel_timer(*watch.timer);
  if (watch.packets != nullptr) home_.hub.remove(loop(), watch.packets);
  if (watch.segments != nullptr) home_.hub.remove(loop(), watch.segments);
  watch = {.wish = {}, .is_asking = watch.is_asking, .round = watch.round + 1};
}

void LiveSession::tick(LiveSubject subject) {
  Watch& watch = watch_of(subject);
  watch.timer.reset();
  tick_later(subject);
  // Subjects that are due at once wait for each other, and all of them for a slow client.
  if (waiting_.size() >= watches_.size()) return;
  if (watch.packets != nullptr) return tell_packets(watch);
  if (watch.segments != nullptr) tell_segments(watch);
  ask(subject);
}

void LiveSession::tick_later(LiveSubject subject) {
  Watch& watch = watch_of(subject);
  watch.timer =
      loop().start_timer(loop().now() + watch.wish.every, [this, subject] { tick(subject); });
}

void LiveSession::ask(LiveSubject subject) {
  Watch& watch = watch_of(subject);
  if (std::exchange(watch.is_asking, true)) return;
  home_.face.ask(loop(), watch.wish.query,
                 [this, alive = alive_, subject, round = watch.round](const FaceAnswer& told) {
                   if (*alive == nullptr) return;
                   watch_of(subject).is_asking = false;
                   if (watch_of(subject).round == round) on_told(subject, told);
                 });
}

void LiveSession::on_told(LiveSubject subject, const FaceAnswer& told) {
  if (told.status == 200) {
    switch (subject) {
      case LiveSubject::kStatus: return say(live_message("status", told.text));
      case LiveSubject::kConnections: return say(live_message("connections", told.text));
      default: return say(live_connection(told.text, loop().now()));
    }
  }
  constexpr unsigned kNotThere = 404;
  if (told.status != kNotThere) return;  // there is one more later
  const std::size_t number = watch_of(subject).wish.number;
  stop(subject);
  say(live_error(
      subject == LiveSubject::kConnection ? "the connection has ended" : "there is no such stack",
      number));
}

void LiveSession::tell_packets(Watch& watch) {
  const auto packets = watch.packets->take();
  const std::uint64_t missed = watch.packets->missed();
  const std::uint64_t news = missed - std::exchange(watch.missed, missed);
  if (!packets.empty() || news != 0) say(live_packets(packets, news, watch.wish.number));
}

void LiveSession::tell_segments(Watch& watch) {
  const auto [segments, missed] = watch.segments->take();
  const std::uint64_t news = missed - std::exchange(watch.missed, missed);
  if (!segments.empty() || news != 0) say(live_segments(watch.wish.query.id, segments, news));
}

// Only answers to what the client says can be many, and it may say little.
void LiveSession::say(std::string message) {
  if (waiting_.size() < kWaitingMax) waiting_.push_back(std::move(message));
  on_free();
}

void LiveSession::on_free() {
  if (waiting_.empty() || socket_ == nullptr || !socket_->is_free()) return;
  std::string next = std::move(waiting_.front());
  waiting_.pop_front();
  socket_->send(std::move(next));
}

}  // namespace strata::service
