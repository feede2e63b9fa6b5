// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "sim/middlebox/sight.h"
#include "strata/check.h"
#include "strata/rng.h"
#include "strata/sim_middlebox.h"
#include "strata/wire/udp.h"

namespace strata::sim {
namespace {

class Corruptor final : public MiddleboxRules {
 public:
  explicit Corruptor(const CorruptorConfig& config) : config_(config), rng_(config.seed) {
    STRATA_CHECK(config.every != 0);
  }

  void on_frame(Side from, PacketPtr frame, Time /*now*/, Ways& ways) override {
    if (const auto sight = look_into(*frame)) {
      const auto [begin, end] = part_of(*frame, *sight);
      // Only what has such a part counts.
      if (begin != end && ++seen_[static_cast<std::size_t>(from)] % config_.every == 0) {
        flip_one(*frame, *sight, begin, end);
      }
    }
    ways.send(other(from), std::move(frame));
  }

 private:
  [[nodiscard]] std::pair<std::size_t, std::size_t> part_of(const Packet& frame,
                                                            const FlowSight& sight) const {
    const std::size_t payload =
        sight.transport +
        (sight.is_tcp() ? sight.segment(frame).header_length() : wire::UdpLayout::kSize);
    if (config_.part == CorruptorConfig::Part::kHeader) return {sight.transport, payload};
    return {payload, sight.end};
  }

  void flip_one(Packet& frame, const FlowSight& sight, std::size_t begin, std::size_t end) {
    const std::size_t bit = static_cast<std::size_t>(rng_.below((end - begin) * 8));
    const std::size_t place = begin + bit / 8;
    const wire::Sum before = word_at(frame, sight, place);
    frame.mutable_bytes()[place] ^= static_cast<std::byte>(1U << (bit % 8));
    if (config_.mends_checksum) mend_checksum(frame, sight, before, word_at(frame, sight, place));
  }

  // The word of the transport's checksum that this byte is in.
  [[nodiscard]] static wire::Sum word_at(const Packet& frame, const FlowSight& sight,
                                         std::size_t place) {
    const std::size_t begin = place - (place - sight.transport) % 2;
    return wire::partial_sum(
        frame.bytes().subspan(begin, std::min<std::size_t>(2, sight.end - begin)));
  }

  CorruptorConfig config_;
  Rng rng_;
  std::array<std::uint64_t, 2> seen_{};
};

}  // namespace

std::unique_ptr<MiddleboxRules> make_corruptor(const CorruptorConfig& config) {
  return std::make_unique<Corruptor>(config);
}

}  // namespace strata::sim
