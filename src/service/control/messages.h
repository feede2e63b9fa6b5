// SPDX-License-Identifier: Apache-2.0
// The lines of the control protocol: requests, replies, and the frames of a capture.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/confine/confine.h"
#include "service/capture/captured_interface.h"
#include "service/connections/pages.h"
#include "service/devices/device_rack.h"
#include "service/explain/explain.h"
#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/reload/reload_report.h"
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
  kReload,
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

// One list of each stack, put together elsewhere.
struct ListedStack {
  std::string name;
  double uptime_s = 0;
  Page page{};
};
[[nodiscard]] std::string control_list(std::string_view list, std::span<const ListedStack> stacks);

[[nodiscard]] std::string control_devices(std::span<const DeviceRack::Slot> slots);
[[nodiscard]] std::string control_added(std::string_view interface);
[[nodiscard]] std::string control_explanation(const Explanation& explanation);
[[nodiscard]] std::string control_reloaded(const ReloadReport& report);

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

}  // namespace strata::service
