// SPDX-License-Identifier: Apache-2.0
#include "capi/machine.h"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <system_error>
#include <utility>

#include "strata/real_clock.h"

namespace strata::capi {
namespace {

constexpr Duration kAskEvery = std::chrono::milliseconds(1);
constexpr Duration kFarewell = std::chrono::milliseconds(200);
constexpr std::uint32_t kPacketsUsual = 8192;

// Rounded up. What is due at once may be told as the beginning of time, from which nothing is
// subtracted.
int milliseconds_until(Time deadline, Time now) {
  if (deadline <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<std::int64_t>(left, 3'600'000));
}

std::string name_of(std::size_t port) { return "eth" + std::to_string(port); }

// What of poll(2)'s events is to be told to who watches `what`. That the peer sends no more lasts
// as long as the socket: unasked it is told only once nothing can be sent either, or a program that
// still writes would never sleep.
std::uint32_t events_of(std::uint32_t polled, std::uint32_t what) {
  const bool hears_end = (what & (STRATA_READABLE | STRATA_ENDED)) != 0;
  std::uint32_t events = 0;
  if ((polled & POLLIN) != 0) events |= STRATA_READABLE;
  if ((polled & POLLOUT) != 0) events |= STRATA_WRITABLE;
  if ((polled & POLLERR) != 0) events |= STRATA_FAILED;
  if ((polled & (hears_end ? POLLRDHUP | POLLHUP : POLLHUP)) != 0) events |= STRATA_ENDED;
  return events & (what | STRATA_FAILED | STRATA_ENDED);
}

}  // namespace

Stack make_stack(const strata_options& options, HeapMemory& memory, PacketPool& pool) {
  StackConfig config;
  config.memory = &memory;
  config.pool = &pool;
  config.seed = options.seed != 0 ? options.seed : random_seed();
  config.secret = options.seed != 0 ? std::array<std::uint64_t, 2>{options.seed, ~options.seed}
                                    : std::array<std::uint64_t, 2>{random_seed(), random_seed()};
  if (!pool.is_usable()) throw std::bad_alloc();
  auto made = Stack::create(config);
  if (!made) throw std::bad_alloc();
  return std::move(*made);
}

}  // namespace strata::capi

using namespace strata;

strata_stack::strata_stack(const strata_options& options)
    : is_virtual_(options.is_virtual != 0),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      pool_(memory_,
            {.small_buffers = options.packets != 0 ? options.packets : capi::kPacketsUsual}),
      stack_(capi::make_stack(options, memory_, pool_)),
      calls_(stack_, 1) {
  if (!epoll_) throw std::system_error(errno, std::generic_category());
  executor_.set_now(now());
}

strata_stack::~strata_stack() {
  executor_.set_now(now());
  if (leases_) give_leases_back();
  leases_.reset();
  names_.reset();
  for (const auto& [socket, watch] : watches_) {
    if (const posix::FilePtr file = calls_.find(socket)) file->on_news(nullptr);
  }
  calls_.close_all(now());
  stack_.flush(now());  // what they said last
  // What is under way belongs to the pool of its sender.
  for (const auto& joint : joints_) {
    joint->link.clear();
    joint->link.set_up(false);
    for (strata_stack*& end : joint->ends) {
      if (end == this) end = nullptr;
    }
  }
}

int strata_stack::refuse(int code, std::string text) {
  failure_ = std::move(text);
  return -code;
}

// ── Devices ─────────────────────────────────────────────────────────────────────────────────────

int strata_stack::add_interface(Device& device, std::string_view address) {
  const bool comes_later = address.data() == nullptr;
  const auto prefix = Prefix::parse(address);
  if (!prefix && !comes_later) {
    return refuse(EINVAL, "an address is needed, such as 10.77.0.2/24");
  }
  const std::string name = capi::name_of(ports_.size());
  InterfaceConfig config;
  config.name = name;
  config.detect_duplicates = false;
  const auto interface = stack_.add_interface(device, config, now());
  if (!interface) return refuse(posix::errno_of(interface.error()), "no room for the interface");
  const auto added = comes_later ? Result<void>() : stack_.add_address(*interface, *prefix, now());
  if (!added) {
    (void)stack_.remove_interface(*interface, now());
    return refuse(posix::errno_of(added.error()), "the address cannot be used");
  }
  ports_.push_back(&device);
  return 0;
}

void strata_stack::take_back_interface() {
  ports_.pop_back();
  const auto interface = stack_.find_interface(capi::name_of(ports_.size()));
  if (interface) (void)stack_.remove_interface(*interface, now());
}

int strata_stack::attach(std::string_view device, std::string_view address) {
  auto made = open_device(device);
  if (!made) {
    const DeviceError& error = made.error();
    return refuse(ENODEV, error.hint.empty() ? error.text : error.text + "; " + error.hint);
  }
  return attach(std::move(*made), device, address);
}

int strata_stack::attach(std::unique_ptr<Device> device, std::string_view specification,
                         std::string_view address) {
  if (const int failed = add_interface(*device, address); failed != 0) return failed;
  const int source = device->descriptor();
  epoll_event readable{.events = EPOLLIN, .data = {}};
  must_ask_ = must_ask_ || source < 0;
  if (source >= 0) (void)::epoll_ctl(descriptor(), EPOLL_CTL_ADD, source, &readable);
  devices_.push_back({std::move(device), std::string(specification), source});
  return 0;
}

// What is left of one that was deleted reports an error for ever, and nobody would sleep again.
void strata_stack::forget_vanished_devices() {
  for (capi::Attachment& one : devices_) {
    if (one.descriptor < 0 || one.device->descriptor() >= 0) continue;
    (void)::epoll_ctl(descriptor(), EPOLL_CTL_DEL, std::exchange(one.descriptor, -1), nullptr);
    failure_ = one.specification + ": the device has vanished";
  }
}

int strata_stack::join(strata_stack& other, std::string_view own_address,
                       std::string_view other_address) {
  if (&other == this || is_virtual_ != other.is_virtual_) {
    return refuse(EINVAL, "two stacks are needed that are both real or both virtual");
  }
  auto joint = std::make_shared<capi::Joint>();
  if (const int failed = add_interface(joint->link.end(0), own_address); failed != 0) return failed;
  if (const int failed = other.add_interface(joint->link.end(1), other_address); failed != 0) {
    take_back_interface();
    return refuse(-failed, other.failure_);
  }
  joints_.push_back(joint);
  other.joints_.push_back(joint);
  joint->ends[0] = this;
  joint->ends[1] = &other;
  const Time latest = std::max(now_, other.now_);
  for (strata_stack* one : together()) one->now_ = latest;
  return 0;
}

int strata_stack::add_address(std::string_view interface, std::string_view address) {
  const auto found = stack_.find_interface(interface);
  if (!found) return refuse(ENODEV, "there is no such interface");
  const auto prefix = Prefix::parse(address);
  if (!prefix) return refuse(EINVAL, "an address is needed, such as 10.77.0.2/24");
  if (const auto added = stack_.add_address(*found, *prefix, now()); !added) {
    return refuse(posix::errno_of(added.error()), "the address cannot be used");
  }
  return 0;
}

int strata_stack::add_gateway(std::string_view gateway) {
  const auto address = IpAddress::parse(gateway);
  if (!address) return -EINVAL;
  const Prefix all(address->is_v4() ? IpAddress::any_v4() : IpAddress::any_v6(), 0);
  return static_cast<int>(
      posix::answer_of(stack_.add_route({.destination = all, .gateway = *address})));
}

// ── Turns ───────────────────────────────────────────────────────────────────────────────────────

Time strata_stack::now() {
  if (!is_virtual_) now_ = real_now();
  return now_;
}

std::vector<strata_stack*> strata_stack::together() {
  std::vector<strata_stack*> found{this};
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const auto& joint : found[i]->joints_) {
      for (strata_stack* end : joint->ends) {
        if (end != nullptr && std::ranges::find(found, end) == found.end()) found.push_back(end);
      }
    }
  }
  return found;
}

std::uint64_t strata_stack::packets_moved() const {
  std::uint64_t moved = 0;
  for (const Device* port : ports_) {
    const Device::Counters& counters = port->counters();
    moved += counters.received_packets + counters.sent_packets + counters.pool_empty_drops;
  }
  return moved;
}

bool strata_stack::turn() {
  const std::uint64_t before = packets_moved();
  const Time time = now();
  executor_.set_now(time);
  const bool is_more = stack_.poll(time);
  const bool has_run = executor_.run();
  stack_.flush(time);
  if (leases_) {
    leases_->tell_changes([this](InterfaceId interface, std::uint64_t data) {
      (void)leave_untold(STRATA_LEASE, interface);
      told_.push_back({{STRATA_LEASE, 0, data}, interface});
    });
    leases_->end_what_has_left();
  }
  forget_vanished_devices();
  return is_more || has_run || packets_moved() != before;
}

bool strata_stack::turn_all() {
  bool has_worked = false;
  for (strata_stack* one : together()) has_worked = one->turn() || has_worked;
  return has_worked;
}

std::optional<Time> strata_stack::next_deadline() {
  std::optional<Time> first;
  for (strata_stack* one : together()) {
    first = earlier(first, one->stack_.next_deadline());
    first = earlier(first, one->executor_.next_deadline());
    if (one->must_ask_) first = earlier(first, one->now_ + capi::kAskEvery);
  }
  return first;
}

bool strata_stack::sleep(std::optional<Time> until) {
  const Time time = now();
  if (is_virtual_) {
    if (!until || *until <= time) return true;
    for (strata_stack* one : together()) one->now_ = *until;
    return true;
  }
  const int patience = until ? capi::milliseconds_until(*until, time) : -1;
  std::vector<pollfd> sources;
  for (strata_stack* one : together()) sources.push_back({one->descriptor(), POLLIN, 0});
  return ::poll(sources.data(), sources.size(), patience) >= 0 || errno != EINTR;
}

int strata_stack::collect(std::span<strata_event> events) {
  std::size_t count = 0;
  for (; count < events.size() && !told_.empty(); told_.pop_front()) {
    events[count++] = told_.front().event;
  }
  count += collect_sockets(events.subspan(count));
  return static_cast<int>(count);
}

std::size_t strata_stack::collect_sockets(std::span<strata_event> events) {
  std::size_t count = 0;
  for (std::size_t left = line_.size(); left != 0 && count < events.size(); --left) {
    const int socket = line_.front();
    line_.pop_front();
    const auto found = watches_.find(socket);
    if (found == watches_.end()) continue;
    capi::Watch& watch = found->second;
    const posix::FilePtr file = calls_.find(socket);
    const std::uint32_t what = file == nullptr ? 0 : capi::events_of(file->events(), watch.what);
    watch.is_in_line = what != 0;
    if (what == 0) continue;
    events[count++] = {what, socket, watch.data};
    line_.push_back(socket);  // until it has none any more
  }
  return count;
}

int strata_stack::watch(int socket, std::uint32_t what, std::uint64_t data) {
  const posix::FilePtr file = calls_.find(socket);
  if (file == nullptr || !families_.contains(socket)) return -EBADF;
  if (what == 0) {
    watches_.erase(socket);
    std::erase(line_, socket);
    file->on_news(nullptr);
    return 0;
  }
  capi::Watch& watch = watches_[socket];
  watch.what = what;
  watch.data = data;
  file->on_news([this, socket] { touch(socket); });
  touch(socket);
  return 0;
}

void strata_stack::touch(int socket) {
  const auto found = watches_.find(socket);
  if (found == watches_.end() || std::exchange(found->second.is_in_line, true)) return;
  line_.push_back(socket);
}

int strata_stack::wait(std::span<strata_event> events, int timeout_ms) {
  const Time begin = now();
  std::optional<Time> end;
  if (timeout_ms >= 0) end = begin + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    const bool has_worked = turn_all();
    if (const int count = collect(events); count != 0) return count;
    // While the clock stands still, work that is left is done before time passes.
    if (has_worked && is_virtual_) continue;
    if (end && now() >= *end) return 0;
    if (has_worked) continue;
    const auto next = next_deadline();
    if (is_virtual_ && !next && !end) return 0;
    if (!sleep(earlier(next, end))) return 0;
  }
}

int strata_stack::timeout_ms() {
  if (!told_.empty() || !line_.empty()) return 0;
  const auto next = next_deadline();
  return next ? capi::milliseconds_until(*next, now()) : -1;
}

// ── Timers ──────────────────────────────────────────────────────────────────────────────────────

std::int64_t strata_stack::start_timer(Duration after, std::uint64_t data) {
  const Time time = now();
  const std::int64_t number = ++last_timer_;
  const TimerId timer =
      executor_.start_timer(after < kNever - time ? time + after : kNever, [this, number] {
        const auto fired = timers_.find(number);
        told_.push_back({{STRATA_TIMER, 0, fired->second.data}, number});
        timers_.erase(fired);
      });
  timers_[number] = {timer, data};
  return number;
}

bool strata_stack::cancel_timer(std::int64_t timer) {
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return leave_untold(STRATA_TIMER, timer);
  executor_.cancel_timer(found->second.timer);
  timers_.erase(found);
  return true;
}

bool strata_stack::leave_untold(std::uint32_t what, std::int64_t number) {
  return std::erase_if(told_, [&](const capi::Told& one) {
           return one.event.what == what && one.number == number;
         }) != 0;
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────

std::optional<Endpoint> strata_stack::parse_address(std::string_view text) const {
  const std::size_t percent = text.find('%');
  const auto address = IpAddress::parse(text.substr(0, percent));
  if (!address) return std::nullopt;
  if (percent == std::string_view::npos) return Endpoint{*address};
  const std::string_view zone = text.substr(percent + 1);
  if (address->is_v4() || zone.empty()) return std::nullopt;
  if (const auto named = stack_.find_interface(zone)) return Endpoint{*address, 0, *named};
  InterfaceId number = 0;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), number);
  if (error != std::errc() || end != zone.data() + zone.size()) return std::nullopt;
  return Endpoint{*address, 0, number};
}

Names& strata_stack::names() {
  executor_.set_now(now());
  if (!names_) names_.emplace(stack_, executor_);
  return *names_;
}

void strata_stack::set_names(std::string_view resolv_conf, std::string_view hosts) {
  NamesOptions options = NamesOptions::read(resolv_conf);
  options.hosts = hosts;
  names().configure(options);
}

std::int64_t strata_stack::resolve(std::string_view name, int family, std::uint64_t data) {
  auto question = std::make_shared<capi::Question>();
  question->family = family;
  const std::int64_t number = ++last_question_;
  questions_[number] = question;
  // The stack outlives its resolver, which forgets this with itself.
  names().resolve(name, [this, question, number, data](Result<std::span<const IpAddress>> found) {
    if (question->is_ended) return;
    if (!found) {
      question->answer.emplace(std::unexpected(found.error()));
    } else {
      std::vector<IpAddress> wanted(found->begin(), found->end());
      std::erase_if(wanted, [&](const IpAddress& one) {
        return question->family != 0 && one.is_v4() != (question->family == STRATA_IPV4);
      });
      if (wanted.empty())
        question->answer.emplace(std::unexpected(Error::kNotFound));
      else
        question->answer.emplace(std::move(wanted));
    }
    told_.push_back({{STRATA_RESOLVED, 0, data}, number});
  });
  return number;
}

const capi::Question* strata_stack::find_question(std::int64_t number) const {
  const auto found = questions_.find(number);
  return found == questions_.end() ? nullptr : found->second.get();
}

bool strata_stack::end_question(std::int64_t number) {
  const auto found = questions_.find(number);
  if (found == questions_.end()) return false;
  found->second->is_ended = true;
  questions_.erase(found);
  (void)leave_untold(STRATA_RESOLVED, number);
  return true;
}

// ── DHCP ────────────────────────────────────────────────────────────────────────────────────────

int strata_stack::start_dhcp(std::string_view interface, std::uint64_t data) {
  const auto found = stack_.find_interface(interface);
  if (!found) return refuse(ENODEV, "there is no such interface");
  Names& resolver = names();
  if (!leases_) leases_.emplace(stack_, executor_, resolver.engine());
  if (leases_->asks(*found)) return refuse(EEXIST, "its address is asked for already");
  auto started = leases_->start(*found, data);
  return started ? 0 : refuse(EOPNOTSUPP, std::move(started).error().text);
}

int strata_stack::stop_dhcp(std::string_view interface) {
  const auto found = stack_.find_interface(interface);
  if (!found) return -ENODEV;
  executor_.set_now(now());
  if (!leases_ || !leases_->stop(*found)) return -ENOENT;
  (void)leave_untold(STRATA_LEASE, *found);
  return 0;
}

// A moment for what gives them back to leave.
void strata_stack::give_leases_back() {
  leases_->stop_all();
  const Time end = now() + capi::kFarewell;
  while (leases_->has_to_send() && now() < end) {
    if (turn_all()) continue;
    if (is_virtual_ || !sleep(earlier(next_deadline(), end))) return;
  }
}

std::expected<IpAddress, int> strata_stack::leased_address(std::string_view interface) const {
  const auto found = stack_.find_interface(interface);
  if (!found) return std::unexpected(-ENODEV);
  if (!leases_ || !leases_->asks(*found)) return std::unexpected(-ENOENT);
  const auto address = leases_->address(*found);
  if (!address) return std::unexpected(-EINPROGRESS);
  return *address;
}

const strata_counters& strata_stack::count() {
  const StackCounters& from = stack_.counters();
  std::uint64_t dropped = 0;
  for (int i = 1; i < static_cast<int>(DropReason::kCount); ++i) {
    dropped += stack_.drops(static_cast<DropReason>(i));
  }
  counters_ = {sizeof(strata_counters), from.ipv4_received, from.ipv4_sent, from.ipv6_received,
               from.ipv6_sent,          from.tcp_received,  from.tcp_sent,  from.udp_received,
               from.udp_sent,           from.icmp_received, from.icmp_sent, dropped};
  return counters_;
}
