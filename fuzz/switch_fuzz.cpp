// SPDX-License-Identifier: Apache-2.0
// Frames behind hostile virtio headers into a switch whose ports can all, some and none of what the
// headers promise: lying segment sizes, checksums outside the frame, tags cut short. Nothing leaves
// that its port cannot carry. The input is a program: port, header, length, bytes, port, ...
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "driver/virtio_header.h"
#include "fuzz/input.h"
#include "fuzz/law.h"
#include "strata/device.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/switch.h"

using namespace strata;
using strata::driver::VirtioHeader;
using strata::fuzz::Input;
using strata::fuzz::require;

namespace {

class Port final : public Device {
 public:
  explicit Port(const DeviceCapabilities& capabilities) : capabilities_(capabilities) {}
  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool&, PacketBatch& batch) override {
    if (arriving != nullptr) batch.push(std::move(arriving));
  }
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  void transmit(PacketBatch& batch) override {
    for (const Packet* packet : batch.packets()) check(*packet);
    batch.clear();
  }
  PacketPtr arriving;

 private:
  void check(const Packet& packet) const {
    const PacketNotes& notes = packet.notes();
    if (!capabilities_.completes_checksums) require(notes.checksum != ChecksumState::kPartial);
    if (capabilities_.tcp_segment_bytes_max == 0) {
      require(notes.segment_kind == SegmentKind::kNone);
      // Options of TCP are not counted until a super-segment is cut.
      require(packet.size() <= capabilities_.mtu + 22 + 40);
    }
    std::array<std::byte, 70'000> bytes;
    const std::size_t size = std::min(packet.size(), bytes.size());
    packet.copy_out(0, std::span(bytes).first(size));
    strata::fuzz::touch(std::span(bytes).first(size));
  }
  DeviceCapabilities capabilities_;
};

struct World {
  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 256, .large_buffers = 4, .extra_descriptors = 256}};
  Port able{{.mtu = 1500,
             .completes_checksums = true,
             .tcp_segment_bytes_max = 65535,
             .udp_segment_bytes_max = 65535}};
  Port partly{{.mtu = 1500, .completes_checksums = true}};
  Port plain{{.mtu = 1400}};
  Switch bridge{memory, pool, {.addresses_max = 32, .secret = {1, 2}}};
  Time now{std::chrono::seconds(1)};

  explicit World(bool has_vlans) {
    using Vlans = std::optional<SwitchVlans>;
    (void)bridge.add_port("able", able,
                          has_vlans ? Vlans({.untagged = 1, .tagged = {10, 20}}) : std::nullopt);
    (void)bridge.add_port("partly", partly, has_vlans ? Vlans({.untagged = 10}) : std::nullopt);
    (void)bridge.add_port("plain", plain,
                          has_vlans ? Vlans({.untagged = 20, .tagged = {1}}) : std::nullopt);
  }
};

void step(World& world, Input& input) {
  const std::array<Port*, 3> ports{&world.able, &world.partly, &world.plain};
  Port& port = *ports[input.byte() % ports.size()];
  VirtioHeader header;
  const Bytes raw = input.bytes(sizeof(header));
  std::memcpy(static_cast<void*>(&header), raw.data(), raw.size());
  const std::size_t padding = input.word() % 60'000;
  const Bytes bytes = input.bytes(input.byte());
  PacketPtr packet = world.pool.allocate_for(bytes.size() + padding);
  if (packet == nullptr || bytes.empty()) return;
  const MutableBytes to = packet->append(bytes.size() + padding);
  copy_bytes(bytes, to);
  std::ranges::fill(to.subspan(bytes.size()), std::byte{0x5a});
  if (driver::take_notes(header, Medium::kEthernet, *packet)) port.arriving = std::move(packet);
  world.now += std::chrono::milliseconds(100);
  for (int i = 0; i < 4; ++i) (void)world.bridge.turn(world.now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input{strata::fuzz::as_input(data, size)};
  World world(input.flag());
  while (!input.empty()) step(world, input);
  return 0;
}
