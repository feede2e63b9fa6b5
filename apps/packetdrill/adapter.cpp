// SPDX-License-Identifier: Apache-2.0
#include "packetdrill/adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <utility>

#include "packetdrill/host_settings.h"
#include "script/run/live_packet.h"
#include "service/print.h"

namespace strata::packetdrill {
namespace {

constexpr Duration kTick = std::chrono::microseconds(1);
// The longest that a script waits for a packet: beyond the two hours of keepalive.
constexpr Duration kPatience = std::chrono::hours(3);
// How long, in real time, a thread may take from its call's return to its look at the clock.
constexpr auto kReturnMax = std::chrono::seconds(1);

}  // namespace

std::expected<AdapterOptions, std::string> read_flags(std::string_view flags) {
  AdapterOptions options;
  std::istringstream words{std::string(flags)};
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (!word.starts_with("--")) return std::unexpected(fmt::format("'{}' is no --NAME", word));
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "follow_host") {
      options.follows_host = value != "0";
      continue;
    }
    const auto applied = script::apply_option(options.script, name, value);
    if (!applied) return std::unexpected(fmt::format("{}: {}", word, applied.error()));
  }
  return options;
}

Adapter::Adapter(const AdapterOptions& options) : options_(options) {}

script::Machine& Adapter::machine() {
  if (machine_) return *machine_;
  const script::Settings settings =
      options_.follows_host ? host_settings() : script::usual_settings();
  StackConfig config = settings.stack;
  config.tcp = settings.tcp;
  machine_.emplace(options_.script, config);
  offset_ = before_ - machine_->now();
  return *machine_;
}

Time Adapter::now() const { return machine_ ? machine_->now() + offset_ : before_; }

// ── Calls ───────────────────────────────────────────────────────────────────────────────────────

posix::Answer Adapter::call(Begin begin) {
  Lock lock(mutex_);
  return run(lock, begin);
}

posix::Answer Adapter::run(Lock& lock, Begin& begin) {
  on_thread_came_back();
  script::Machine& machine = this->machine();
  Waiter waiter{begin(machine.calls(), machine.now()), is_main()};
  machine.settle();
  if (waiter.operation.is_done()) return waiter.operation.answer();
  waiters_.push_back(&waiter);
  resume_waiters();
  if (is_main()) {
    // Nobody else moves the clock.
    const Time limit = now() + kPatience;
    while (!waiter.is_told && now() < limit) step(lock, limit);
  } else {
    changed_.wait(lock, [&] { return waiter.is_told; });
  }
  std::erase(waiters_, &waiter);
  return waiter.is_told ? waiter.operation.answer() : -ETIMEDOUT;
}

posix::Answer Adapter::make(Begin begin) {
  Lock lock(mutex_);
  // Shell commands of the script may have changed the host's settings since.
  if (options_.follows_host && machine_) {
    machine_->stack().set_tcp_config(host_settings().tcp);
  }
  const posix::Answer made = run(lock, begin);
  return made < 0 ? made : descriptors_.add(static_cast<int>(made));
}

posix::Answer Adapter::make_pipe(int descriptors[2]) {
  const Lock lock(mutex_);
  on_thread_came_back();
  int made[2] = {};
  const posix::Answer answer = machine().calls().pipe(made, 0);
  if (answer < 0) return answer;
  for (std::size_t i = 0; i < 2; ++i) {
    descriptors[i] = descriptors_.add(made[i]);
    if (descriptors[i] < 0) return descriptors[i];
  }
  return 0;
}

posix::Answer Adapter::close(int real) {
  Lock lock(mutex_);
  const int closing = descriptors_.ours(real);
  if (closing < 0) return -EBADF;
  descriptors_.remove(real);
  Begin begin = [closing](posix::Calls& calls, Time at) { return calls.close(closing, at); };
  return run(lock, begin);
}

int Adapter::ours(int real) {
  const Lock lock(mutex_);
  return descriptors_.ours(real);
}

// ── Packets ─────────────────────────────────────────────────────────────────────────────────────

void Adapter::adopt_destination(Bytes packet) {
  const bool is_v4 = options_.script.is_wire_v4();
  const std::size_t size = is_v4 ? 20 : 40;
  if (packet.size() < size) return;
  const IpAddress destination =
      is_v4 ? IpAddress::v4(load_big_endian<std::uint32_t>(packet.data() + 16))
            : IpAddress::v6(load_big_endian<std::uint64_t>(packet.data() + 24),
                            load_big_endian<std::uint64_t>(packet.data() + 32));
  Stack& stack = machine().stack();
  if (destination.is_multicast() || stack.is_local(destination)) return;
  const auto interface = stack.find_interface("tun0");
  if (!interface) return;
  const Prefix whole(destination, options_.script.local_prefix().length());
  static_cast<void>(stack.add_address(*interface, whole, machine().now()));
}

void Adapter::inject(Bytes packet) {
  Lock lock(mutex_);
  on_thread_came_back();
  adopt_destination(packet);
  machine().inject({packet.begin(), packet.end()});
  machine().settle();
  resume_waiters();
}

std::optional<script::Captured> Adapter::next_packet() {
  Lock lock(mutex_);
  const Time limit = now() + kPatience;
  while (machine().captured().empty() && now() < limit) {
    const bool can_move = machine().has_deadline() || !waiters_.empty();
    if (!can_move) return std::nullopt;
    step(lock, limit);
  }
  if (machine().captured().empty()) return std::nullopt;
  script::Captured packet = std::move(machine().captured().front());
  machine().captured().pop_front();
  packet.at += offset_;
  // packetdrill leaves the checksums of TCP and UDP alone.
  const auto read = script::read_live_packet(packet.bytes, packet.at);
  if (!read) {
    service::print(stderr, "strata: a packet that should not have left: {}\n", read.error());
    return std::nullopt;
  }
  return packet;
}

// ── Time ────────────────────────────────────────────────────────────────────────────────────────

// The thread whose call had to wait is back in packetdrill's hands.
void Adapter::on_thread_came_back() {
  if (is_main() || returning_ == 0) return;
  --returning_;
  changed_.notify_all();
}

void Adapter::resume_waiters() {
  for (Waiter* waiter : waiters_) {
    if (waiter->is_told) continue;
    waiter->operation.resume(machine().now());
    machine().settle();
    if (!waiter->operation.is_done()) continue;
    waiter->is_told = true;
    if (!waiter->is_main) ++returning_;
    changed_.notify_all();
  }
}

void Adapter::step(Lock& lock, Time limit) {
  if (!changed_.wait_for(lock, kReturnMax, [this] { return returning_ == 0; })) returning_ = 0;
  if (!machine_) {
    before_ = limit;
    return;
  }
  Time to = limit - offset_;
  for (const Waiter* waiter : waiters_) {
    const std::optional<Time> deadline = waiter->operation.deadline();
    if (!waiter->is_told && deadline) to = std::min(to, std::max(*deadline, machine_->now()));
  }
  machine_->step(to);
  resume_waiters();
}

void Adapter::advance(Lock& lock, Time to) {
  while (now() < to) step(lock, to);
}

timeval Adapter::time_of_day() {
  Lock lock(mutex_);
  if (is_main()) {
    advance(lock, now() + kTick);
  } else {
    on_thread_came_back();
  }
  const auto usecs =
      std::chrono::duration_cast<std::chrono::microseconds>(now().time_since_epoch()).count();
  return {static_cast<time_t>(usecs / 1'000'000), static_cast<suseconds_t>(usecs % 1'000'000)};
}

void Adapter::sleep(Duration duration) {
  Lock lock(mutex_);
  advance(lock, now() + duration);
}

}  // namespace strata::packetdrill
