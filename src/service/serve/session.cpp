// SPDX-License-Identifier: Apache-2.0
#include "service/serve/session.h"

#include <utility>

namespace strata::service {

Session::Session(SessionOwner& owner, TcpStream stream)
    : owner_(owner), stream_(std::move(stream)) {
  (void)stream_.on_ready([this](Readiness) { run(); });
}

void Session::run() {
  if (is_over_ || work()) return;
  is_over_ = true;
  stream_.close(now());
  owner_.on_session_over(*this);
}

void Session::go_on_later() {
  if (std::exchange(goes_on_, true)) return;
  owner_.executor().post([this] {
    goes_on_ = false;
    run();
  });
}

}  // namespace strata::service
