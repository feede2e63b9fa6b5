// SPDX-License-Identifier: Apache-2.0
#include "service/serve/session.h"

#include <utility>

namespace strata::service {

Session::Session(SessionOwner& owner, TcpStream stream)
    : owner_(owner), stream_(std::move(stream)) {
  (void)stream_.on_ready([this](Readiness) { run(); });
  last_news_ = now();
  watch_idleness();
}

Session::~Session() {
  if (idle_timer_) owner_.executor().cancel_timer(*idle_timer_);
}

void Session::run() {
  last_news_ = now();
  if (!is_over_ && !work()) end();
}

// One timer that is set anew when it finds that there was news.
void Session::watch_idleness() {
  idle_timer_ = owner_.executor().start_timer(last_news_ + kIdleMax, [this] {
    idle_timer_.reset();
    if (is_over_) return;
    now() - last_news_ < kIdleMax ? watch_idleness() : end();
  });
}

void Session::end() {
  is_over_ = true;
  stream_.close(now());
  owner_.on_session_over(*this);
}

void Session::go_on_later() {
  if (std::exchange(goes_on_, true)) return;
  // A machine that crashes takes its sessions with it, but not what was posted.
  owner_.executor().post([this, life = std::weak_ptr(life_)] {
    if (life.expired()) return;
    goes_on_ = false;
    run();
  });
}

}  // namespace strata::service
