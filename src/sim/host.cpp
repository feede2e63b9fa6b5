// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sim/channel.h"
#include "sim/device.h"
#include "sim/engine.h"
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
  HostExecutor(Engine& engine, std::uint32_t owner) : engine_(engine), owner_(owner) {}
  [[nodiscard]] Time now() const override { return engine_.now(); }
  void post(Task task) override { engine_.post(std::move(task), owner_); }
  TimerId start_timer(Time deadline, Task task) override {
    return engine_.start_timer(deadline, std::move(task), owner_);
  }
  bool cancel_timer(TimerId timer) override { return engine_.cancel_timer(timer); }

 private:
  Engine& engine_;
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
  CHECK(parsed.has_value());
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

Host::Host(Engine& engine, std::string name, std::uint32_t index, StackConfig config,
           const InterfaceConfig& interfaces)
    : Node(engine, std::move(name), index),
      interface_config_(interfaces),
      executor_(std::make_unique<HostExecutor>(engine, index)) {
  Result<Stack> stack = Stack::create(config);
  CHECK(stack.has_value());
  stack_.emplace(std::move(*stack));
}

// The stack goes first: it refers to its devices.
Host::~Host() { stack_.reset(); }

Executor& Host::executor() { return *executor_; }
void Host::wake() { engine_.wake(*this); }

InterfaceId Host::interface(std::size_t port) const {
  CHECK(port < attachments_.size());
  return attachments_[port]->interface;
}

Device& Host::device(std::size_t port) {
  CHECK(port < attachments_.size());
  return attachments_[port]->device;
}

Host& Host::add_address(std::string_view prefix, std::size_t port) {
  return add_address(parse_or_check<Prefix>(prefix), port);
}

Host& Host::add_address(const Prefix& prefix, std::size_t port) {
  CHECK(stack_->add_address(interface(port), prefix, engine_.now()).has_value());
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
  CHECK(stack_->add_route(route).has_value());
  return *this;
}

void Host::on_connected(Port& port) {
  attachments_.push_back(std::make_unique<Attachment>(port, engine_.config().vouches_for_bytes));
  Attachment& attachment = *attachments_.back();
  const std::string name = "eth" + std::to_string(port.number());
  InterfaceConfig config = interface_config_;
  config.name = name;
  const Result<InterfaceId> added = stack_->add_interface(attachment.device, config, engine_.now());
  CHECK(added.has_value());
  attachment.interface = *added;
  wake();
}

void Host::on_link_change(Port& /*port*/) { wake(); }

void Host::on_frame(Port& port, PacketPtr frame) {
  attachments_[port.number()]->device.arrive(std::move(frame));
  wake();
}

void Host::turn(Time now) {
  while (stack_->poll(now)) {
  }
  stack_->flush(now);
}

std::optional<Time> Host::next_deadline() const { return stack_->next_deadline(); }

std::size_t Host::frames_waiting() const {
  std::size_t frames = 0;
  for (const auto& attachment : attachments_) frames += attachment->device.frames_waiting();
  return frames;
}

}  // namespace strata::sim
