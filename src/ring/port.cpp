// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "driver/device_kinds.h"
#include "ring/device_ring.h"
#include "ring/null_ring.h"
#include "ring/pipe_ring.h"
#include "strata/ring.h"

namespace strata::ring {
namespace {

constexpr std::size_t kLinkHeaderBytes = 22;  // Ethernet and two VLAN tags
constexpr std::size_t kMtu = 1500;

struct Wanted {
  std::size_t rx_rings;
  std::size_t tx_rings;
  std::size_t frames;
};
using Opened = std::expected<Port, DeviceError>;

// The rings of one queue are added to these.
struct Rings {
  std::vector<std::unique_ptr<RxRing>> rx;
  std::vector<std::unique_ptr<TxRing>> tx;

  void add(std::unique_ptr<Receiver> receiver, const Wanted& wanted) {
    rx.push_back(std::make_unique<RxRing>(std::move(receiver), wanted.frames));
  }
  void add(std::unique_ptr<Transmitter> transmitter, const Wanted& wanted,
           std::size_t frame_bytes) {
    tx.push_back(std::make_unique<TxRing>(std::move(transmitter), wanted.frames, frame_bytes));
  }
  [[nodiscard]] Port port() && { return {std::move(rx), std::move(tx)}; }
};

std::unexpected<DeviceError> too_many_rings(const std::string& spec, std::size_t queues) {
  return std::unexpected(DeviceError{
      "ring " + spec + ": it has " + std::to_string(queues) + " of each kind of ring at most",
      "ask for fewer, or give the device more with queues="});
}

std::size_t frame_bytes_of(const DeviceSpec& spec) {
  const std::string* mtu = spec.find("mtu");
  const auto bytes = mtu == nullptr ? std::nullopt : driver::parse_number(*mtu);
  return static_cast<std::size_t>(bytes.value_or(kMtu)) + kLinkHeaderBytes;
}

Port pipe_port(std::shared_ptr<PipeCable> cable, const Wanted& wanted, std::size_t frame_bytes) {
  Rings rings;
  if (wanted.rx_rings != 0) {
    rings.add(std::make_unique<PipeReceiver>(cable, wanted.frames), wanted);
  }
  if (wanted.tx_rings != 0) {
    rings.add(std::make_unique<PipeTransmitter>(std::move(cable)), wanted, frame_bytes);
  }
  return std::move(rings).port();
}

Opened open_pipe_port(const DeviceSpec& spec, const Wanted& wanted) {
  if (std::max(wanted.rx_rings, wanted.tx_rings) > 1) return too_many_rings("pipe:" + spec.name, 1);
  auto cable = PipeCable::open(spec.name);
  if (!cable) return std::unexpected(std::move(cable).error());
  return pipe_port(*std::move(cable), wanted, frame_bytes_of(spec));
}

Port null_port(const DeviceSpec& spec, const Wanted& wanted) {
  std::vector<std::byte> frame;
  if (const std::string* text = spec.find("frame")) {
    frame = driver::parse_hex(*text).value_or(std::vector<std::byte>{});
  }
  const std::string* count = spec.find("count");
  const std::uint64_t frames_max =
      count == nullptr ? UINT64_MAX : driver::parse_number(*count).value_or(0);
  const std::size_t frame_bytes = frame_bytes_of(spec);
  Rings rings;
  for (std::size_t i = 0; i < wanted.rx_rings; ++i) {
    rings.add(std::make_unique<NullReceiver>(frame, frames_max, wanted.frames), wanted);
  }
  for (std::size_t i = 0; i < wanted.tx_rings; ++i) {
    rings.add(std::make_unique<NullTransmitter>(wanted.frames, frame_bytes), wanted, frame_bytes);
  }
  return std::move(rings).port();
}

Port device_port(std::vector<std::shared_ptr<DeviceQueue>> queues, const Wanted& wanted) {
  Rings rings;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (i < wanted.rx_rings) {
      rings.add(std::make_unique<DeviceReceiver>(queues[i], wanted.frames), wanted);
    }
    if (i < wanted.tx_rings) {
      rings.add(std::make_unique<DeviceTransmitter>(queues[i]), wanted,
                queues[i]->frame_bytes_max());
    }
  }
  return std::move(rings).port();
}

Opened open_device_port(const std::string& spec, const Wanted& wanted) {
  auto devices = open_queues(spec);
  if (!devices) return std::unexpected(std::move(devices).error());
  if (std::max(wanted.rx_rings, wanted.tx_rings) > devices->size()) {
    return too_many_rings(spec, devices->size());
  }
  std::vector<std::shared_ptr<DeviceQueue>> queues;
  for (std::unique_ptr<Device>& device : *devices) {
    queues.push_back(DeviceQueue::make(std::move(device), wanted.frames));
  }
  return device_port(std::move(queues), wanted);
}

// The short forms, spelled out.
std::string spelled_out(const std::string& spec) {
  if (spec.starts_with("pipe{") && spec.ends_with("}")) {
    return "pipe:" + spec.substr(5, spec.size() - 6);
  }
  if (spec.size() > 1 && spec.ends_with("^")) return "tap:" + spec.substr(0, spec.size() - 1);
  return spec;
}

Opened open_port(const std::string& text, const Wanted& wanted) {
  auto spec = DeviceSpec::parse(text);
  if (!spec) return std::unexpected(std::move(spec).error());
  if (spec->kind == "pipe") return open_pipe_port(*spec, wanted);
  if (spec->kind == "null") return null_port(*spec, wanted);
  return open_device_port(text, wanted);
}

}  // namespace

std::expected<void, DeviceError> PortBuilder::check() const {
  auto spec = DeviceSpec::parse(spelled_out(spec_));
  if (!spec) return std::unexpected(std::move(spec).error());
  return {};
}

std::expected<Port, DeviceError> PortBuilder::make() const {
  auto port =
      open_port(spelled_out(spec_), {rx_rings_, tx_rings_, std::max<std::size_t>(frames_, 1)});
  if (!port || loop_ == nullptr) return port;
  for (std::size_t i = 0; i < port->rx_rings(); ++i) port->rx(i).attach(*loop_);
  for (std::size_t i = 0; i < port->tx_rings(); ++i) port->tx(i).attach(*loop_);
  return port;
}

PortBuilder Port::open(std::string spec) { return PortBuilder(std::move(spec)); }

Port Port::over(Device& device) {
  constexpr Wanted kOne{1, 1, 256};
  return device_port({DeviceQueue::over(device, kOne.frames)}, kOne);
}

std::expected<std::pair<Port, Port>, DeviceError> Port::pipe() {
  auto ends = driver::pipe::Connection::make_pair();
  if (!ends) return std::unexpected(std::move(ends).error());
  constexpr Wanted kOne{1, 1, 256};
  constexpr std::size_t kFrameBytes = kMtu + kLinkHeaderBytes;
  return std::pair(
      pipe_port(std::make_shared<PipeCable>(std::move(ends->first)), kOne, kFrameBytes),
      pipe_port(std::make_shared<PipeCable>(std::move(ends->second)), kOne, kFrameBytes));
}

}  // namespace strata::ring
