// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sim/channel.h"
#include "sim/device.h"
#include "sim/engine.h"
#include "sim/frame.h"
#include "sim/port.h"
#include "sim/streams.h"
#include "strata/check.h"
#include "strata/sim.h"

namespace strata::sim {

struct Host::Attachment {
  Attachment(Port& port, bool vouches_for_bytes) : device(port, vouches_for_bytes) {}
  LinkDevice device;
  InterfaceId interface = kNoInterface;
};

class Host::HostExecutor final : public Executor {
 public:
  HostExecutor(Host& host, std::uint32_t owner) : host_(host), owner_(owner) {}
  [[nodiscard]] Time now() const override { return host_.to_local(host_.engine_.now()); }
  void post(Task task) override { host_.engine_.post(std::move(task), owner_); }
  TimerId start_timer(Time deadline, Task task) override {
    return host_.engine_.start_timer(host_.to_world(deadline), std::move(task), owner_);
  }
  bool cancel_timer(TimerId timer) override { return host_.engine_.cancel_timer(timer); }

 private:
  Host& host_;
  std::uint32_t owner_;
};

namespace {

// What a configuration leaves open is the world's: memory, packets, and a seed by name.
StackConfig complete(StackConfig config, Engine& engine, std::string_view name) {
  const std::uint64_t seed = engine.config().seed;
  if (config.memory == nullptr) config.memory = &engine.memory();
  if (config.pool == nullptr) config.pool = &engine.pool();
  if (config.seed == 0) config.seed = stream_seed(seed, name, 0, StreamUse::kStackSeed);
  if (config.secret == std::array<std::uint64_t, 2>{}) {
    config.secret = {stream_seed(seed, name, 0, StreamUse::kStackSecretLow),
                     stream_seed(seed, name, 0, StreamUse::kStackSecretHigh)};
  }
  return config;
}

template <typename T>
T parse_or_check(std::string_view text) {
  const std::optional<T> parsed = T::parse(text);
  STRATA_CHECK(parsed.has_value());
  return *parsed;
}

}  // namespace

Host& World::add_host(std::string_view name, const StackConfig& config,
                      const InterfaceConfig& interfaces) {
  auto host =
      std::unique_ptr<Host>(new Host(*engine_, std::string(name), engine_->next_node_index(),
                                     complete(config, *engine_, name), interfaces));
  return static_cast<Host&>(engine_->add(std::move(host)));
}

Host::Host(Engine& engine, std::string name, std::uint32_t index, const StackConfig& config,
           const InterfaceConfig& interfaces)
    : Node(engine, std::move(name), index),
      stack_config_(config),
      interface_config_(interfaces),
      executor_(std::make_unique<HostExecutor>(*this, index)) {
  make_stack();
}

void Host::make_stack() {
  Result<Stack> stack = Stack::create(stack_config_);
  STRATA_CHECK(stack.has_value());
  stack_.emplace(std::move(*stack));
}

// The stack goes first: it refers to its devices.
Host::~Host() { stack_.reset(); }

Executor& Host::executor() { return *executor_; }
void Host::wake() { engine_.wake(*this); }

InterfaceId Host::interface(std::size_t port) const {
  STRATA_CHECK(port < attachments_.size());
  return attachments_[port]->interface;
}

Device& Host::device(std::size_t port) {
  STRATA_CHECK(port < attachments_.size());
  return attachments_[port]->device;
}

Host& Host::add_address(std::string_view prefix, std::size_t port) {
  return add_address(parse_or_check<Prefix>(prefix), port);
}

Host& Host::add_address(const Prefix& prefix, std::size_t port) {
  STRATA_CHECK(stack().add_address(interface(port), prefix, to_local(engine_.now())).has_value());
  wake();
  return *this;
}

Host& Host::add_gateway(std::string_view gateway) {
  const bool is_v4 = parse_or_check<IpAddress>(gateway).is_v4();
  return add_route(is_v4 ? "0.0.0.0/0" : "::/0", gateway);
}

Host& Host::add_route(std::string_view prefix, std::string_view gateway) {
  const RouteEntry route{.destination = parse_or_check<Prefix>(prefix),
                         .gateway = parse_or_check<IpAddress>(gateway)};
  STRATA_CHECK(stack().add_route(route).has_value());
  return *this;
}

void Host::on_connected(Port& port) {
  attachments_.push_back(std::make_unique<Attachment>(port, engine_.config().vouches_for_bytes));
  if (!is_running()) return;
  add_interface(port.number());
  wake();
}

void Host::add_interface(std::size_t port) {
  Attachment& attachment = *attachments_[port];
  const std::string name = "eth" + std::to_string(port);
  InterfaceConfig config = interface_config_;
  config.name = name;
  const Result<InterfaceId> added =
      stack_->add_interface(attachment.device, config, to_local(engine_.now()));
  STRATA_CHECK(added.has_value());
  attachment.interface = *added;
}

void Host::on_link_change(Port& /*port*/) { wake(); }

void Host::on_frame(Port& port, PacketPtr frame) {
  if (!is_running()) return;
  frame->notes().arrival = to_local(engine_.now());
  attachments_[port.number()]->device.arrive(std::move(frame));
  wake();
}

void Host::turn(Time now) {
  if (!is_running()) return;
  const Time here = to_local(now);
  while (stack_->poll(here)) {
  }
  stack_->flush(here);
}

std::optional<Time> Host::next_deadline() const {
  if (!is_running()) return std::nullopt;
  const std::optional<Time> deadline = stack_->next_deadline();
  return deadline ? std::optional(to_world(*deadline)) : std::nullopt;
}

// ── What may befall it ──────────────────────────────────────────────────────────────────────

void Host::crash() {
  STRATA_CHECK(is_running());
  stack_.reset();
  for (const auto& attachment : attachments_) attachment->device.forget_arrived();
  wake();  // so that its deadline goes
}

void Host::restart() {
  STRATA_CHECK(!is_running());
  stack_config_.seed =
      stream_seed(engine_.config().seed, name_, ++restarts_, StreamUse::kStackSeed);
  make_stack();
  for (std::size_t port = 0; port < attachments_.size(); ++port) add_interface(port);
  wake();
}

void Host::set_clock_drift(std::int64_t parts_per_million) {
  constexpr std::int64_t kTenth = 100'000;
  STRATA_CHECK(parts_per_million >= -kTenth && parts_per_million <= kTenth);
  const Time now = engine_.now();
  drift_ = {now, to_local(now), parts_per_million};
  wake();
}

namespace {

constexpr std::int64_t kMillion = 1'000'000;

}  // namespace

Time Host::to_local(Time world) const {
  const Duration passed = world - drift_.set_at;
  const std::int64_t ppm = drift_.parts_per_million;
  if (ppm == 0) return drift_.was + passed;
  const std::int64_t gained =
      passed.count() / kMillion * ppm + passed.count() % kMillion * ppm / kMillion;
  return drift_.was + passed + Duration(gained);
}

// The first instant at which the host's clock is not before `local`.
Time Host::to_world(Time local) const {
  const Duration passed = local - drift_.was;
  if (drift_.parts_per_million == 0) return later(drift_.set_at, passed);
  if (passed > Duration::max() / 4) return kNever;
  const std::int64_t rate = kMillion + drift_.parts_per_million;
  const std::int64_t estimate =
      passed.count() / rate * kMillion + passed.count() % rate * kMillion / rate;
  Time world = drift_.set_at + Duration(estimate);
  while (to_local(world) < local) world += Duration(1);
  return world;
}

std::size_t Host::frames_waiting() const {
  std::size_t frames = 0;
  for (const auto& attachment : attachments_) frames += attachment->device.frames_waiting();
  return frames;
}

}  // namespace strata::sim
