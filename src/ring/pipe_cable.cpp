// SPDX-License-Identifier: Apache-2.0
#include "ring/pipe_cable.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace strata::ring {

std::expected<std::shared_ptr<PipeCable>, DeviceError> PipeCable::open(const std::string& name) {
  auto connection = driver::pipe::Connection::open(name);
  if (!connection) return std::unexpected(std::move(connection).error());
  return std::make_shared<PipeCable>(*std::move(connection));
}

PipeCable::PipeCable(driver::pipe::Connection connection) : connection_(std::move(connection)) {
  for (Bell& one : bells_) {
    one.epoll = ::epoll_create1(EPOLL_CLOEXEC);
    one.event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (const int descriptor : {connection_.descriptor(), one.event}) {
      epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
      (void)::epoll_ctl(one.epoll, EPOLL_CTL_ADD, descriptor, &event);
    }
  }
}

PipeCable::~PipeCable() {
  for (const Bell& one : bells_) {
    if (one.epoll >= 0) ::close(one.epoll);
    if (one.event >= 0) ::close(one.event);
  }
}

void PipeCable::wake(Bell& other) {
  const std::uint64_t once = 1;
  if (other.sleeps.exchange(false)) (void)!::write(other.event, &once, sizeof(once));
}

void PipeCable::tend(Side asking) {
  Bell& other = bell(asking == Side::kReader ? Side::kWriter : Side::kReader);
  if (connection_.tend()) wake(other);
  const bool was_gone = std::exchange(is_other_gone_, connection_.is_other_gone());
  if (is_other_gone_ && !was_gone) links_ended_.fetch_add(1, std::memory_order_relaxed);
  if (connection_.memory() == nullptr || connection_.memory() == last_seen_) return;
  last_seen_ = connection_.memory();
  if (unread_ == nullptr) unread_ = last_seen_;
}

PipeCable::Memory PipeCable::link(Side asking) {
  const std::scoped_lock lock(mutex_);
  tend(asking);
  if (asking == Side::kReader) return std::exchange(unread_, nullptr);
  return connection_.is_other_gone() ? nullptr : connection_.memory();
}

bool PipeCable::is_over(const Memory& memory, Side asking) {
  const std::scoped_lock lock(mutex_);
  tend(asking);
  return connection_.memory() != memory || connection_.is_other_gone();
}

void PipeCable::let_go(const Memory& memory, Side asking) {
  const std::scoped_lock lock(mutex_);
  if (connection_.memory() != memory) return;
  connection_.let_go();
  is_other_gone_ = true;
  links_ended_.fetch_add(1, std::memory_order_relaxed);
  wake(bell(asking == Side::kReader ? Side::kWriter : Side::kReader));
}

void PipeCable::prepare_to_sleep(Side side) {
  Bell& mine = bell(side);
  std::uint64_t times = 0;
  if (!mine.sleeps) (void)!::read(mine.event, &times, sizeof(times));
  mine.sleeps = true;
  const std::scoped_lock lock(mutex_);
  tend(side);
}

void PipeCable::ring() {
  const std::scoped_lock lock(mutex_);
  connection_.ring();
}

}  // namespace strata::ring
