// SPDX-License-Identifier: Apache-2.0
#include "service/node.h"

#include <csignal>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "driver/own_mac.h"
#include "service/confine/confined.h"
#include "service/control/server.h"
#include "service/control/socket.h"
#include "service/log/journal.h"
#include "service/print.h"
#include "service/text_file.h"
#include "strata/permissions.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

HostedStackOptions options_of(const StackOptions& options, std::string name) {
  return with_chance({.name = std::move(name), .forward = options.forward, .tcp = options.tcp},
                     options.seed);
}

bool names_gateway(const DeviceOptions& device) {
  const auto spec = DeviceSpec::parse(device.spec);
  return spec && spec->kind == "rootless";
}

// With mtu= in the device's name the host's end agrees, and with queues= each core gets one,
// unless the name says so itself.
std::string spec_of(const DeviceOptions& options, std::uint16_t cores) {
  const auto spec = DeviceSpec::parse(options.spec);
  std::string text = options.spec;
  if (!spec) return text;
  if (options.mtu != 0 && spec->find("mtu") == nullptr) {
    text += fmt::format(",mtu={}", options.mtu);
  }
  const bool can_have_queues = spec->kind == "tap" || spec->kind == "tun";
  if (cores > 1 && can_have_queues && spec->find("queues") == nullptr) {
    text += fmt::format(",queues={}", cores);
  }
  return text;
}

// All that keeps this process from making TAP devices; nothing when it may.
std::optional<Failure> missing_permissions() {
  std::optional<Failure> missing;
  for (const Permission permission : {Permission::kTunDevice, Permission::kNetAdmin}) {
    PermissionState state = probe(permission);
    if (state.is_granted) continue;
    if (!missing) {
      missing = Failure{std::move(state.detail), std::move(state.remedy)};
    } else {
      missing->text += "; " + state.detail;
      missing->hint += "; and " + state.remedy;
    }
  }
  return missing;
}

// Devices and VLANs of the options with the names of their interfaces, until one fails.
template <typename Visit>
Outcome<void> visit_links(const StackOptions& options, std::span<const std::string> interfaces,
                          Visit visit) {
  for (std::size_t i = 0; i < options.devices.size(); ++i) {
    if (Outcome<void> done = visit(interfaces[i], options.devices[i]); !done) return done;
    for (const VlanOptions& vlan : options.devices[i].vlans) {
      Outcome<void> done = visit(name_of_vlan(interfaces[i], vlan.tags), vlan);
      if (!done) return done;
    }
  }
  return {};
}

}  // namespace

Node::Node(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Node::~Node() {
  if (cores_ != nullptr) cores_->stop();
  if (main_ != nullptr && main_->stop_dhcp()) {
    // A moment for addresses to be given back.
    constexpr Duration kFarewell = std::chrono::milliseconds(200);
    for (const Time end = real_now() + kFarewell; real_now() < end;) {
      loop_->run_once(std::chrono::milliseconds(10));
    }
  }
  // What is under way lies in the pools of stacks that end before the gateway's link.
  if (gateway_ != nullptr) gateway_->clear();
  if (cores_ != nullptr) cores_->clear();
}

Outcome<std::unique_ptr<Node>> Node::create(const StackOptions& options,
                                            const NodeChoices& choices) {
  auto loop = Loop::create({.policy = options.policy});
  if (!loop) return failed(fmt::format("no event loop: {}", to_text(loop.error())));
  std::unique_ptr<Node> node(new Node(std::move(*loop)));
  if (auto started = node->start(options, choices); !started) {
    return std::unexpected(std::move(started).error());
  }
  return node;
}

Outcome<void> Node::start(const StackOptions& options, const NodeChoices& choices) {
  log_writer_.emplace(stderr, options.log_format);
  log_ = log_writer_->log(options.log);
  // From here on a signal ends run() and everything is taken down in order.
  if (const auto caught = loop_->stop_on_signals({SIGINT, SIGTERM, SIGHUP}); !caught) {
    return failed(fmt::format("signals cannot be caught: {}", to_text(caught.error())));
  }
  if (auto checked = check_cores(options, choices); !checked) return checked;
  if (options.cores > 1) {
    cores_ = std::make_unique<Cores>(*loop_, options.cores, options.policy);
  }
  auto ports = open_devices(options, choices);
  if (!ports) return std::unexpected(std::move(ports).error());
  for (const Port& port : *ports) interfaces_.push_back(port.name);
  const HostedStackOptions hosted = options_of(options, ports->front().name);
  auto main = HostedStack::create(*loop_, hosted, *ports);
  if (!main) return std::unexpected(std::move(main).error());
  main_ = std::move(*main);
  if (cores_ != nullptr) {
    if (auto made = cores_->start_followers(*main_, hosted, *ports); !made) return made;
  }
  main_->driver().on_lost([this](InterfaceId) {
    failure_ = Failure{"a device of this stack was deleted by its host"};
    loop_->stop();
  });
  // Routers were meant for the network of a device that is not there.
  for (const IpAddress& gateway : fallback_ ? std::vector<IpAddress>{} : options.gateways) {
    if (auto added = main_->add_default_route(gateway); !added) return added;
  }
  if (gateway_ != nullptr) {
    if (auto started = start_gateway(options); !started) return started;
  }
  if (auto set = set_names(options); !set) return set;
  if (auto added = add_proxies(options); !added) return added;
  if (auto started = start_leases(options); !started) return started;
  if (!options.capture.empty()) {
    if (auto started = start_capture(options, *ports); !started) return started;
  }
  set_log(options.log);
  return start_control(options, choices);
}

Outcome<void> Node::set_names(const StackOptions& options) {
  NamesOptions names{.servers = options.dns, .search = {}, .hosts = {}};
  for (const std::string& domain : options.search) {
    if (const auto name = wire::DnsName::parse(domain)) names.search.push_back(*name);
  }
  if (!options.hosts.empty()) {
    auto text = read_text_file(options.hosts);
    if (!text) return std::unexpected(std::move(text).error());
    names.hosts = *std::move(text);
  }
  if (names.servers.empty() && gateway_ != nullptr) {
    names.servers = gateway_->dns(main_->stack());
  }
  const std::uint32_t fault = main_->resolver().configure(names);
  if (fault != 0) {
    static_cast<void>(main_->resolver().configure(names_));
    return failed(fmt::format("{}:{}: expected an address and names, as in 10.77.0.1 gateway",
                              options.hosts, fault));
  }
  names_ = std::move(names);
  return {};
}

Outcome<void> Node::add_proxies(const StackOptions& options) {
  return visit_links(options, interfaces_,
                     [this](const std::string& interface, const auto& link) -> Outcome<void> {
                       for (const IpAddress& address : link.proxies) {
                         auto added = main_->add_proxy(interface, address);
                         if (!added) return added;
                       }
                       return {};
                     });
}

Outcome<void> Node::start_leases(const StackOptions& options) {
  return visit_links(
      options, interfaces_, [&](const std::string& interface, const auto& link) -> Outcome<void> {
        if (!link.dhcp) return {};
        return main_->start_dhcp(interface,
                                 {.host_name = options.host_name, .lease_file = link.lease_file});
      });
}

Outcome<void> Node::wait_for_leases() {
  constexpr Duration kPatience = std::chrono::seconds(20);
  const Time end = real_now() + kPatience;
  while (!main_->has_leases() && !loop_->is_stopped()) {
    if (loop_->now() > end) {
      return failed(fmt::format("no DHCP server has answered within {} s",
                                kPatience / std::chrono::seconds(1)));
    }
    loop_->run_once(std::chrono::milliseconds(100));
  }
  return {};
}

Outcome<std::vector<Port>> Node::open_devices(const StackOptions& options,
                                              const NodeChoices& choices) {
  std::vector<Port> ports;
  if (options.devices.empty()) {
    auto port = open_default(options);
    if (!port) return std::unexpected(std::move(port).error());
    ports.push_back(std::move(*port));
  }
  for (const DeviceOptions& device : options.devices) {
    auto port = names_gateway(device) ? open_gateway(options, device)
                                      : open_port(device, choices.detects_duplicates);
    if (!port) return std::unexpected(std::move(port).error());
    ports.push_back(std::move(*port));
  }
  if (!options.publish.empty() && gateway_ == nullptr) {
    return failed("publish: only the rootless device has ports of the host to offer",
                  "say --device rootless, or reach the stack by its own address");
  }
  return ports;
}

Outcome<Port> Node::open_default(const StackOptions& options) {
  DeviceOptions rootless;
  rootless.spec = "rootless";
  rootless.mtu = options.default_device_mtu;
  if (!options.publish.empty()) return open_gateway(options, rootless);
  // Nobody but the host is on this link, and the host's address is known.
  auto port = open_port(default_device(options.default_device_mtu), false);
  if (port) return port;
  fallback_ = missing_permissions();
  if (fallback_) return open_gateway(options, rootless);
  // A host that has IPv6 switched off refuses fd77::1, and takes the rest.
  auto without_v6 = open_port(default_device(options.default_device_mtu, false), false);
  if (!without_v6) return port;
  warn(port.error());
  return without_v6;
}

Outcome<void> Node::check_cores(const StackOptions& options, const NodeChoices& choices) {
  if (options.cores <= 1) return {};
  if (!choices.serves_on_all_cores) {
    return failed("cores: what this verb does is done by one core", "leave it out, or set it to 1");
  }
  return {};
}

std::vector<HostedStack*> Node::stacks() {
  std::vector<HostedStack*> stacks{main_.get()};
  if (cores_ == nullptr) return stacks;
  for (const auto& follower : cores_->followers()) stacks.push_back(&follower->hosted());
  return stacks;
}

std::vector<HostedStack*> Node::watched() {
  std::vector<HostedStack*> stacks{main_.get()};
  if (gateway_ != nullptr) stacks.push_back(&gateway_->stack());
  return stacks;
}

Outcome<Port> Node::open_port(const DeviceOptions& options, bool detects_duplicates) {
  if (cores_ == nullptr) return rack_.open(options, detects_duplicates);
  const std::uint16_t cores = cores_->count();
  auto queues = open_queues(spec_of(options, cores));
  // A device that was made for one queue serves all cores by that.
  if (!queues && cores > 1) queues = open_queues(spec_of(options, 1));
  if (!queues) {
    DeviceError error = std::move(queues).error();
    return failed(std::move(error.text), std::move(error.hint));
  }
  if (queues->size() > cores) return too_many_queues(options.spec, queues->size(), cores);
  Device& opened = *queues->front();
  Port port{.name = interface_name(options.spec, opened, ++unnamed_),
            .device = &opened,
            .feeding = opened.descriptor() < 0 ? Feeding::kMustAsk : Feeding::kDescriptor,
            .addresses = options.addresses,
            .mtu = options.mtu,
            .detect_duplicates = detects_duplicates,
            .vlans = options.vlans};
  return cores_->add_port(port, std::move(*queues));
}

Outcome<Port> Node::open_gateway(const StackOptions& options, const DeviceOptions& device) {
  if (gateway_ != nullptr) return failed("one rootless device is all that a stack can have");
  if (cores_ != nullptr) {
    return failed("cores: the rootless gateway is of one core", "leave --cores out");
  }
  const HostedStackOptions chance = options_of(options, "");
  const std::vector<Prefix> inside =
      device.addresses.empty() ? std::vector{kInside4, kInside6} : device.addresses;
  const auto spec = DeviceSpec::parse(device.spec);
  const std::string* loopback = spec ? spec->find("loopback") : nullptr;
  auto gateway =
      Gateway::create(*loop_, {.reaches_loopback = loopback == nullptr || *loopback == "yes",
                               .seed = chance.seed,
                               .secret = chance.secret,
                               .inside = inside,
                               .tell = [this](const Failure& trouble) { warn(trouble); }});
  if (!gateway) return std::unexpected(std::move(gateway).error());
  gateway_ = *std::move(gateway);
  return Port{.name = "rootless",
              .device = &gateway_->device(),
              .feeding = Feeding::kSameLoop,
              .addresses = inside,
              .mtu = device.mtu,
              .detect_duplicates = false,
              .vlans = device.vlans};
}

// The gateway is the way to everywhere, and knows a resolver, unless the options say otherwise.
Outcome<void> Node::start_gateway(const StackOptions& options) {
  if (options.gateways.empty() || fallback_) {
    for (const IpAddress& gateway : {kGateway4, kGateway6}) {
      if (auto added = main_->add_default_route(gateway); !added) return added;
    }
  }
  for (const PublishOptions& port : options.publish) {
    if (auto published = gateway_->publish(port); !published) return published;
  }
  return {};
}

Outcome<void> Node::start_capture(const StackOptions& asked, std::span<const Port> ports) {
  auto filters = PacketFilters::compile(asked.capture_filter);
  if (!filters) return std::unexpected(std::move(filters).error());
  PcapWriterOptions options;
  options.wall_offset = wall_clock_offset();
  auto writer = PcapWriter::create(asked.capture, options);
  if (!writer) return failed(std::move(writer).error());
  writer_ = std::move(*writer);
  frames_.emplace(*writer_);
  for (const Port& port : ports) {
    if (const auto id = stack().find_interface(port.name)) {
      frames_->describe(*id, {port.name, port.device->capabilities().medium});
    }
  }
  capture_.emplace(*main_, cores_.get(),
                   [this](const WatchedFrame& frame) { frames_->write(frame); });
  auto watching = capture_->start(kCapturedBytesMax, asked.capture_filter.empty()
                                                         ? FrameWatch::Wanted()
                                                         : wanted_by(*std::move(filters)));
  if (!watching) return watching;
  flush_capture_later();
  return {};
}

// Whoever looks at the file while the stack runs sees what happened a second ago, and a full disk
// is told when it happens and not at the end.
void Node::flush_capture_later() {
  constexpr Duration kEvery = std::chrono::seconds(1);
  loop_->start_timer(loop_->now() + kEvery, [this] {
    if (writer_->flush()) return flush_capture_later();
    warn({writer_->failure() + "; the stack goes on without a capture"});
    capture_->stop();
  });
}

Outcome<void> Node::start_control(const StackOptions& options, const NodeChoices& choices) {
  const bool is_asked_for = !options.control.empty();
  if (!is_asked_for && !choices.has_default_control) return {};
  const std::string path = is_asked_for ? options.control : control_path_of(main_->name());
  if (path.empty()) {
    control_failure_ = Failure{"XDG_RUNTIME_DIR is not set", "give a path with --control PATH"};
    return {};
  }
  auto server = ControlServer::open(
      *loop_, path, watched(),
      {.cores = cores_.get(), .devices = cores_ == nullptr ? &rack_ : nullptr, .reload = &reload_});
  if (!server) {
    if (is_asked_for) return std::unexpected(std::move(server).error());
    control_failure_ = std::move(server).error();
    return {};
  }
  control_ = std::move(*server);
  control_path_ = path;
  return {};
}

void Node::set_log(LogLevel level) {
  log_ = log_writer_->log(level);
  if (!log_.wants(LogLevel::kWarning)) {
    journal_.reset();
  } else if (journal_ != nullptr) {
    journal_->set_log(log_);
  } else {
    journal_ = std::make_unique<Journal>(*main_, log_);
  }
}

void Node::tell(LogLevel level, const std::string& text) const {
  log_.write(level, "strata", text);
}

void Node::warn(const Failure& trouble) const {
  tell(LogLevel::kWarning, trouble.text + (trouble.hint.empty() ? "" : "; " + trouble.hint));
}

Outcome<void> Node::confine(const StackOptions& options, const runtime::ConfineOptions& manner,
                            const std::string& config) {
  if (!manner.is_wanted) return {};
  // For those who ask for a capture later, or for another device.
  PacketFilter::learn_ports();
  driver::learn_machine();
  runtime::Needs needs = needs_of(options, is_rootless());
  if (!config.empty()) add_needs_of_reload(options, config, needs);
  runtime::ConfineOptions chosen = manner;
  if (chosen.user.empty()) chosen.user = options.user;
  auto confined = Confined::begin(needs, chosen, control_path_);
  if (!confined) return std::unexpected(std::move(confined).error());
  confined_ = *std::move(confined);
  rack_.open_by([this](const std::string& spec) { return confined_->open(spec); });
  if (control_ != nullptr) {
    control_->on_confined(confined_->state(), [this] { confined_->remove_control(); });
  }
  return {};
}

void Node::run() {
  if (cores_ != nullptr) cores_->start();
  loop_->run();
  if (cores_ != nullptr) cores_->stop();
  if (writer_ != nullptr && !writer_->is_ok() && !failure_) failure_ = Failure{writer_->failure()};
  if (!capture_ || capture_->missed() == 0) return;
  warn({fmt::format("{} frames are not in the capture: cores saw them faster than one could write",
                    capture_->missed()),
        "with a filter fewer have to be written"});
}

}  // namespace strata::service
