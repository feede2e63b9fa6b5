// SPDX-License-Identifier: Apache-2.0
// Claim: losses cost what is sent again, whatever the number of flows: from one to ten thousand,
// each frame in a hundred lost, a byte that arrives costs little more than on a line that loses
// none.
#include <array>
#include <string>

#include "bench/harness/benchmark.h"
#include "bench/harness/crowd.h"
#include "strata/check.h"

namespace strata::bench {
namespace {

constexpr std::size_t kOneInAHundred = 100;
constexpr std::array<std::size_t, 5> kGrowth{1, 10, 100, 1'000, 10'000};

// Every flow sends as fast as it may, programs called back through readiness. Time is virtual, so
// that waiting costs nothing; what is measured is the work of both ends.
class Flows final : public Contestant {
 public:
  Flows(std::size_t flows, std::size_t loses_each) : crowd_(flows, Past::kFresh) {
    for (std::size_t i = 0; i < flows; ++i) {
      const auto on_writable = [this, i](Readiness) { fill(crowd_[i].client); };
      const auto on_readable = [this, i](Readiness) { drain(crowd_[i].server); };
      STRATA_CHECK(crowd_[i].client.on_ready(on_writable).has_value());
      STRATA_CHECK(crowd_[i].server.on_ready(on_readable).has_value());
      fill(crowd_[i].client);
    }
    crowd_.lose_each(loses_each);
  }
  double measure(Seconds duration) override {
    const Throughput bytes = run_for(duration, [this] { return turn(); });
    return bytes.per_second() * 8 / 1e9;
  }
  [[nodiscard]] std::vector<Detail> details() const override {
    return {{"frames lost", static_cast<double>(crowd_.lost())}};
  }

 private:
  std::uint64_t turn() {
    arrived_ = 0;
    for (int i = 0; i < 16; ++i) crowd_.turn();
    return arrived_;
  }

  void fill(TcpStream& client) {
    while (client.write(message_, crowd_.time()).value_or(0) == message_.size()) {
    }
  }

  void drain(TcpStream& server) {
    while (const auto count = server.read(buffer_, crowd_.time())) arrived_ += *count;
  }

  Crowd crowd_;
  std::uint64_t arrived_ = 0;
  std::array<std::byte, 16U << 10U> message_{};
  std::array<std::byte, 64U << 10U> buffer_{};
};

ContestantSpec contestant(const char* name, std::size_t flows, std::size_t loses_each) {
  return {name, [=]() -> Entry { return std::make_unique<Flows>(flows, loses_each); }};
}

void add_all() {
  for (const std::size_t flows : kGrowth) {
    add({.name = "tcp_loss/growth-" + std::to_string(flows),
         .unit = "Gbit/s of core time",
         .claim = "as many flows at once over a memory link of MTU 1500 that loses each hundredth "
                  "full frame, on virtual time, both ends on one core",
         .contestants = {contestant("strata, 1 % lost", flows, kOneInAHundred),
                         contestant("strata, none lost", flows, 0)},
         .point = Point{"tcp_loss/growth", "flows", static_cast<double>(flows)}});
  }
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
