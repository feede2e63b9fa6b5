// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "sim/middlebox/sight.h"
#include "strata/sim_middlebox.h"
#include "strata/wire/tcp_options.h"

namespace strata::sim {
namespace {

class OptionStripper final : public MiddleboxRules {
 public:
  explicit OptionStripper(const OptionStripperConfig& config) : config_(config) {}

  void on_frame(Side from, PacketPtr frame, Time /*now*/, Ways& ways) override {
    const auto sight = look_into(*frame);
    if (sight && sight->is_tcp() && wants(sight->segment(*frame).flags())) strip(*frame, *sight);
    ways.send(other(from), std::move(frame));
  }

 private:
  [[nodiscard]] bool wants(wire::TcpFlags flags) const {
    if (!flags.syn()) return config_.on_others;
    return flags.ack() ? config_.on_syn_ack : config_.on_syn;
  }
  [[nodiscard]] bool wants(wire::TcpOptionKind kind) const {
    const auto number = static_cast<std::uint8_t>(kind);
    return config_.kinds.empty() || std::ranges::find(config_.kinds, number) != config_.kinds.end();
  }

  void strip(Packet& frame, const FlowSight& sight) const {
    const Bytes options = sight.segment(frame).options();
    const std::size_t begin = sight.transport + wire::TcpLayout::kSize;
    const MutableBytes writable = frame.mutable_bytes().subspan(begin, options.size());
    const wire::Sum before = wire::partial_sum(options);
    std::size_t at = 0;
    for (std::size_t size = 0; at < writable.size(); at += size) {
      // What is no list of options any more stays as it is.
      const wire::TcpRawOptions rest(Bytes(writable).subspan(at));
      const auto first = rest.begin();
      if (first == rest.end()) break;
      size = first->size();
      if (!wants(first->kind)) continue;
      std::ranges::fill(writable.subspan(at, size),
                        static_cast<std::byte>(wire::TcpOptionKind::kNoOperation));
    }
    mend_checksum(frame, sight, before, wire::partial_sum(writable));
  }

  OptionStripperConfig config_;
};

}  // namespace

std::unique_ptr<MiddleboxRules> make_option_stripper(const OptionStripperConfig& config) {
  return std::make_unique<OptionStripper>(config);
}

}  // namespace strata::sim
