// SPDX-License-Identifier: Apache-2.0
// The lines of the control protocol: read and written here, on both sides.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/confine/confine.h"
#include "service/capture/captured_interface.h"
#include "service/devices/device_rack.h"
#include "service/explain/explain.h"
#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/snapshot.h"
#include "strata/bytes.h"
#include "strata/device.h"
#include "strata/switch.h"

namespace strata::service {

class Cores;

// The longest packet that fits a request.
inline constexpr std::size_t kExplainedBytesMax = 1900;

enum class ControlCommand : std::uint8_t {
  kStatus,
  kCapture,
  kListDevices,
  kReplaceDevice,
  kAddDevice,
  kRemoveDevice,
  kExplain,
};

struct ControlRequest {
  ControlCommand command = ControlCommand::kStatus;
  std::string interface{};          // kReplaceDevice, kRemoveDevice, kExplain
  std::string device{};             // KIND:NAME[,key=value...]; kReplaceDevice, kAddDevice
  std::vector<Prefix> addresses{};  // kAddDevice
  std::size_t mtu = 0;              // kAddDevice; 0: the device's
  std::string filter{};             // kCapture: as PacketFilter takes it; empty: all frames
  std::size_t snap_length = 0;      // kCapture: bytes of each frame; 0: all
  std::vector<std::byte> packet{};  // kExplain
  SnapshotParts parts = SnapshotParts::all();  // kStatus: or one list,
  ListWindow window{};                         // and a page of it
};

// Every line that is written ends with a newline.
[[nodiscard]] std::string control_request(const ControlRequest& request);
[[nodiscard]] Outcome<ControlRequest> parse_control_request(std::string_view line);

[[nodiscard]] std::string control_agreement();
[[nodiscard]] std::string control_refusal(std::string_view why, std::string_view hint = {});
// With cores, the first stack is that of their front one.
[[nodiscard]] std::string control_status(std::span<HostedStack* const> stacks,
                                         Cores* cores = nullptr, const Switch* bridge = nullptr,
                                         const runtime::Confinement* confinement = nullptr,
                                         SnapshotParts parts = SnapshotParts::all(),
                                         const ListWindow& window = {});

[[nodiscard]] std::string control_devices(std::span<const DeviceRack::Slot> slots);
[[nodiscard]] std::string control_added(std::string_view interface);
[[nodiscard]] std::string control_explanation(const Explanation& explanation);

// A frame on its way from a running stack to `strata capture`.
struct CapturedFrame {
  Time time{};
  bool is_incoming = true;
  CapturedInterface interface;
  std::size_t size = 0;
  Bytes bytes;
  std::string comment{};  // empty: none
};
// The line without its last member and brace: "missed" differs from client to client.
[[nodiscard]] std::string captured_frame_head(const CapturedFrame& frame);

struct ReceivedFrame {
  std::int64_t wall_ns = 0;
  Medium medium = Medium::kEthernet;
  bool is_incoming = true;
  std::string interface;
  std::size_t size = 0;
  std::uint64_t missed = 0;
  std::vector<std::byte> bytes;
  std::string comment{};
};
[[nodiscard]] Outcome<ReceivedFrame> parse_captured_frame(std::string_view line);

// The first line of an answer: nothing, or why the stack refused.
[[nodiscard]] Outcome<void> parse_control_reply(std::string_view line);
// The devices, a line for each, or their JSON as it is.
[[nodiscard]] Outcome<std::string> render_devices(std::string_view line, bool as_json);
// The interface that a device was added as.
[[nodiscard]] Outcome<std::string> parse_control_added(std::string_view line);
// An explanation in words, a line for each decision; or its JSON as it is.
[[nodiscard]] Outcome<std::string> render_explanation(std::string_view line, bool as_json);
// The status in words, or its JSON as it is; or of each stack one list of it: "connections",
// "routes", "neighbors", "drops" or "sockets".
[[nodiscard]] Outcome<std::string> render_status(std::string_view line, bool as_json,
                                                 std::string_view part = {});

}  // namespace strata::service
