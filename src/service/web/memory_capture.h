// SPDX-License-Identifier: Apache-2.0
// MemoryCapture: a capture that somebody with the token starts, stops and takes home over HTTP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "service/capture/packet_filter.h"
#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/web/http/http_file.h"
#include "strata/hooks.h"
#include "strata/pcap.h"

// 1. The file is memory without a name: no disk is written, and it goes with the stack. At
//    kBytesMax nothing more is taken, and the capture says that it is over.
// 2. It is the front core's, and so are its frames.

namespace strata::service {

class MemoryCapture final : public Hook {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{64} << 20U;
  static constexpr std::size_t kSnapMax = 65'535;

  explicit MemoryCapture(HostedStack& host) : host_(host) {}
  ~MemoryCapture() override;
  MemoryCapture(const MemoryCapture&) = delete;
  MemoryCapture& operator=(const MemoryCapture&) = delete;

  struct State {
    bool is_active = false;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::string filter{};
  };
  [[nodiscard]] State state() const;
  // A new file; the last one goes. A snap length of 0 keeps all of each frame.
  [[nodiscard]] Outcome<void> start(const std::string& filter, std::size_t snap);
  void stop();
  // What there is so far; a failure when nothing was ever captured.
  [[nodiscard]] Outcome<HttpFile> file();

  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time now) override;

 private:
  struct Interface {
    InterfaceId id = 0;
    std::uint32_t number = 0;
    Medium medium = Medium::kEthernet;
  };
  [[nodiscard]] const Interface& interface_of(InterfaceId id);

  HostedStack& host_;
  int memory_ = -1;
  std::unique_ptr<PcapWriter> writer_;
  std::vector<Interface> interfaces_;
  std::vector<std::byte> frame_;
  PacketFilters filters_;
  std::string filter_;
  bool is_active_ = false;
};

}  // namespace strata::service
