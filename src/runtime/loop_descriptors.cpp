// SPDX-License-Identifier: Apache-2.0
// The loop's half that speaks to epoll.
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "runtime/loop_parts.h"
#include "strata/check.h"

namespace strata {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;
constexpr std::size_t kReportsMax = 64;

using Events = std::array<epoll_event, kReportsMax>;

// Milliseconds only, rounded up: waking too early would turn the loop for nothing.
int wait_coarsely(int epoll, Events& events, Duration patience) {
  const std::int64_t milliseconds =
      patience == Duration::max()
          ? -1
          : std::min<std::int64_t>(
                (patience.count() + kNanosecondsPerMillisecond - 1) / kNanosecondsPerMillisecond,
                INT32_MAX);
  return ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()),
                      static_cast<int>(milliseconds));
}

int wait_for_events(int epoll, Events& events, Duration patience) {
  timespec timeout{};
  timeout.tv_sec = static_cast<time_t>(patience.count() / kNanosecondsPerSecond);
  timeout.tv_nsec = static_cast<long>(patience.count() % kNanosecondsPerSecond);
  const timespec* limit = patience == Duration::max() ? nullptr : &timeout;
  const int count =
      ::epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), limit, nullptr);
  // Linux before 5.11, and some sandboxes.
  if (count < 0 && (errno == ENOSYS || errno == EPERM)) {
    return wait_coarsely(epoll, events, patience);
  }
  return count;
}

}  // namespace

Error runtime::error_of(int system_error) {
  switch (system_error) {
    case EPERM:
    case EACCES: return Error::kNotPermitted;
    case EEXIST: return Error::kAlreadyExists;
    case EBADF: return Error::kInvalidHandle;
    case EINVAL: return Error::kInvalidArgument;
    case ENOMEM:
    case ENOSPC:
    case EMFILE:
    case ENFILE: return Error::kOutOfMemory;
    default: return Error::kIo;
  }
}

void Loop::look_at_descriptors(Duration patience) {
  turns_since_look_ = 0;
  Events events;
  const int count = wait_for_events(epoll_, events, patience);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == runtime::kWakeKey) {
      std::uint64_t wakes = 0;
      static_cast<void>(!::read(event_, &wakes, sizeof(wakes)));
      note_signal();
    } else {
      reports_.push_back({event.data.u64, event.events});
    }
  }
}

bool Loop::run_watches() {
  // A watch may end itself or another while it runs, so the dead are buried afterwards only.
  bool worked = false;
  acted_on_.swap(reports_);
  for (const Report& report : acted_on_) {
    if ((report.key & runtime::kKeyKind) != runtime::kWatchKey) continue;
    const auto descriptor = static_cast<std::uint32_t>(report.key);
    // Others may be added meanwhile: the watch stays put, and its place in the table does not.
    Watch* const watch = watches_[descriptor].get();
    if (watch == nullptr || watch->key != report.key) continue;
    watch->on_ready(report.events);
    worked = true;
  }
  acted_on_.clear();
  // What a callback held may end further watches as it goes.
  std::vector<std::unique_ptr<Watch>> buried;
  buried.swap(gone_);
  return worked;
}

Result<void> Loop::watch(int descriptor, std::uint32_t events, OnReady on_ready) {
  const std::uint64_t key = runtime::watch_key(++next_watch_key_, descriptor);
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.u64 = key;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted) != 0) {
    // A plain file is always ready, which is why epoll refuses it.
    return std::unexpected(errno == EPERM ? Error::kNotSupported : runtime::error_of(errno));
  }
  const auto place = static_cast<std::size_t>(descriptor);
  if (place >= watches_.size()) watches_.resize(place + 1);
  // Who closed a descriptor without a word has lost its watch to the next of that number.
  if (watches_[place] != nullptr) gone_.push_back(std::move(watches_[place]));
  watches_[place] = std::make_unique<Watch>(Watch{key, std::move(on_ready)});
  return {};
}

bool Loop::unwatch(int descriptor) {
  const auto place = static_cast<std::size_t>(descriptor);
  if (descriptor < 0 || place >= watches_.size() || watches_[place] == nullptr) return false;
  gone_.push_back(std::move(watches_[place]));
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
  return true;
}

Result<void> Loop::add(Pollable& pollable) {
  if (find(pollable) != nullptr) return std::unexpected(Error::kAlreadyExists);
  auto member = std::make_unique<Member>(pollable);
  if (Result<void> added = register_descriptors(*member); !added) return added;
  members_.push_back(std::move(member));
  return {};
}

void Loop::remove(Pollable& pollable) {
  const auto found =
      std::ranges::find(members_, find(pollable), [](const auto& member) { return member.get(); });
  if (found == members_.end()) return;
  const auto place = static_cast<std::size_t>(found - members_.begin());
  const bool is_in_its_turn = is_turning_ && place + 1 == turned_;
  STRATA_CHECK(!is_in_its_turn);
  unregister_descriptors(**found);
  members_.erase(found);
  if (place < turned_) --turned_;
}

Result<void> Loop::update(Pollable& pollable) {
  Member* member = find(pollable);
  if (member == nullptr) return std::unexpected(Error::kNotFound);
  unregister_descriptors(*member);
  return register_descriptors(*member);
}

Loop::Member* Loop::find(const Pollable& pollable) const {
  const auto found = std::ranges::find_if(members_, [&](const std::unique_ptr<Member>& member) {
    return &member->pollable == &pollable;
  });
  return found == members_.end() ? nullptr : found->get();
}

Result<void> Loop::register_descriptors(Member& member) {
  for (const int descriptor : member.pollable.descriptors()) {
    if (descriptor < 0) continue;
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.u64 = runtime::kMemberKey | static_cast<std::uint32_t>(descriptor);
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted) != 0) {
      const Error error = runtime::error_of(errno);
      unregister_descriptors(member);
      return std::unexpected(error);
    }
    member.descriptors.push_back(descriptor);
  }
  return {};
}

void Loop::unregister_descriptors(Member& member) {
  // One that was closed has left by itself, and the call fails harmlessly.
  for (const int descriptor : member.descriptors) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    // What was told of it is nothing to whoever has its number next.
    std::erase_if(reports_, [descriptor](const Report& report) {
      return report.key == (runtime::kMemberKey | static_cast<std::uint32_t>(descriptor));
    });
  }
  member.descriptors.clear();
}

bool Loop::is_reported_broken(const Member& member, int descriptor) const {
  const std::uint64_t key = runtime::kMemberKey | static_cast<std::uint32_t>(descriptor);
  return std::ranges::any_of(reports_,
                             [&](const Report& report) {
                               return report.key == key &&
                                      (report.events & (EPOLLERR | EPOLLHUP)) != 0;
                             }) &&
         std::ranges::find(member.descriptors, descriptor) != member.descriptors.end();
}

void Loop::drop_broken_descriptors(Member& member) {
  // Level-triggered, such a descriptor would keep the loop from ever sleeping again.
  const std::vector<int> descriptors = member.descriptors;
  for (const int descriptor : descriptors) {
    if (!is_reported_broken(member, descriptor)) continue;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    std::erase(member.descriptors, descriptor);
    member.pollable.on_descriptor_lost(descriptor);
  }
}

}  // namespace strata
